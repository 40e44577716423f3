"""A shop freezes an order, or lets it go on: written down first, then done."""

from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.errors import OrderUnknown
from scrip.domain.order import OrderRecord
from scrip.steps.write_down import Audit, write_down


class Freezer(Protocol):
    def freeze(self, merchant_id: str, order_id: str, *, frozen: bool) -> bool: ...


class Orders(Protocol):
    def find_record(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> OrderRecord | None: ...


def freeze_order(
    merchant_id: str,
    order_id: str,
    asking: Asking,
    *,
    frozen: bool,
    orders: Orders,
    disputes: Freezer,
    audit: Audit,
) -> OrderRecord:
    """The order as it stands then: a dispute may hold it frozen still. Raises OrderUnknown,
    StoreUnavailable."""
    _find(merchant_id, order_id, orders)
    write_down(audit, merchant_id, order_id, "frozen" if frozen else "thawed", asking)
    disputes.freeze(merchant_id, order_id, frozen=frozen)
    return _find(merchant_id, order_id, orders)


def _find(merchant_id: str, order_id: str, orders: Orders) -> OrderRecord:
    record = orders.find_record(merchant_id, order_id, consistent=True)
    if record is None:
        raise OrderUnknown(order_id)
    return record
