"""The outbox, for resellers: what they are to be told of their orders."""

from typing import Protocol

from scrip.domain.order import OrderRecord
from scrip.domain.resale_news import Telling, is_news


class Queue(Protocol):
    def later(self, telling: Telling, delay_ms: int) -> None: ...


def queue_resale_news(old: OrderRecord | None, new: OrderRecord | None, *, queue: Queue) -> bool:
    """Whether anything was queued. Raises StoreUnavailable; queueing twice is harmless."""
    if new is None or not is_news(old, new):
        return False
    queue.later(Telling(new.order.merchant_id, new.order.order_id), 0)
    return True
