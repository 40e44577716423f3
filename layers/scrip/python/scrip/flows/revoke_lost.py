"""A dispute was lost, and nobody has seen the codes: they go back on sale.

Each step is one transaction of the order and its chunks, on the condition that nobody was shown the
order's codes.
"""

from typing import Protocol

from scrip.domain.errors import MoveContended
from scrip.domain.let_go import LetGo
from scrip.domain.line import Line
from scrip.domain.order import OrderMoved, SettledOrder, lost_all
from scrip.steps.known_order import OrderReader
from scrip.steps.let_go import HoldStore, OrderFinder, let_go

TRIES = 40
"""Steps, and times that the order may be found moved by somebody else."""


class Orders(OrderFinder, OrderReader, Protocol): ...


def revoke_lost(
    merchant_id: str, order_id: str, *, now_ms: int, orders: Orders, holds: HoldStore
) -> int:
    """How many units went back. Raises MoveContended, StoreUnavailable."""
    back = 0
    for _ in range(TRIES):
        record = orders.find_record(merchant_id, order_id, consistent=True)
        if record is None or not lost_all(record) or not isinstance(record.order, SettledOrder):
            return back
        order = record.order
        line = next(filter(_unseen, order.lines), None)
        if line is None or order.revealed_at_ms != 0:
            return back
        units = line.at_once(line.units_claimed)
        move = LetGo(order, order.revoke(line.number, units))
        try:
            let_go(move, now_ms=now_ms, orders=orders, holds=holds)
        except OrderMoved:
            continue
        back += units
    raise MoveContended(order_id)


def _unseen(line: Line) -> bool:
    """A line whose bad code was replaced stays as it is."""
    return line.chunk is not None and line.units_claimed > 0 and line.swap is None
