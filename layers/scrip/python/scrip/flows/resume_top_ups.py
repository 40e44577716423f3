"""The worklist's look at an order whose units suppliers deliver: what should have been looked at
long ago is queued again, what waits for a person is told of, and its buyer that codes of it can be
read already, once that takes long."""

from typing import NamedTuple, Protocol

from scrip.domain.attempt import AttemptState
from scrip.domain.follow_up import (
    DAILY,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SAFETY_NET_MS,
    Backoff,
)
from scrip.domain.order import FulfillingOrder
from scrip.domain.resale import is_resale
from scrip.domain.top_up import Due, TopUp, TopUpMoved, Unit, open_units
from scrip.steps.known_order import OrderReader, known_order

OVERDUE_MS = 30 * MINUTE_MS
"""Since it was last heard of, longer than any wait: its message is surely lost, or in the
dead-letter queue. If it is not, it finds that the unit has moved on."""

BACKOFF = Backoff(((2 * HOUR_MS, 20 * MINUTE_MS),), then_ms=HOUR_MS)


class TopUps(Protocol):
    def find_many(self, units: list[Unit]) -> dict[Unit, TopUp]: ...
    def save(self, top_up: TopUp) -> TopUp: ...


class Queue(Protocol):
    def again(self, due: Due, delay_ms: int) -> None: ...


class MailQueue(Protocol):
    def order_ready(self, merchant_id: str, order_id: str, trace_id: str) -> None: ...


class Resumed(NamedTuple):
    """Units queued again, units that wait for a person, and by what to look again."""

    queued: int = 0
    waiting: int = 0
    again: Backoff | None = None


def resume_top_ups(
    merchant_id: str,
    order_id: str,
    *,
    now_ms: int,
    orders: OrderReader,
    top_ups: TopUps,
    queue: Queue,
    mail_queue: MailQueue,
) -> Resumed:
    """Raises OrderUnknown, StoreUnavailable."""
    order = known_order(merchant_id, order_id, orders).order
    if not isinstance(order, FulfillingOrder):
        return Resumed()
    if _to_tell(order, now_ms):
        mail_queue.order_ready(merchant_id, order_id, order.trace_id)
    units = open_units(order)
    found = top_ups.find_many(units)
    waiting = [
        unit for unit in units if unit in found and found[unit].attempt.state is AttemptState.MANUAL
    ]
    queued = 0
    for unit in units:
        if unit in waiting or (unit not in found and order.frozen):
            continue
        due = _overdue(unit, found.get(unit), now_ms, top_ups)
        if due:
            queue.again(due, 0)
            queued += 1
    return Resumed(queued, len(waiting), DAILY if len(waiting) == len(units) else BACKOFF)


def _to_tell(order: FulfillingOrder, now_ms: int) -> bool:
    """Whether its buyer waits for codes that are there. Telling twice is harmless: for a day, so
    that one who could not be told for hours is, and the mark of the mail outlives it."""
    waited_ms = now_ms - order.delivered_at_ms
    codes = any(line.units_claimed for line in order.lines)
    in_time = SAFETY_NET_MS <= waited_ms < DAY_MS
    return codes and in_time and not order.frozen and not is_resale(order)


def _overdue(unit: Unit, top_up: TopUp | None, now_ms: int, top_ups: TopUps) -> Due | None:
    """What to queue. It is written down once more, so that its message, if it comes after all, is
    void."""
    if top_up is None:
        return Due(unit)
    if now_ms <= top_up.moved_at_ms + OVERDUE_MS:
        return None
    try:
        return Due(unit, top_ups.save(top_up).version)
    except TopUpMoved:
        return None
