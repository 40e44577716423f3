"""How fast stock sells, and how long it lasts: told from a few levels, at no cost to an order.

What is neither on sale any more nor taken off sale was sold. So the difference of two levels tells
how much was sold between them. Days on which nothing changed have no level of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from scrip.domain.day import DAY_MS

WEEK_MS = 7 * DAY_MS
KEPT_MS = 30 * DAY_MS


class Level(NamedTuple):
    """At a moment: codes on sale; codes that ever were; codes that ended before they were sold;
    batches that were recalled; codes in stock that are not on offer."""

    at_ms: int
    available: int
    imported: int
    expired: int
    recalls: int = 0
    kept: int = 0

    @property
    def day(self) -> int:
        return self.at_ms // DAY_MS

    def sold_since(self, old: "Level") -> int:
        """Codes sold between, or held at the moment. Never less than none: levels are read without
        locking."""
        came = self.imported - old.imported
        gone = old.available + old.kept - self.available - self.kept + came
        return max(0, gone - (self.expired - old.expired))


class ShelfLevel(NamedTuple):
    """Codes on sale that end on the same day, and those not on offer; `until_ms` 0: never."""

    until_ms: int
    available: int
    kept: int = 0


@dataclass(frozen=True, slots=True)
class SalesRate:
    """So many codes in so many milliseconds."""

    sold: int
    span_ms: int = DAY_MS

    @property
    def per_day(self) -> float:
        return self.sold * DAY_MS / self.span_ms

    def days_left(self, shelves: Iterable[ShelfLevel], now_ms: int) -> int | None:
        """Full days until nothing is on sale, if it goes on like this; None: for ever.

        Shelves are sold one after the other, those that end first come first; what is left of one
        at its end is lost.
        """
        if not self.sold:
            return None
        lasts_ms = 0
        for shelf in shelves:
            to_sell_ms = shelf.available * self.span_ms // self.sold
            if shelf.until_ms:
                to_sell_ms = min(to_sell_ms, max(0, shelf.until_ms - now_ms - lasts_ms))
            lasts_ms += to_sell_ms
        return lasts_ms // DAY_MS


def with_level(levels: tuple[Level, ...], new: Level) -> tuple[Level, ...]:
    """One level a day, the last of it, for a month; and the one that the month began with."""
    if levels and levels[-1][1:] == new[1:]:
        return levels
    kept = [each for each in levels if each.day != new.day]
    begins = max((each.at_ms for each in kept if each.at_ms <= new.at_ms - KEPT_MS), default=0)
    return (*(each for each in kept if each.at_ms >= begins), new)


def sales_rate(levels: tuple[Level, ...], now: Level) -> SalesRate:
    """The pace of the last week or month, whichever is faster: better warned early.

    A recall takes codes off sale that were not sold: the pace is told anew from there.
    """
    since = tuple(each for each in levels if each.recalls == now.recalls)
    rates = [_rate(since, now, span_ms) for span_ms in (WEEK_MS, KEPT_MS)]
    return max(rates, key=lambda rate: rate.per_day)


def _rate(levels: tuple[Level, ...], now: Level, span_ms: int) -> SalesRate:
    if not levels:
        return SalesRate(0)
    begin_ms = now.at_ms - span_ms
    first = max((each for each in levels if each.at_ms <= begin_ms), default=levels[0])
    since_ms = max(first.at_ms, begin_ms)
    return SalesRate(now.sold_since(first), max(DAY_MS, now.at_ms - since_ms))
