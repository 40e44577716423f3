"""The outbox, for what suppliers deliver: a paid order's units are looked at from now on."""

from typing import Protocol

from scrip.domain.order import FulfillingOrder, OrderRecord
from scrip.domain.top_up import Due, open_units


class Queue(Protocol):
    def again(self, due: Due, delay_ms: int) -> None: ...


def queue_top_ups(old: OrderRecord | None, new: OrderRecord | None, *, queue: Queue) -> int:
    """How many units were queued. Raises StoreUnavailable; queueing twice is harmless."""
    if new is None or not isinstance(new.order, FulfillingOrder):
        return 0
    if old is not None and isinstance(old.order, FulfillingOrder):
        return 0
    units = open_units(new.order)
    for unit in units:
        queue.again(Due(unit), 0)
    return len(units)
