"""A person says what becomes of a refund that waits for one: made again, since its cause was
mended, or settled, since the money was given back by other means."""

from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.errors import RequestInvalid
from scrip.domain.order import Order
from scrip.domain.refund import Decision, Refund, RefundState, decided
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.write_down import Audit, write_down


class Refunds(Protocol):
    def decide(self, order: Order, refund: Refund, state: RefundState, now_ms: int) -> bool: ...


def decide_refund(
    merchant_id: str,
    order_id: str,
    refund_id: str,
    decision: Decision,
    asking: Asking,
    *,
    orders: OrderReader,
    refunds: Refunds,
    audit: Audit,
) -> RefundState:
    """What it is then. Its order is followed up at once. Raises OrderUnknown, RequestInvalid."""
    record = known_order(merchant_id, order_id, orders)
    refund = next((each for each in record.refunds if each.refund_id == refund_id), None)
    if refund is None or not refund.waits_for_a_person(asking.at_ms):
        fact = refund.state.value if refund else "not known"
        raise RequestInvalid(f"{refund_id} does not wait for a person: it is {fact}")
    act, state = f"refund_{decision.value}", decided(refund, decision)
    write_down(audit, merchant_id, order_id, act, asking, refund=refund_id)
    if not refunds.decide(record.order, refund, state, asking.at_ms):
        raise RequestInvalid(f"{refund_id} moved meanwhile: look again")
    return state
