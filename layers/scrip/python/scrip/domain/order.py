"""The order: what was bought, and the moves it can make.

Each state is a class and each move a method, so an illegal move has no name to call:

    Pending --pay--> Paid --settle--> Delivered   (every unit was claimed)
       |               |------------> RefundDue   (stock ran out: what was claimed is delivered)
       |               `------------> Fulfilling  (top-ups are to be charged by a supplier)
       `--expire--> Expired --pay--> Paid         (late money is honoured while stock lasts)
    Fulfilling --end_unit--> Fulfilling, Delivered, RefundDue (by the last one)
    Delivered, RefundDue --give_back--> RefundDue (units nobody saw go back on sale)
"""

from dataclasses import dataclass, fields, replace
from typing import ClassVar, Literal, NamedTuple, Self, TypeVar

from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.errors import UnitUnknown
from scrip.domain.line import DOUBTFUL, Fate, Line
from scrip.domain.money import Money
from scrip.domain.outcome import Stray
from scrip.domain.payment import Payment
from scrip.domain.refund import Refund

OrderState = Literal["pending", "paid", "fulfilling", "delivered", "expired", "refund_due"]

MAX_LINES = 20
MAX_AMOUNT_MINOR = 99_999_999
"""Stripe's largest charge; also what keeps every sum far from 64 bits."""


