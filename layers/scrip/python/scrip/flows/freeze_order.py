"""A shop freezes an order, or lets it go on: written down first, then done."""

from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.order import OrderRecord
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.write_down import Audit, write_down


class Freezer(Protocol):
    def freeze(self, merchant_id: str, order_id: str, *, frozen: bool) -> bool: ...


def freeze_order(
    merchant_id: str,
    order_id: str,
    asking: Asking,
    *,
    frozen: bool,
    orders: OrderReader,
    disputes: Freezer,
    audit: Audit,
) -> OrderRecord:
    """The order as it stands then: a dispute may hold it frozen still. Raises OrderUnknown,
    StoreUnavailable."""
    known_order(merchant_id, order_id, orders)
    write_down(audit, merchant_id, order_id, "frozen" if frozen else "thawed", asking)
    disputes.freeze(merchant_id, order_id, frozen=frozen)
    return known_order(merchant_id, order_id, orders)
