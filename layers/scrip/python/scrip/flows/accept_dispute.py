"""A provider tells how a dispute stands: write it down, freeze the order or let it go on.

One conditional write, so telling it twice, late or two at once ends the same.
"""

from typing import Protocol

from scrip.domain.dispute import Dispute
from scrip.domain.errors import OrderUnknown, PaymentMerchantMismatch
from scrip.domain.notice import DisputeNotice
from scrip.domain.order import Order
from scrip.domain.order_access import is_order_id


class Disputes(Protocol):
    def tell(self, merchant_id: str, order_id: str, dispute: Dispute, now_ms: int) -> bool: ...


class OrderFinder(Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...


def accept_dispute(
    merchant_id: str,
    notice: DisputeNotice,
    *,
    now_ms: int,
    orders: OrderFinder,
    disputes: Disputes,
) -> bool:
    """Whether it was news. Raises OrderUnknown, PaymentMerchantMismatch, StoreUnavailable."""
    if notice.merchant_id != merchant_id:
        raise PaymentMerchantMismatch("the dispute names another merchant")
    order_id = notice.order_id
    if not is_order_id(order_id):
        raise OrderUnknown("the dispute names no order of ours")
    if disputes.tell(merchant_id, order_id, notice.dispute, now_ms):
        return True
    if orders.find(merchant_id, order_id, consistent=True) is None:
        raise OrderUnknown("the dispute names no order of ours")
    return False
