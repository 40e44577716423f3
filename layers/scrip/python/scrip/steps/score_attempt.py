"""Count how a supplier did."""

from typing import Protocol

from scrip.domain.attempt import Attempt, AttemptState
from scrip.domain.scorecard import Ending
from scrip.domain.top_up import TopUp

ENDINGS = {
    AttemptState.DONE: Ending.DONE,
    AttemptState.FAILED: Ending.FAILED,
    AttemptState.MANUAL: Ending.UNKNOWN,
    AttemptState.REVERSED: Ending.REVERSED,
}


class Scorecards(Protocol):
    def add(
        self, merchant_id: str, account: str, ending: Ending, took_ms: int | None, now_ms: int
    ) -> None: ...


def score_attempt(seen: Attempt, kept: TopUp, *, now_ms: int, scorecards: Scorecards) -> None:
    """If this run made something of it. Others that wrote the same at once counted it themselves,
    or it counts twice: nobody is paid by it."""
    attempt = kept.attempt
    ending = ENDINGS.get(attempt.state)
    if ending is None or seen.state is attempt.state:
        return
    ended = attempt.sends > 0 and ending in (Ending.DONE, Ending.FAILED)
    took_ms = now_ms - attempt.sent_at_ms if ended else None
    scorecards.add(kept.unit.merchant_id, attempt.supplier, ending, took_ms, now_ms)
