"""The order: what was bought, and the moves it can make.

Each state is a class and each move a method, so an illegal move has no name to call:

    Pending --pay--> Paid --settle--> Delivered   (every unit was claimed)
       |               `------------> RefundDue   (stock ran out: what was claimed is delivered)
       `--expire--> Expired --pay--> Paid         (late money is honoured while stock lasts)
"""

from dataclasses import dataclass, fields, replace
from typing import ClassVar, Literal, NamedTuple, Self, TypeVar

from scrip.domain.errors import (
    PaymentAmountMismatch,
    PaymentCurrencyMismatch,
)
from scrip.domain.money import Money
from scrip.domain.payment import Payment
from scrip.domain.stock import ChunkRef, Pick, units_picked

OrderState = Literal["pending", "paid", "delivered", "expired", "refund_due"]

MAX_LINES = 20
MAX_UNITS_PER_LINE = 50
MAX_AMOUNT_MINOR = 99_999_999
"""Stripe's largest charge; also what keeps every sum far from 64 bits."""


@dataclass(frozen=True, slots=True)
class Line:
    """One variant in an order. `chunk` is where its next unit is to be claimed."""

    number: int
    variant_id: str
    quantity: int
    unit_price: Money
    chunk: ChunkRef
    picks: tuple[Pick, ...] = ()

    @property
    def total(self) -> Money:
        return self.unit_price.times(self.quantity)

    @property
    def units_claimed(self) -> int:
        return units_picked(self.picks)

    @property
    def units_missing(self) -> int:
        return self.quantity - self.units_claimed

    def picked(self, units: int) -> Self:
        """The line after claiming `units` more in the chunk it points to."""
        return replace(self, picks=(*self.picks, Pick(self.chunk, self.units_claimed, units)))

    def pointed_at(self, chunk: ChunkRef) -> Self:
        return replace(self, chunk=chunk)


_State = TypeVar("_State", bound="Order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every order knows, in whatever state.

    `payment_ref` is the provider's id of the payment opened for it (a PaymentIntent or a Checkout
    Session). `fingerprint` recognises the same request body. `trace_id`: 32 hex digits (W3C).
    """

    state: ClassVar[OrderState]
    readable: ClassVar[bool] = False

    merchant_id: str
    order_id: str
    lines: tuple[Line, ...]
    email: str
    locale: str
    payment_ref: str
    fingerprint: bytes
    trace_id: str
    placed_at_ms: int
    expires_at_ms: int

    @property
    def total(self) -> Money:
        return Money(
            sum(line.total.amount_minor for line in self.lines), self.lines[0].unit_price.currency
        )

    def with_line(self, line: Line) -> Self:
        return replace(
            self, lines=tuple(line if line.number == old.number else old for old in self.lines)
        )

    def _become(self, state: type[_State], **more: object) -> _State:
        """This order's facts under another state. Private: only moves may call it."""
        shared = {f.name: getattr(self, f.name) for f in fields(Order)}
        return state(**shared, **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable(Order):
    """An order that money can still move. Checks what was paid against what was asked."""

    def pay(self, payment: Payment) -> "PaidOrder":
        """Raises PaymentCurrencyMismatch, PaymentAmountMismatch."""
        asked, paid = self.total, payment.money
        if paid.currency != asked.currency:
            raise PaymentCurrencyMismatch(f"asked {asked.currency}, paid {paid.currency}")
        if paid.amount_minor != asked.amount_minor:
            raise PaymentAmountMismatch(f"asked {asked.amount_minor}, paid {paid.amount_minor}")
        return self._become(PaidOrder, payment=payment)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOrder(Payable):
    state = "pending"

    def opened(self, payment_ref: str) -> Self:
        """The order with the payment that was opened for it."""
        return replace(self, payment_ref=payment_ref)

    def expire(self, at_ms: int) -> "ExpiredOrder":
        if at_ms < self.expires_at_ms:
            raise ValueError(f"{self.order_id} expires at {self.expires_at_ms}, not at {at_ms}")
        return self._become(ExpiredOrder, expired_at_ms=at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredOrder(Payable):
    state = "expired"

    expired_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOrder(Order):
    """Money is there, goods not yet. Lives within one invocation for local goods."""

    state = "paid"

    payment: Payment

    def settle(self, at_ms: int) -> "DeliveredOrder | RefundDueOrder":
        """Close the order by what was claimed for it."""
        owed = sum(line.unit_price.amount_minor * line.units_missing for line in self.lines)
        if owed == 0:
            return self._become(DeliveredOrder, payment=self.payment, delivered_at_ms=at_ms)
        return self._become(
            RefundDueOrder,
            payment=self.payment,
            delivered_at_ms=at_ms,
            refund_due=Money(owed, self.total.currency),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredOrder(Order):
    state = "delivered"
    readable = True

    payment: Payment
    delivered_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDueOrder(Order):
    """Paid, and stock could not fill it. What was claimed is the buyer's; the rest goes back."""

    state = "refund_due"
    readable = True

    payment: Payment
    delivered_at_ms: int
    refund_due: Money


FAR_FUTURE_MS = 9_999_999_999_999
"""The last time with 13 digits, in 2286: places sort as text only while their length is equal."""


class OrderMoved(Exception):
    """The order is no longer as it was seen. `order` is how it stands now."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.order_id)
        self.order = order


class OrderRecord(NamedTuple):
    """An order with what else is kept of it: its place in lists, payments beyond the first."""

    order: Order
    place: str
    strays: tuple[Payment, ...]


def listing_place(placed_at_ms: int, order_id: str = "") -> str:
    """Sorts orders by the time they were placed; with an id it is the order's own."""
    return f"{placed_at_ms:013d}#{order_id}"


def settled_by(order: Order, payment: Payment) -> bool:
    """Whether this very payment already closed the order: a duplicate callback.

    Raises PaymentAmountMismatch when the provider now names another amount for the same
    transaction: that is for a human, not a duplicate.
    """
    if not isinstance(order, DeliveredOrder | RefundDueOrder):
        return False
    if order.payment.transaction_id != payment.transaction_id:
        return False
    if order.payment.money != payment.money:
        raise PaymentAmountMismatch(f"{payment.transaction_id} was closed with another amount")
    return True
