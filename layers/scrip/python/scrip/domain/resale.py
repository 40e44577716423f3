"""Orders that a reseller placed: which they are, what pays for them, what the reseller is told."""

from enum import Enum
from typing import NamedTuple

from scrip.domain.line import Line
from scrip.domain.order import FulfillingOrder, Order, SettledOrder
from scrip.domain.payment import Payment
from scrip.domain.refund import RefundRequest
from scrip.domain.reseller import Entry, Movement

PREPAID = "prepaid"
"""The provider of their payments: the reseller's own balance."""

NO_MAILBOX = "resale.invalid"
"""Who buys there is not known here. A domain that never is one (RFC 2606): nothing can be sent."""


def is_resale(order: Order) -> bool:
    return order.provider == PREPAID


class Placed(NamedTuple):
    """By whom, and under which reference of its own."""

    reseller_id: str
    reference: str

    @property
    def payment_ref(self) -> str:
        return f"{self.reseller_id}#{self.reference}"

    @property
    def key(self) -> str:
        """What the order's id derives from. With spaces: no Idempotency-Key of a storefront has
        any."""
        return f"resale {self.reseller_id} {self.reference}"

    @property
    def email(self) -> str:
        return f"{self.reseller_id}@{NO_MAILBOX}"


def placed_as(payment_ref: str) -> Placed:
    reseller_id, _, reference = payment_ref.partition("#")
    return Placed(reseller_id, reference)


def taken(
    merchant_id: str, order_id: str, payment_ref: str, amount_minor: int, at_ms: int
) -> Entry:
    """What an order takes from its reseller's balance."""
    placed = placed_as(payment_ref)
    return Entry(
        merchant_id,
        placed.reseller_id,
        Movement.ORDER,
        order_id,
        -amount_minor,
        at_ms,
        placed.reference,
    )


def given_back(request: RefundRequest, at_ms: int) -> Entry:
    """What a refund puts back on the balance."""
    placed = placed_as(request.payment_ref)
    return Entry(
        request.merchant_id,
        placed.reseller_id,
        Movement.REFUND,
        request.refund_id,
        request.money.amount_minor,
        at_ms,
        placed.reference,
    )


def paid_by(order: Order) -> Payment:
    """What was taken from the balance, in the write that placed the order."""
    return Payment(
        PREPAID, order.order_id, order.total, live=True, succeeded_at_ms=order.placed_at_ms
    )


class ResaleState(Enum):
    """`PARTLY`: some units are delivered, the price of the others is given back."""

    UNDERWAY = "underway"
    DELIVERED = "delivered"
    PARTLY = "partly"
    FAILED = "failed"


class Reason(Enum):
    """Why not all of it is delivered."""

    SOLD_OUT = "sold_out"
    NOT_CHARGED = "not_charged"
    REVERSED = "reversed"
    GIVEN_BACK = "given_back"


def state_of(order: Order) -> ResaleState:
    line = the_line(order)
    if not isinstance(order, SettledOrder) or isinstance(order, FulfillingOrder):
        return ResaleState.UNDERWAY
    delivered = units_delivered(order)
    if delivered == line.quantity:
        return ResaleState.DELIVERED
    return ResaleState.PARTLY if delivered else ResaleState.FAILED


def reason_of(order: Order) -> Reason | None:
    line = the_line(order)
    if state_of(order) in (ResaleState.UNDERWAY, ResaleState.DELIVERED):
        return None
    if line.fates:
        return Reason.NOT_CHARGED if line.units_failed else Reason.REVERSED
    return Reason.GIVEN_BACK if line.returned else Reason.SOLD_OUT


def units_delivered(order: Order) -> int:
    line = the_line(order)
    if line.fates:
        return line.units_charged
    return line.units_claimed if isinstance(order, SettledOrder) and order.readable else 0


def the_line(order: Order) -> Line:
    """A reseller's order has one."""
    [line] = order.lines
    return line
