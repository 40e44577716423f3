"""How a supplier does: what became of orders sent to it, and how long that took.

Waiting times are counted in steps that grow, so that a day is a handful of numbers to add up and a
percentile is right to within a step.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from scrip.domain.supplier_terms import DAY_MS

STEPS_MS = (
    *(1_000, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 45_000),
    *(60_000, 120_000, 180_000, 300_000, 600_000, 1_200_000, 1_800_000, 3_600_000),
    *(7_200_000, 14_400_000, 28_800_000, 86_400_000),
)
"""Upper ends. What takes longer than the last counts as that."""

SPANS_DAYS = (1, 7, 30)


class Ending(Enum):
    """What became of an attempt, each counted on the day on which it did."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Handed to a person."""
    REVERSED = "reversed"
    DISPUTED = "disputed"
    """Done, and then its buyer disputed the payment, on that day."""


class Scorecard(NamedTuple):
    """Counts of some days. `waits`: attempts done or failed, by the step they ended within."""

    ended: Mapping[Ending, int]
    waits: Mapping[int, int]

    @property
    def attempts(self) -> int:
        return sum(self.ended.get(each, 0) for each in (Ending.DONE, Ending.FAILED, Ending.UNKNOWN))

    def share(self, ending: Ending) -> float | None:
        """Of all attempts that came to an end or to a person, from 0 to 1. None: there were
        none."""
        return self.ended.get(ending, 0) / self.attempts if self.attempts else None

    def within_ms(self, percent: int) -> int | None:
        """So many of a hundred ended within this time. None: none ended."""
        left = -(-sum(self.waits.values()) * percent // 100)
        for step in range(len(STEPS_MS)):
            left -= self.waits.get(step, 0)
            if left <= 0 and self.waits:
                return STEPS_MS[step]
        return None


def step_of(took_ms: int) -> int:
    return min(bisect_left(STEPS_MS, took_ms), len(STEPS_MS) - 1)


def day_of(at_ms: int) -> int:
    """Days since 1970, in UTC."""
    return at_ms // DAY_MS


def added(scorecards: Iterable[Scorecard]) -> Scorecard:
    ended: Counter[Ending] = Counter()
    waits: Counter[int] = Counter()
    for each in scorecards:
        ended.update(each.ended)
        waits.update(each.waits)
    return Scorecard(ended, waits)
