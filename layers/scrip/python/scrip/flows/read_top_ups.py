"""What suppliers deliver of an order, with all that a person needs who must decide of it."""

from typing import NamedTuple, Protocol

from scrip.domain.order import OrderRecord
from scrip.domain.top_up import TopUp, Unit, all_units
from scrip.steps.known_order import OrderReader, known_order


class TopUps(Protocol):
    def find_many(self, units: list[Unit]) -> dict[Unit, TopUp]: ...


class OrderTopUps(NamedTuple):
    """`units`: all of the order's, each with what is kept of it; None: it was not begun."""

    record: OrderRecord
    units: dict[Unit, TopUp | None]


def read_top_ups(
    merchant_id: str, order_id: str, *, orders: OrderReader, top_ups: TopUps
) -> OrderTopUps:
    """Raises OrderUnknown, StoreUnavailable."""
    record = known_order(merchant_id, order_id, orders)
    units = all_units(record.order)
    found = top_ups.find_many(units)
    return OrderTopUps(record, {unit: found.get(unit) for unit in units})
