"""Take back what nobody has seen: delivered units go back on sale, and their price is owed.

Each step is one transaction of the order and its chunks, on the condition that nobody was shown the
order's codes; showing them is a write on the same order. So a code is either seen or sold again.
"""

from scrip.domain.asking import Asking
from scrip.domain.errors import (
    CodeReplaced,
    CodesRevealed,
    MoveContended,
    OrderFrozen,
    OrderNotReadable,
    OrderUnknown,
    UnitUnknown,
)
from scrip.domain.let_go import LetGo
from scrip.domain.order import OrderMoved, OwingOrder, SettledOrder
from scrip.steps.let_go import HoldStore, OrderFinder, let_go
from scrip.steps.write_down import Audit, write_down

TRIES = 8
"""Steps, and times that the order may be found moved by somebody else."""


def return_codes(
    merchant_id: str,
    order_id: str,
    line_number: int,
    units: int | None,
    asking: Asking,
    *,
    orders: OrderFinder,
    holds: HoldStore,
    audit: Audit,
) -> OwingOrder:
    """`units`: how many of the line are to be back in the end, counting those that are; None: all.

    Raises OrderUnknown, OrderNotReadable, OrderFrozen, UnitUnknown, CodesRevealed, CodeReplaced,
    MoveContended, StoreUnavailable.
    """
    written = False
    for _ in range(TRIES):
        order = _settled(merchant_id, order_id, orders)
        line = order.line(line_number)
        if line.chunk is None:
            raise UnitUnknown("nothing of this line was taken from stock")
        delivered = line.units_claimed + line.returned
        wanted = delivered if units is None else units
        if not 0 < wanted <= delivered:
            raise UnitUnknown(f"{delivered} units of this line were delivered")
        if wanted <= line.returned and isinstance(order, OwingOrder):
            return order
        if line.swap is not None:
            raise CodeReplaced("a line with a replaced code stays as it is")
        if order.revealed_at_ms != 0:
            raise CodesRevealed("only codes that nobody was shown go back on sale")
        if not written:
            write_down(
                audit,
                merchant_id,
                order_id,
                "returned",
                asking,
                line=line_number,
                units=wanted,
            )
            written = True
        back = line.at_once(wanted - line.returned)
        move = LetGo(order, order.give_back(line_number, back))
        try:
            let_go(move, now_ms=asking.at_ms, orders=orders, holds=holds)
        except OrderMoved:
            continue  # somebody took it back or looked at it meanwhile, or it was this very write
    raise MoveContended(order_id)


def _settled(merchant_id: str, order_id: str, orders: OrderFinder) -> SettledOrder:
    order = orders.find(merchant_id, order_id, consistent=True)
    if order is None:
        raise OrderUnknown(order_id)
    if not isinstance(order, SettledOrder) or not order.readable:
        raise OrderNotReadable(f"the order is {order.state}")
    if order.frozen:
        raise OrderFrozen("nothing of it moves while its payment is in question")
    return order