_State = TypeVar("_State", bound="Order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every order knows, in whatever state.

    `payment_ref`: the provider's id of the payment opened for it. `fingerprint` recognises the same
    request body. `trace_id`: 32 hex digits (W3C). `whole`: to be delivered in full or not at all.
    `tags`: by whom it counts if it held codes and was not paid. `frozen`: while its payment is
    disputed, its codes are nobody's to see and its money nobody's to move.
    """

    state: ClassVar[OrderState]

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
    whole: bool = False
    tags: tuple[str, ...] = ()
    provider: str = "stripe"
    frozen: bool = False

    @property
    def readable(self) -> bool:
        """Whether its buyer may have what was claimed for it."""
        return False

    @property
    def total(self) -> Money:
        return Money(
            sum(line.total.amount_minor for line in self.lines), self.lines[0].unit_price.currency
        )

    def line(self, number: int) -> Line:
        """Raises UnitUnknown."""
        for line in self.lines:
            if line.number == number:
                return line
        raise UnitUnknown(f"the order has no line {number}")

    def with_line(self, line: Line) -> Self:
        return replace(
            self, lines=tuple(line if line.number == old.number else old for old in self.lines)
        )

    @property
    def held(self) -> bool:
        """Whether any line is claimed before it is paid."""
        return any(line.held for line in self.lines)

    @property
    def spread(self) -> int:
        """Chunks that letting go would touch."""
        return sum(len(line.chunks) for line in self.lines if line.held or self.whole)

    @property
    def hold_missing(self) -> bool:
        """Whether units that were to be held are not claimed."""
        return any(line.held and line.units_missing for line in self.lines)

    @property
    def has_codes(self) -> bool:
        """Whether anything of it is a code, which its buyer is to be shown."""
        return any(line.has_codes for line in self.lines)

    @property
    def by_suppliers(self) -> bool:
        """Whether suppliers deliver any of it."""
        return any(line.fates for line in self.lines)

    @property
    def in_progress(self) -> bool:
        """Whether any top-up has not ended."""
        return any(Fate.OPEN in line.fates for line in self.lines)

    def _become(self, state: type[_State], **more: object) -> _State:
        """This order's facts under another state. Private: only moves may call it."""
        shared = {f.name: getattr(self, f.name) for f in fields(Order)}
        return state(**(shared | more))

    def _close(self, owed_minor: int, **facts: object) -> "ClosedOrder":
        """By what is in progress and what is owed."""
        due = Money(owed_minor, self.total.currency)
        if self.in_progress:
            return self._become(FulfillingOrder, refund_due=due, **facts)
        if owed_minor:
            return self._become(RefundDueOrder, refund_due=due, **facts)
        return self._become(DeliveredOrder, **facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable(Order):
    """An order that money can still move."""

    def pay(self, payment: Payment) -> "PaidOrder":
        """With money that covers it. What is too much will be owed."""
        asked, paid = self.total, payment.money
        if paid.currency != asked.currency or paid.amount_minor < asked.amount_minor:
            raise ValueError(f"{self.order_id} is not covered by {payment.transaction_id}")
        return self._become(PaidOrder, payment=payment)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOrder(Payable):
    state = "pending"

    def opened(self, payment_ref: str) -> Self:
        """The order with the payment that was opened for it."""
        return replace(self, payment_ref=payment_ref)

    def due(self, now_ms: int) -> bool:
        return self.expires_at_ms <= now_ms

    def expire(self, at_ms: int, *, unclosed: bool = False) -> "ExpiredOrder":
        if not self.due(at_ms):
            raise ValueError(f"{self.order_id} expires at {self.expires_at_ms}, not at {at_ms}")
        return self._end(at_ms, unclosed)

    def turn_away(self, at_ms: int) -> "ExpiredOrder":
        """Stock could not hold what was asked for: the order ends before it could be paid."""
        if not self.hold_missing:
            raise ValueError(f"{self.order_id} holds all it asked for")
        return self._end(min(at_ms, self.expires_at_ms - 1), unclosed=False)

    def _end(self, at_ms: int, unclosed: bool) -> "ExpiredOrder":
        lines = tuple(line.let_go() if line.held else line for line in self.lines)
        return self._become(ExpiredOrder, lines=lines, expired_at_ms=at_ms, unclosed=unclosed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredOrder(Payable):
    """`unclosed`: as far as is known it can still be paid at its provider."""

    state = "expired"

    expired_at_ms: int
    unclosed: bool = False

    @property
    def turned_away(self) -> bool:
        """Ended before its time, because stock could not hold it."""
        return self.expired_at_ms < self.expires_at_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOrder(Order):
    """Money is there, goods not yet. Lives within one invocation for local goods."""

    state = "paid"

    payment: Payment

    def settle(self, at_ms: int) -> "ClosedOrder":
        """Close the order by what was claimed for it, or have its top-ups begin.

        What is to be delivered in full or not at all is decided here, once, by what stock had: with
        a code missing nothing is delivered and no top-up begins. Afterwards its codes are its
        buyer's and a charge cannot be undone, so a top-up that fails is owed by itself.
        """
        missing = sum(line.unit_price.amount_minor * line.units_missing for line in self.lines)
        paid, order = self.payment.money.amount_minor, self
        owed = missing + paid - self.total.amount_minor
        if self.whole and missing:
            owed = paid
            order = replace(self, lines=tuple(line.not_begun() for line in self.lines))
        return order._close(owed, payment=self.payment, delivered_at_ms=at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledOrder(Order):
    """Paid, and all done that stock could do.

    `revealed_at_ms`: when its codes were first shown to anybody; 0: never, so far; None: orders of
    an earlier time do not say. `settled_at_ms`: when it was settled, if its top-ups ended later.
    """

    payment: Payment
    delivered_at_ms: int
    revealed_at_ms: int | None = 0
    settled_at_ms: int = 0

    @property
    def codes_at_ms(self) -> int:
        """When its codes were delivered: their keys and their terms count from then."""
        return self.settled_at_ms or self.delivered_at_ms

    def give_back(self, number: int, units: int) -> "OwingOrder":
        """The last units of a line are no longer the buyer's, and their price is owed."""
        if self.revealed_at_ms != 0:
            raise ValueError(f"{self.order_id} may have been seen")
        line = self.line(number)
        back = line.give_back(units)
        owed = self.owed_minor + line.unit_price.times(units).amount_minor
        return self.with_line(back).owe(min(owed, self.payment.money.amount_minor))

    def owe(self, amount_minor: int) -> "OwingOrder":
        """So much in all; what is claimed or in progress stays as it is."""
        if not self.owed_minor <= amount_minor <= self.payment.money.amount_minor:
            raise ValueError(f"{self.order_id} cannot come to owe {amount_minor}")
        due = Money(amount_minor, self.total.currency)
        state = FulfillingOrder if self.in_progress else RefundDueOrder
        return self._become(state, **self._settled, refund_due=due)

    def reverse_unit(self, number: int, unit: int) -> Self:
        """A supplier took back what was done. What is owed then is for its shop to say. Raises
        UnitUnknown, ValueError if it was not done."""
        line = self._top_up(number, unit)
        if line.fates[unit] not in (Fate.DONE, Fate.REVERSED):
            raise ValueError(f"top-up {unit} of line {number} is {line.fates[unit].value}")
        return self.with_line(line.with_fate(unit, Fate.REVERSED))

    def refund_unit(self, number: int, unit: int) -> "OwingOrder":
        """Of what a supplier took back, or two charged for, the price is owed. Raises UnitUnknown,
        ValueError."""
        line = self._top_up(number, unit)
        if line.fates[unit] not in (Fate.REVERSED, Fate.TWICE):
            raise ValueError(f"top-up {unit} of line {number} is {line.fates[unit].value}")
        owed = self.owed_minor + line.unit_price.amount_minor
        failed = self.with_line(line.with_fate(unit, Fate.FAILED))
        return failed.owe(min(owed, self.payment.money.amount_minor))

    def revoke(self, number: int, units: int) -> Self:
        """The last units of a line are no longer the buyer's, who has the money back already."""
        if self.revealed_at_ms != 0:
            raise ValueError(f"{self.order_id} may have been seen")
        return self.with_line(self.line(number).give_back(units))

    @property
    def doubtful(self) -> int:
        """Top-ups of such fates as a person may have to decide of once more."""
        return sum(fate in DOUBTFUL for line in self.lines for fate in line.fates)

    @property
    def owed_minor(self) -> int:
        return 0

    @property
    def _settled(self) -> dict[str, object]:
        """What every settled order knows, beside what every order does."""
        names = ("payment", "delivered_at_ms", "revealed_at_ms", "settled_at_ms")
        return {name: getattr(self, name) for name in names}

    def _top_up(self, number: int, unit: int) -> Line:
        """Raises UnitUnknown."""
        line = self.line(number)
        if not 0 <= unit < len(line.fates):
            raise UnitUnknown(f"line {number} has no top-up {unit}")
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class OwingOrder(SettledOrder):
    """One that may owe money."""

    refund_due: Money

    @property
    def owed_minor(self) -> int:
        return self.refund_due.amount_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillingOrder(OwingOrder):
    """Suppliers are at it: a top-up has not ended. What was claimed is the buyer's. It owes what
    stock could not fill and what failed so far, which may be nothing.

    `delivered_at_ms`: when it was settled, until the last top-up ends.
    """

    state = "fulfilling"

    @property
    def readable(self) -> bool:
        return True

    def end_unit(
        self, number: int, unit: int, fate: Fate, at_ms: int, receipt: str = ""
    ) -> "ClosedOrder":
        """A top-up is done, or failed and is owed; the last one closes the order. Told again,
        nothing changes. Raises UnitUnknown, ValueError if it ended otherwise."""
        line = self._top_up(number, unit)
        was = line.fates[unit]
        if was is fate is not Fate.OPEN:
            return self
        if was is not Fate.OPEN or fate not in (Fate.DONE, Fate.FAILED):
            raise ValueError(f"top-up {unit} of line {number} is {was.value}, not {fate.value}")
        owed = self.owed_minor + (line.unit_price.amount_minor if fate is Fate.FAILED else 0)
        ended = self.with_line(line.with_fate(unit, fate, receipt))
        facts = self._settled
        if not ended.in_progress:
            facts |= {"delivered_at_ms": at_ms, "settled_at_ms": self.delivered_at_ms}
        return ended._close(min(owed, self.payment.money.amount_minor), **facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredOrder(SettledOrder):
    state = "delivered"

    @property
    def readable(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDueOrder(OwingOrder):
    """Money is owed: stock could not fill it, a top-up failed, or the shop took units back. What is
    claimed is the buyer's."""

    state = "refund_due"

    @property
    def readable(self) -> bool:
        complete = not any(line.units_missing for line in self.lines)
        return not self.whole or complete or any(line.returned for line in self.lines)


ClosedOrder = DeliveredOrder | RefundDueOrder | FulfillingOrder
"""What settling comes to."""


FAR_FUTURE_MS = 9_999_999_999_999
"""The last time with 13 digits, in 2286: places sort as text only while their length is equal."""


class OrderMoved(Exception):
    """The order is no longer as it was seen. `order` is how it stands now."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.order_id)
        self.order = order


class OrderRecord(NamedTuple):
    """An order with what else is kept of it: its place in lists, money beside it, disputes, and
    refunds, oldest first. `disputed_at_ms`: of when the first news of a dispute is; 0: none."""

    order: Order
    place: str
    strays: tuple[Stray, ...]
    disputes: tuple[Dispute, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputed_at_ms: int = 0


def listing_place(placed_at_ms: int, order_id: str = "") -> str:
    """Sorts orders by the time they were placed; with an id it is the order's own."""
    return f"{placed_at_ms:013d}#{order_id}"


def placed_at_ms_of(place: str) -> int:
    return int(place.partition("#")[0])


def lost_all(record: OrderRecord) -> bool:
    """Whether a lost dispute took back all that paid for the order."""
    order = record.order
    return isinstance(order, SettledOrder) and any(
        each.state is DisputeState.LOST
        and each.of(order.payment)
        and each.money == order.payment.money
        for each in record.disputes
    )
