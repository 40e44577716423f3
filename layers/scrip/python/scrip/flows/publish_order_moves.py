"""The outbox: an order's committed move, told to whoever follows."""

from typing import Protocol

from scrip.domain.order import Order


class MailQueue(Protocol):
    def order_ready(self, merchant_id: str, order_id: str, trace_id: str) -> None: ...


def publish_order_move(old: Order | None, new: Order | None, *, mail_queue: MailQueue) -> bool:
    """Whether anybody was told. Raises StoreUnavailable; telling twice is harmless."""
    if new is None or (old is not None and old.state == new.state):
        return False
    if old is not None and old.readable:
        return False  # it was told when it became so
    if not new.readable or not any(line.units_claimed for line in new.lines):
        return False
    mail_queue.order_ready(new.merchant_id, new.order_id, new.trace_id)
    return True
