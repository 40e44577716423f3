"""The order of an id, as it stands, with all that is kept of it."""

from typing import Protocol

from scrip.domain.errors import OrderUnknown
from scrip.domain.order import OrderRecord
from scrip.domain.order_access import is_order_id


class OrderReader(Protocol):
    def find_record(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> OrderRecord | None: ...


def known_order(
    merchant_id: str, order_id: str, orders: OrderReader, unknown: str = ""
) -> OrderRecord:
    """`order_id` may be any text; `unknown`: what to say if it is no order's. Raises OrderUnknown,
    StoreUnavailable."""
    record = (
        orders.find_record(merchant_id, order_id, consistent=True)
        if is_order_id(order_id)
        else None
    )
    if record is None:
        raise OrderUnknown(unknown or order_id)
    return record
