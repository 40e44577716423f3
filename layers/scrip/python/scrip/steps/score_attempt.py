"""Count how a supplier did."""

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
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


class Disputed(Protocol):
    def add_disputed(
        self, merchant_id: str, account: str, references: AbstractSet[str], at_ms: int
    ) -> None: ...


def score_disputed(done: Iterable[TopUp], at_ms: int, scorecards: Disputed) -> None:
    """What suppliers did for an order whose payment is disputed since. Safe to repeat: each counts
    once."""
    references: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for each in done:
        references[each.unit.merchant_id, each.attempt.supplier].add(each.attempt.reference)
    for (merchant_id, account), those in references.items():
        scorecards.add_disputed(merchant_id, account, those, at_ms)
