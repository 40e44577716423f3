"""A provider reports a payment: claim the goods, close the order, then acknowledge.

Dying anywhere and running again ends the same: a claim finds itself again in its chunk, and the
order closes once. Two runs at once meet in the same writes.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from scrip.domain.errors import MoveContended, OrderUnknown, PaymentMerchantMismatch
from scrip.domain.order import (
    DeliveredOrder,
    Line,
    Order,
    OrderMoved,
    Payable,
    RefundDueOrder,
    settled_by,
)
from scrip.domain.order_access import is_order_id
from scrip.domain.payment import IgnoredNotice, Payment, PaymentNotice
from scrip.domain.stock import ChunkRef, Claim, Directory

TRIES = 8
"""Times the order may be found moved by somebody else before we ask to be sent again."""


class OrderStore(Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...
    def point(self, order: Payable, moved: Line) -> None: ...
    def close(self, seen: Payable, closed: DeliveredOrder | RefundDueOrder) -> None: ...
    def add_stray(self, order: Order, payment: Payment) -> bool: ...


class StockStore(Protocol):
    def claim(
        self,
        merchant_id: str,
        variant_id: str,
        chunk: ChunkRef,
        order_id: str,
        line: int,
        first_unit: int,
        wanted: int,
    ) -> Claim: ...
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...
    def close_chunk(self, merchant_id: str, variant_id: str, chunk: ChunkRef) -> Directory: ...


class Ending(Enum):
    """What became of a callback. All are final and acknowledged."""

    DELIVERED = "delivered"
    REFUND_DUE = "refund_due"
    DUPLICATE = "duplicate"
    STRAY = "stray"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Accepted:
    """`order` as it stands now; None when the callback was about none of ours."""

    ending: Ending
    order: Order | None = None

    @property
    def paid_to_readable_ms(self) -> int | None:
        """From the provider's word to codes that can be read, when this very call closed it."""
        order, fresh = self.order, self.ending in (Ending.DELIVERED, Ending.REFUND_DUE)
        if not fresh or not isinstance(order, DeliveredOrder | RefundDueOrder):
            return None
        return max(0, order.delivered_at_ms - order.payment.succeeded_at_ms)


def accept_payment(
    merchant_id: str,
    notice: PaymentNotice | IgnoredNotice,
    *,
    now_ms: int,
    luck: float,
    orders: OrderStore,
    stock: StockStore,
) -> Accepted:
    """`notice`: verified, and read at the address of `merchant_id`.

    Raises OrderUnknown, PaymentMerchantMismatch, PaymentAmountMismatch, PaymentCurrencyMismatch,
    MoveContended, StoreUnavailable.
    """
    if isinstance(notice, IgnoredNotice):
        return Accepted(Ending.IGNORED)
    if notice.merchant_id != merchant_id:
        raise PaymentMerchantMismatch("the payment names another merchant")
    order = (
        orders.find(merchant_id, notice.order_id, consistent=True)
        if is_order_id(notice.order_id)
        else None
    )
    if order is None:
        raise OrderUnknown("the payment names no order of ours")
    for _ in range(TRIES):
        try:
            return _settle(order, notice.payment, now_ms, luck, orders, stock)
        except OrderMoved as moved:
            order = moved.order
    raise MoveContended(order.order_id)


def _settle(
    order: Order,
    payment: Payment,
    now_ms: int,
    luck: float,
    orders: OrderStore,
    stock: StockStore,
) -> Accepted:
    if settled_by(order, payment):
        return Accepted(Ending.DUPLICATE, order)
    if not isinstance(order, Payable):
        new = orders.add_stray(order, payment)
        return Accepted(Ending.STRAY if new else Ending.DUPLICATE, order)
    order.pay(payment)  # refuses a wrong amount or currency before anything is claimed
    for line in order.lines:
        order = _claim_line(order, line, luck, orders, stock)
    closed = order.pay(payment).settle(now_ms)
    try:
        orders.close(order, closed)
    except OrderMoved as moved:
        if moved.order != closed:  # otherwise it was this very write, its answer lost and repeated
            raise
    ending = Ending.DELIVERED if isinstance(closed, DeliveredOrder) else Ending.REFUND_DUE
    return Accepted(ending, closed)


def _claim_line(
    order: Payable, line: Line, luck: float, orders: OrderStore, stock: StockStore
) -> Payable:
    """The order with all that the stock could give to this line."""
    shop, variant = order.merchant_id, line.variant_id
    while line.units_missing:
        claim = stock.claim(
            shop,
            variant,
            line.chunk,
            order.order_id,
            line.number,
            line.units_claimed,
            line.units_missing,
        )
        if claim.units:
            line = line.picked(claim.units)
            if claim.left == 0:
                stock.close_chunk(shop, variant, line.chunk)
        if line.units_missing:
            chunk = _next_chunk(shop, variant, line.chunk, luck, stock)
            if chunk is None:
                break
            line = line.pointed_at(chunk)
            orders.point(order, line)
            order = order.with_line(line)
    return order.with_line(line)


def _next_chunk(
    shop: str, variant: str, exhausted: ChunkRef, luck: float, stock: StockStore
) -> ChunkRef | None:
    """Where to claim next, None when sold out. A cheap look first; a sold-out answer is certain."""
    directory = stock.directory(shop, variant)
    if directory.lists(exhausted):
        directory = stock.close_chunk(shop, variant, exhausted)
    chunk = directory.choose(luck)
    return chunk or stock.directory(shop, variant, consistent=True).choose(luck)
