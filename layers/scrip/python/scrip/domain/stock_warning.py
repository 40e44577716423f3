"""When a merchant is warned about stock: once, and again only after it had recovered."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from scrip.domain.day import DAY_MS
from scrip.domain.stock_level import Level, ShelfLevel, sales_rate, with_level

MAX_WARN_DAYS = 90
MAX_LOW_STOCK = 1_000_000
MAX_LOW_DAYS = 90
DEFAULT_WARN_DAYS = 14
DEFAULT_LOW_STOCK = 5
DEFAULT_LOW_DAYS = 3


class About(Enum):
    """What a warning is about."""

    ENDING = "ending"
    LOW = "low"
    SOLD_OUT = "sold_out"
    UNSYNCED = "unsynced"


class Thresholds(NamedTuple):
    """Of a variant: warn of codes that end within so many days, of so few codes or days of stock
    left. 0: not at all."""

    warn_days: int = DEFAULT_WARN_DAYS
    low_stock: int = DEFAULT_LOW_STOCK
    low_days: int = DEFAULT_LOW_DAYS


DEFAULTS = Thresholds()


@dataclass(frozen=True, slots=True)
class Sight:
    """What is on sale of a variant now, shelf by shelf. `directory_version` as it was read;
    `selling`: whether somebody can buy it."""

    level: Level
    shelves: tuple[ShelfLevel, ...]
    directory_version: int
    selling: bool


@dataclass(frozen=True, slots=True)
class Watched:
    """What is kept of a variant between looks. `day` of the last one; `warned`: LOW or SOLD_OUT,
    not yet recovered from; `ends_warned`: days of ends that were told of; `warnings`: how many
    there were; `version` counts the writes of all this."""

    levels: tuple[Level, ...] = ()
    day: int = 0
    directory_version: int = 0
    warned: frozenset[About] = frozenset()
    ends_warned: frozenset[int] = frozenset()
    warnings: int = 0
    version: int = 0

    def rests(self, directory_version: int, now_ms: int) -> bool:
        """Whether it was looked at today and no chunks came or went since."""
        return self.directory_version == directory_version and self.day == now_ms // DAY_MS


class Place(NamedTuple):
    """How far the looking went: a merchant and one of its variants, or of its accounts with
    suppliers. Up to there all is done."""

    merchant_id: str = ""
    name: str = ""


class Whose(NamedTuple):
    """The variant that a warning is about."""

    merchant_id: str
    variant_id: str
    title: str


@dataclass(frozen=True, slots=True)
class StockWarning:
    """A thing to tell the merchant. `event_id` is the same however often it is found out.

    `ending`: codes that end at `until_ms` or before, unless sold; 0 where it is about else.
    `days_left`: None without sales. `as_of_ms`: how old the level is that its supplier told last;
    0 where it is about else.
    """

    merchant_id: str
    variant_id: str
    title: str
    event_id: str
    about: About
    at_ms: int
    available: int
    sold_per_day: float
    days_left: int | None
    ending: int = 0
    until_ms: int = 0
    as_of_ms: int = 0


def unsynced(whose: Whose, as_of_ms: int, at_ms: int, available: int) -> StockWarning:
    """A variant goes off sale because its supplier has told no level since. Told once for that."""
    about = About.UNSYNCED
    return StockWarning(
        *whose,
        event_id=f"{whose.variant_id}.{as_of_ms}.{about.value}",
        about=about,
        at_ms=at_ms,
        available=available,
        sold_per_day=0,
        days_left=None,
        as_of_ms=as_of_ms,
    )


def after_look(old: Watched, seen: Sight, thresholds: Thresholds) -> tuple[Watched, list[About]]:
    """What is to be kept after a look, and what to warn of."""
    low = _low(old, seen, thresholds)
    warned = low if seen.selling else old.warned & low
    ends = frozenset(each.until_ms // DAY_MS for each in ending(seen, thresholds))
    news = [About.ENDING] if ends - old.ends_warned else []
    worst = [about for about in (About.SOLD_OUT, About.LOW) if about in warned - old.warned]
    news += worst[:1]
    kept = Watched(
        levels=with_level(old.levels, seen.level),
        day=seen.level.day,
        directory_version=seen.directory_version,
        warned=warned,
        ends_warned=ends | {day for day in old.ends_warned if day > seen.level.day},
        warnings=old.warnings + len(news),
        version=old.version,
    )
    return (old if kept == old else replace(kept, version=old.version + 1)), news


def ending(seen: Sight, thresholds: Thresholds) -> list[ShelfLevel]:
    """Shelves with codes that end within the days to warn of."""
    horizon_ms = seen.level.at_ms + thresholds.warn_days * DAY_MS
    return [
        each
        for each in seen.shelves
        if each.available + each.kept and 0 < each.until_ms <= horizon_ms
    ]


def _low(old: Watched, seen: Sight, thresholds: Thresholds) -> frozenset[About]:
    """LOW and SOLD_OUT as they are. Recovering takes twice what warns: codes that are held and come
    back must not warn anew each time."""
    available, known = seen.level.available, old.warned
    if not available:
        return frozenset({About.LOW, About.SOLD_OUT} if seen.level.imported else ())
    factor = 2 if About.LOW in known else 1
    days_left = sales_rate(old.levels, seen.level).days_left(seen.shelves, seen.level.at_ms)
    few_days = days_left is not None and days_left < thresholds.low_days * factor
    if few_days or available <= thresholds.low_stock * factor:
        return frozenset({About.LOW}) | (known & {About.SOLD_OUT})
    return frozenset()


def warning_of(
    number: int, about: About, old: Watched, seen: Sight, thresholds: Thresholds, whose: Whose
) -> StockWarning:
    """A warning in full. `number`: the how manieth of its variant."""
    rate, soon = sales_rate(old.levels, seen.level), ending(seen, thresholds)
    ends = about is About.ENDING
    return StockWarning(
        *whose,
        event_id=f"{whose.variant_id}.{number}.{about.value}",
        about=about,
        at_ms=seen.level.at_ms,
        available=seen.level.available,
        sold_per_day=round(rate.per_day, 2),
        days_left=rate.days_left(seen.shelves, seen.level.at_ms),
        ending=sum(shelf.available + shelf.kept for shelf in soon) if ends else 0,
        until_ms=soon[-1].until_ms if ends else 0,
    )
