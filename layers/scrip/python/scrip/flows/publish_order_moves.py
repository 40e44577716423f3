"""The outbox: an order's committed move, told to whoever follows."""

from typing import Protocol

from scrip.domain.order import Order, OrderRecord
from scrip.domain.resale import is_resale


class MailQueue(Protocol):
    def order_ready(self, merchant_id: str, order_id: str, trace_id: str) -> None: ...


def publish_order_move(
    old: OrderRecord | None, new: OrderRecord | None, *, mail_queue: MailQueue
) -> bool:
    """Whether anybody was told. Raises StoreUnavailable; telling twice is harmless."""
    if new is None or not _ready(new.order) or (old is not None and _ready(old.order)):
        return False
    order = new.order
    mail_queue.order_ready(order.merchant_id, order.order_id, order.trace_id)
    return True


def _ready(order: Order) -> bool:
    """Whether its buyer is to know what came of it: all of it has ended, and there was something
    to deliver. Its codes can be read before, while suppliers are at its top-ups."""
    if is_resale(order):
        return False  # who bought there is not known here
    something = any(line.units_claimed or line.fates for line in order.lines)
    return order.readable and something and not order.in_progress
