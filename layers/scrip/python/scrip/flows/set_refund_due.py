"""A shop says what an order shall give back in the end: unseen units go back on sale, the rest is
owed. Refunds follow by themselves.

Each step is one conditional write, decided by the order as it stands then. So dying between two of
them and wishing again ends the same, and so do two wishes at once.
"""

from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.errors import MoveContended, OrderFrozen, OrderNotReadable
from scrip.domain.let_go import LetGo
from scrip.domain.order import Order, OrderMoved, OrderRecord, OwingOrder, SettledOrder
from scrip.domain.refund_wish import RefundWish
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.let_go import HoldStore, let_go
from scrip.steps.write_down import Audit, write_down

TRIES = 100
"""Steps, and times that the order may be found moved by somebody else: a line of units from many
chunks takes some steps."""


class OrderStore(OrderReader, Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...


class Refunds(Protocol):
    def owe(self, seen: SettledOrder, owing: OwingOrder, now_ms: int) -> bool: ...


def set_refund_due(
    merchant_id: str,
    order_id: str,
    wish: RefundWish,
    asking: Asking,
    *,
    orders: OrderStore,
    holds: HoldStore,
    refunds: Refunds,
    audit: Audit,
) -> OrderRecord:
    """Raises OrderUnknown, OrderNotReadable, OrderFrozen, RequestInvalid, UnitUnknown,
    MoveContended, StoreUnavailable."""
    written = False
    for _ in range(TRIES):
        record, order = _settled(merchant_id, order_id, orders)
        wish.check(order)
        back, owed = wish.to_return(order), wish.owed(order)
        if back is None and owed == order.owed_minor:
            return record
        if not written:
            write_down(audit, merchant_id, order_id, "refund_due", asking, owed_minor=owed)
            written = True
        if back is None:
            refunds.owe(order, order.owe(owed), asking.at_ms)
            continue
        line, units = back
        try:
            let_go(
                LetGo(order, order.give_back(line.number, units)),
                now_ms=asking.at_ms,
                orders=orders,
                holds=holds,
            )
        except OrderMoved:
            continue  # somebody took it back or looked at it meanwhile, or it was this very write
    raise MoveContended(order_id)


def _settled(
    merchant_id: str, order_id: str, orders: OrderStore
) -> tuple[OrderRecord, SettledOrder]:
    record = known_order(merchant_id, order_id, orders)
    order = record.order
    if not isinstance(order, SettledOrder):
        raise OrderNotReadable(f"the order is {order.state}")
    if order.frozen:
        raise OrderFrozen("nothing of it moves while its payment is in question")
    return record, order
