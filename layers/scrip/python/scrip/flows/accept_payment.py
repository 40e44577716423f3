"""A provider reports a payment: claim the goods, close the order, then acknowledge.

Money that is not for the order as it stands is set beside it (`domain/outcome.py`).

Dying anywhere and running again ends the same: a claim finds itself again in its chunk, and the
order closes once. Two runs at once meet in the same writes.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from scrip.domain.errors import MoveContended, PaymentMerchantMismatch
from scrip.domain.let_go import LetGo
from scrip.domain.merchant import Merchant
from scrip.domain.notice import PaymentNotice
from scrip.domain.order import (
    ClosedOrder,
    Order,
    OrderMoved,
    OrderRecord,
    Payable,
    SettledOrder,
)
from scrip.domain.outcome import CHOICES, Action, Case, Stray, action_for, has_choice
from scrip.domain.payment import Payment
from scrip.domain.payment_case import case_of, decided_to_deliver
from scrip.steps.claim import Chunks, OrderPointers, claim_lines
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.let_go import HoldStore, let_go

UNKNOWN = "the payment names no order of ours"

TRIES = 8
"""Times the order may be found moved by somebody else before we ask to be sent again."""


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class OrderStore(OrderPointers, OrderReader, Protocol):
    def close(self, seen: Payable, closed: ClosedOrder) -> None: ...
    def add_stray(self, order: Order, stray: Stray, now_ms: int) -> None: ...


class Ending(Enum):
    """What became of a payment that was told. All are final and acknowledged."""

    DELIVERED = "delivered"
    FULFILLING = "fulfilling"
    REFUND_DUE = "refund_due"
    DUPLICATE = "duplicate"
    STRAY = "stray"


READABLE = (Ending.DELIVERED, Ending.REFUND_DUE)
CLOSED = (*READABLE, Ending.FULFILLING)


@dataclass(frozen=True, slots=True)
class Accepted:
    """`order` as it stands now. `stray`: the money that was set beside it by this very call."""

    ending: Ending
    order: Order
    stray: Stray | None = None

    @property
    def sold_out(self) -> bool:
        """Whether stock could not fill what was paid for. Money is also due for paying too much."""
        return self.ending in CLOSED and any(line.units_missing for line in self.order.lines)

    @property
    def paid_to_readable_ms(self) -> int | None:
        """From the provider's word to codes that can be read, when this very call closed it."""
        order = self.order
        if self.ending not in READABLE or not isinstance(order, SettledOrder):
            return None
        return max(0, order.delivered_at_ms - order.payment.succeeded_at_ms)


def accept_payment(
    merchant_id: str,
    notice: PaymentNotice,
    *,
    now_ms: int,
    luck: float,
    merchants: Merchants,
    orders: OrderStore,
    stock: Chunks,
    holds: HoldStore,
) -> Accepted:
    """`notice`: verified, and read at the address of `merchant_id`.

    Raises OrderUnknown, PaymentMerchantMismatch, MoveContended, StoreUnavailable.
    """
    if notice.merchant_id != merchant_id:
        raise PaymentMerchantMismatch("the payment names another merchant")
    for _ in range(TRIES):
        record = known_order(merchant_id, notice.order_id, orders, UNKNOWN)
        try:
            return _settle(record, notice.payment, now_ms, luck, merchants, orders, stock, holds)
        except OrderMoved:
            continue
    raise MoveContended(notice.order_id)


def _settle(
    record: OrderRecord,
    payment: Payment,
    now_ms: int,
    luck: float,
    merchants: Merchants,
    orders: OrderStore,
    stock: Chunks,
    holds: HoldStore,
) -> Accepted:
    order, case = record.order, case_of(record, payment)
    if case is Case.REPEATED:
        return Accepted(Ending.DUPLICATE, order)
    action = _action(record, payment, case, merchants)
    if action is not Action.DELIVER or not isinstance(order, Payable):
        stray = Stray(payment, case, action)
        orders.add_stray(order, stray, now_ms)
        return Accepted(Ending.STRAY, order, stray)
    return _deliver(order, payment, now_ms, luck, orders, stock, holds)


def _action(record: OrderRecord, payment: Payment, case: Case, merchants: Merchants) -> Action:
    """What a person decided of this very money, if the order still allows it; else the merchant."""
    if decided_to_deliver(record, payment) and Action.DELIVER in CHOICES[case]:
        return Action.DELIVER
    policy = merchants.get(record.order.merchant_id).payment_policy if has_choice(case) else {}
    return action_for(case, policy)


def _deliver(
    order: Payable,
    payment: Payment,
    now_ms: int,
    luck: float,
    orders: OrderStore,
    stock: Chunks,
    holds: HoldStore,
) -> Accepted:
    order = claim_lines(order, order.lines, now_ms=now_ms, luck=luck, orders=orders, stock=stock)
    closed = order.pay(payment).settle(now_ms)
    try:
        if LetGo(order, closed).lines:
            let_go(LetGo(order, closed), now_ms=now_ms, orders=orders, holds=holds)
        else:
            orders.close(order, closed)
    except OrderMoved as moved:
        if moved.order != closed:  # otherwise it was this very write, its answer lost and repeated
            raise
    return Accepted(Ending(closed.state), closed)
