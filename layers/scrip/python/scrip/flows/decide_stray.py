"""A person decides what becomes of money that is held beside an order.

Written down, then decided, on condition that it is held. What follows is an errand of the worklist:
a refund is made, or the order delivered, within a minute, whoever dies where.
"""

from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.errors import MoveContended, StrayDecided, StrayUnknown
from scrip.domain.order import Order, OrderMoved, OrderRecord
from scrip.domain.outcome import Action, Stray, decisions
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.write_down import Audit, write_down

TRIES = 3


class Orders(OrderReader, Protocol):
    def decide(self, order: Order, stray: Stray, action: Action, now_ms: int) -> None: ...


def decide_stray(
    merchant_id: str,
    order_id: str,
    stray_id: str,
    action: Action,
    asking: Asking,
    *,
    orders: Orders,
    audit: Audit,
) -> OrderRecord:
    """Deciding the same again is no error. Raises OrderUnknown, StrayUnknown, StrayDecided,
    MoveContended, StoreUnavailable."""
    written = False
    for _ in range(TRIES):
        record = known_order(merchant_id, order_id, orders)
        stray = next((each for each in record.strays if each.stray_id == stray_id), None)
        if stray is None:
            raise StrayUnknown(stray_id)
        if stray.action is action:
            return record
        if stray.action is not Action.HOLD:
            raise StrayDecided(f"it is not held: {stray.action.value}")
        if action not in decisions(stray.case):
            raise StrayDecided(f"not of money that came as {stray.case.value}")
        if not written:
            write_down(
                audit, merchant_id, order_id, f"money_{action.value}", asking, stray=stray_id
            )
            written = True
        try:
            orders.decide(record.order, stray, action, asking.at_ms)
        except OrderMoved:
            continue  # decided meanwhile, perhaps by this very write
    raise MoveContended(order_id)
