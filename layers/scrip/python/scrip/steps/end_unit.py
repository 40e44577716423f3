"""Write into an order what became of one of its top-ups, whoever else writes of it at once."""

from typing import Protocol

from scrip.domain.errors import MoveContended
from scrip.domain.line import Fate
from scrip.domain.order import Order, OrderMoved, SettledOrder
from scrip.domain.top_up import Unit, with_fate

TRIES = 8


class UnitEnder(Protocol):
    def end_unit(
        self, seen: SettledOrder, ended: SettledOrder, now_ms: int, look_ms: int = 0
    ) -> None: ...


def end_unit(
    order: Order,
    unit: Unit,
    fate: Fate,
    receipt: str = "",
    *,
    now_ms: int,
    orders: UnitEnder,
    look_ms: int = 0,
) -> SettledOrder | None:
    """The order as it is then; None if nothing is to be written: it stands there, or something else
    that stays. `order`: as it was read. `look_ms`: until this unit is looked at again; 0: it is
    not. Raises MoveContended, StoreUnavailable."""
    for _ in range(TRIES):
        if not isinstance(order, SettledOrder):
            return None
        ended = with_fate(order, unit, fate, now_ms, receipt)
        if ended is None:
            return None
        try:
            orders.end_unit(order, ended, now_ms, look_ms)
        except OrderMoved as moved:
            order = moved.order
            continue
        return ended
    raise MoveContended(unit.order_id)
