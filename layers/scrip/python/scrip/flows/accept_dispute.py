"""A provider tells how a dispute stands: write it down, freeze the order or let it go on.

One conditional write, so telling it twice, late or two at once ends the same. An order of which
suppliers delivered anything is then put on the worklist, which counts it for them; told again it is
put there again, since whoever told it first may have died in between.
"""

from typing import Protocol

from scrip.domain.dispute import Dispute
from scrip.domain.errors import OrderUnknown, PaymentMerchantMismatch
from scrip.domain.notice import DisputeNotice
from scrip.domain.order import Order
from scrip.domain.order_access import is_order_id


class Disputes(Protocol):
    def tell(
        self, merchant_id: str, order_id: str, dispute: Dispute, now_ms: int
    ) -> Order | None: ...


class FollowUps(Protocol):
    def add(self, merchant_id: str, order_id: str, now_ms: int) -> bool: ...


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
    follow_ups: FollowUps,
) -> bool:
    """Whether it was news. Raises OrderUnknown, PaymentMerchantMismatch, StoreUnavailable."""
    if notice.merchant_id != merchant_id:
        raise PaymentMerchantMismatch("the dispute names another merchant")
    order_id = notice.order_id
    if not is_order_id(order_id):
        raise OrderUnknown("the dispute names no order of ours")
    told = disputes.tell(merchant_id, order_id, notice.dispute, now_ms)
    order = told or orders.find(merchant_id, order_id, consistent=True)
    if order is None:
        raise OrderUnknown("the dispute names no order of ours")
    if order.by_suppliers:
        follow_ups.add(merchant_id, order_id, now_ms)
    return told is not None
