"""Orders after their delivery: looked up by the codes they hold."""

from collections.abc import Mapping, Sequence

from scrip.adapters.order_items import order_key, order_of
from scrip.adapters.tables import Table
from scrip.domain.order import Order


class DeliveredOrders:
    def __init__(self, table: Table) -> None:
        self.table = table

    def several(self, merchant_id: str, order_ids: Sequence[str]) -> Mapping[str, Order]:
        """The orders that exist, by id."""
        keys = [order_key(merchant_id, each) for each in order_ids]
        found = map(order_of, self.table.get_many(keys))
        return {order.order_id: order for order in found}
