"""Stock that follows a supplier's level: pulled on a schedule, counted down here in between.

What is on sale and what was ever claimed add up to what was ever put on sale. A pull corrects that
sum, so units that buyers claim while it runs change nothing of it:

    sum = the supplier's level + claims that the level takes in

A claim is taken in when it lies so far before the level's moment that the supplier surely knows of
it. Later ones may be on their way there still, so they count against the level.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from scrip.domain.errors import SupplierAnswerInvalid

MINUTE_MS = 60_000
DEFAULT_STALE_MINUTES = 30
"""Six pulls. Shorter, and a supplier's restart takes goods off sale; longer, and a level that may
have been sold elsewhere is promised to buyers."""

MIN_STALE_MINUTES = 10
MAX_STALE_MINUTES = 24 * 60

MAX_LEVEL = 1_000_000_000
"""More than this is no number of units: a price, a time or a mistake."""

MAX_ON_SALE = 8_000
"""Units of a level on sale at a time, the others wait for the next pull. So a pull writes at most
243 chunks, and all of them lie in a directory's window."""

CLOCKS_DIFFER_MS = MINUTE_MS
MAX_MARKS = 32
MARKS_IN_A_SPAN = 8


class SyncedFrom(NamedTuple):
    """Where a variant's level comes from. A level older than `stale_minutes` sells nothing."""

    supplier: str
    sku: str
    stale_minutes: int = DEFAULT_STALE_MINUTES


class SupplierLevel(NamedTuple):
    """Units that a supplier had at a moment. It takes in what was claimed here until
    `counted_until_ms`."""

    units: int
    as_of_ms: int
    counted_until_ms: int


class Failure(Enum):
    """Why a pull told no level."""

    NO_ANSWER = "no_answer"
    ANSWER_INVALID = "answer_invalid"
    SUPPLIER_UNKNOWN = "supplier_unknown"


class Mark(NamedTuple):
    """Units claimed of a variant, of all that ever were on sale, up to a moment."""

    at_ms: int
    claimed: int


class SyncSuperseded(Exception):
    """Another run has pulled the same variant since."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What is kept of a variant between pulls. `version` counts them.

    `level` is the last one told, None before the first; `counted`: claims that it takes in.
    `began_at_ms`: when it was first asked for. `marks`, oldest first: of these, the first is what
    `counted` goes by. `off_sale`: the level is too old.
    """

    began_at_ms: int = 0
    asked_at_ms: int = 0
    level: SupplierLevel | None = None
    counted: int = 0
    marks: tuple[Mark, ...] = ()
    failure: Failure | None = None
    off_sale: bool = False
    version: int = 0

    @property
    def as_of_ms(self) -> int:
        """From when on its age is counted."""
        return self.level.as_of_ms if self.level else self.began_at_ms

    def pulled(self, answer: SupplierLevel | Failure, now: Mark, stale_minutes: int) -> "Synced":
        """After a pull. `now`: counted while it went on."""
        asked = replace(
            self,
            began_at_ms=self.began_at_ms or now.at_ms,
            asked_at_ms=now.at_ms,
            failure=answer if isinstance(answer, Failure) else None,
            version=self.version + 1,
        )
        if isinstance(answer, SupplierLevel):
            asked = asked._told(answer, now)
        old = now.at_ms - asked.as_of_ms > stale_minutes * MINUTE_MS
        return replace(asked, off_sale=old)

    def _told(self, level: SupplierLevel, now: Mark) -> "Synced":
        marks = self.marks
        apart_ms = (level.as_of_ms - level.counted_until_ms) // MARKS_IN_A_SPAN
        if not marks or (len(marks) < MAX_MARKS and now.at_ms - marks[-1].at_ms >= apart_ms):
            marks = (*marks, now)
        if self.level and level.as_of_ms < self.level.as_of_ms:
            return replace(self, marks=marks)  # an answer out of some cache: we know better
        surely = [each for each in marks if each.at_ms <= level.counted_until_ms]
        if not surely:
            return replace(self, level=level, counted=0, marks=marks)
        kept = marks[len(surely) - 1 :]
        # The least since: units that came back are on sale again, and not twice.
        counted = min(now.claimed, *(each.claimed for each in kept))
        return replace(self, level=level, counted=counted, marks=kept)

    def goal(self, put_on_sale: int, claimed: int) -> int:
        """The sum of units to have been put on sale, `put_on_sale` being what it is.

        Less is always exact. More only where it is an eighth or more of what is on sale: each time
        makes new chunks, and a level that goes up and down by a few would fill the directory.
        """
        if self.off_sale:
            return 0
        if self.level is None:
            return put_on_sale
        goal = min(self.level.units + self.counted, claimed + MAX_ON_SALE)
        more = goal - put_on_sale
        return put_on_sale if 0 < more * 8 < put_on_sale - claimed else goal


class Following(NamedTuple):
    """Whose level a variant's units follow, and how that goes."""

    source: SyncedFrom
    synced: Synced


def sensible(units: int, as_of_ms: int, asked_at_ms: int, counts_within_ms: int) -> SupplierLevel:
    """A supplier's answer as a level: of the moment it was asked for, at the latest.

    `counts_within_ms`: how long it may take to count a unit that was claimed here. Raises
    SupplierAnswerInvalid.
    """
    if not 0 <= units <= MAX_LEVEL:
        raise SupplierAnswerInvalid("its level is no number of units")
    if not 0 < as_of_ms <= asked_at_ms + CLOCKS_DIFFER_MS:
        raise SupplierAnswerInvalid("its moment is yet to come")
    as_of_ms = min(as_of_ms, asked_at_ms)
    return SupplierLevel(units, as_of_ms, as_of_ms - counts_within_ms)


class Taking(NamedTuple):
    """What is to be left in a chunk, by its place in a list of those on sale."""

    place: int
    left: int


def take_away(free: Sequence[int], units: int, most: int) -> list[Taking]:
    """From which chunks to take so many units, at most `most` chunks.

    Small ones first: emptied chunks leave the directory, and fewer are better.
    """
    taken: list[Taking] = []
    for place in sorted(range(len(free)), key=lambda each: free[each])[:most]:
        less = min(free[place], units)
        taken.append(Taking(place, free[place] - less))
        units -= less
        if not units:
            break
    return taken
