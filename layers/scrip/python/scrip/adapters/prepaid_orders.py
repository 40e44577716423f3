"""Orders paid ahead: placed, and paid from the balance, in one transaction."""

from scrip.adapters.order_items import new_item
from scrip.adapters.orders import Orders
from scrip.adapters.reseller_book import Book
from scrip.adapters.tables import Table, encode_item
from scrip.domain.order import Order, PendingOrder
from scrip.domain.resale import taken


class PrepaidOrders(Orders):
    def __init__(self, table: Table, book: Book) -> None:
        super().__init__(table)
        self.book = book

    def place(self, order: PendingOrder) -> Order:
        """The order as it stands: this one, or the one placed before under the same id. Either way
        it is paid for once. Raises BalanceInsufficient: then there is no order."""
        put = {
            "TableName": self.table.name,
            "Item": encode_item(new_item(order)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        entry = taken(
            order.merchant_id,
            order.order_id,
            order.payment_ref,
            order.total.amount_minor,
            order.placed_at_ms,
        )
        if self.book.write(entry, {"Put": put}):
            return order
        found = self.find(order.merchant_id, order.order_id, consistent=True)
        if found is None:
            raise LookupError(f"{order.order_id} was paid for and is gone")
        return found
