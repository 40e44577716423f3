"""The outbox: an order's committed move, told to whoever follows."""

from typing import Protocol

from scrip.domain.order import OrderRecord


class MailQueue(Protocol):
    def order_ready(self, merchant_id: str, order_id: str, trace_id: str) -> None: ...


def publish_order_move(
    old: OrderRecord | None, new: OrderRecord | None, *, mail_queue: MailQueue
) -> bool:
    """Whether anybody was told. Raises StoreUnavailable; telling twice is harmless."""
    if new is None or (old is not None and old.order.state == new.order.state):
        return False
    if old is not None and old.order.readable:
        return False  # it was told when it became so
    order = new.order
    if not order.readable or not any(line.units_claimed for line in order.lines):
        return False
    mail_queue.order_ready(order.merchant_id, order.order_id, order.trace_id)
    return True
