"""The worklist's look at what is done: suppliers that may take it back are asked about it again, an
hour later and the day after. Not all of them say by themselves what they took back, and a callback
may be lost. What is disputed by its buyer is counted for them here: it is read anyway."""

from typing import NamedTuple, Protocol

from scrip.domain.follow_up import Backoff
from scrip.domain.line import Fate
from scrip.domain.top_up import Due, TopUp, Unit, all_units, fate_of
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.score_attempt import Disputed, score_disputed


class TopUps(Protocol):
    def find_many(self, units: list[Unit]) -> dict[Unit, TopUp]: ...


class Queue(Protocol):
    def again(self, due: Due, delay_ms: int) -> None: ...


class AskedAbout(NamedTuple):
    """Units that are asked about now, and by what to look again."""

    queued: int = 0
    again: Backoff | None = None


def ask_about_done(
    merchant_id: str,
    order_id: str,
    *,
    now_ms: int,
    orders: OrderReader,
    top_ups: TopUps,
    queue: Queue,
    scorecards: Disputed,
) -> AskedAbout:
    """One that is not answered has its own message that asks again. Raises OrderUnknown,
    StoreUnavailable."""
    record = known_order(merchant_id, order_id, orders)
    order = record.order
    done = [unit for unit in all_units(order) if fate_of(order, unit) is Fate.DONE]
    if not done:
        return AskedAbout()
    found = top_ups.find_many(done)
    if record.disputed_at_ms:
        score_disputed(found.values(), record.disputed_at_ms, scorecards)
    queued, later = 0, []
    for unit, top_up in found.items():
        looks = top_up.looks_ms
        if looks and looks[0] <= now_ms:
            queue.again(Due(unit, hint=True), 0)
            queued += 1
        later += [at_ms for at_ms in looks if at_ms > now_ms]
    return AskedAbout(queued, Backoff((), then_ms=min(later) - now_ms) if later else None)
