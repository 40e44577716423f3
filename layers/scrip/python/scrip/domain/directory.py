"""The directory of a variant: which chunks still sell. A hint, never needed for safety.

Chunks have positions, given out once and for ever. Exhausted ones are `closed`; what lies wholly in
the past is compacted away, so the directory stays within about a kilobyte however much it lists.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice

from scrip.domain.chunk_range import Lane, Range, Reach, Shelf
from scrip.domain.stock import ChunkRef, came_back

WINDOW = 256
"""Chunks on sale at a time: wide enough that 64 buyers rarely meet, narrow enough that the
directory stays within one write unit however many chunks wait behind it (docs/scale.md)."""

LAST_CHUNKS = 96
"""Of so many or fewer, orders are pointed at all (`offered`)."""

COMPACT_AFTER = 48
"""Closed chunks that may pile up before the directory is compacted."""

FOR_EVER_MS = 1 << 62
NEAR_END_MS = 3_600_000
"""Before an end: no two clocks differ by more."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The chunks of one variant. `closed` were seen exhausted. `chunks`: positions given out;
    `codes`: ever put on sale; `expired`: left unsold in what ended and is listed no more;
    `recalls`: batches that were taken off sale; `version` counts the rewrites of `ranges`; `cap`:
    the version that set how many orders may have, 0: all there is."""

    ranges: tuple[Range, ...] = ()
    closed: frozenset[int] = frozenset()
    chunks: int = 0
    codes: int = 0
    version: int = 0
    expired: int = 0
    recalls: int = 0
    cap: int = 0

    def selling(self, each: Range) -> Iterator[int]:
        """Positions in a range that were not seen exhausted."""
        return (n for n in range(max(each.low, each.start), each.end) if n not in self.closed)

    def shelves(self, now_ms: int) -> Iterator[Shelf]:
        """What ends first comes first. Empty shelves are left out.

        On sale are the first chunks of a shelf, and beside them the first of those that came back:
        each row moves on from the front only, so what lies behind was never pointed at and is full.
        """
        for until_ms, group in groupby(sorted(self.ranges, key=_order), key=_until):
            window: list[int] = []
            waiting = 0
            if 0 < until_ms <= now_ms:
                continue
            for _, row in groupby(group, key=lambda each: came_back(each.lane)):
                ranges = [each for each in row if not each.kept]
                first = list(islice((n for each in ranges for n in self.selling(each)), WINDOW))
                if len(first) == WINDOW:
                    waiting += sum(
                        each.codes_from(first[-1] + 1) for each in ranges if each.end > first[-1]
                    )
                window += first
            if window:
                yield Shelf(until_ms, window, waiting)

    def window(self, now_ms: int) -> list[int]:
        """Positions of the chunks on sale now: all of the same day, which is the next to end."""
        shelf = next(self.shelves(now_ms), None)
        return shelf.window if shelf else []

    def open_chunks(self, batch_id: str) -> Iterator[ChunkRef]:
        """The chunks of a batch that were not seen exhausted, on sale or past their end."""
        for each in self.ranges:
            if each.batch_id == batch_id:
                yield from map(each.ref, self.selling(each))

    def reach(self, batch_id: str, more: int) -> Iterator[Reach]:
        """Where in a batch an order may ever have been pointed, what ends first first; and still
        so after `more` chunks are closed."""
        for row, end in self.rows(more):
            for each in row:
                if each.batch_id == batch_id:
                    start = min(max(each.low, each.start), each.end)
                    stop = max(start, min(end, each.end))
                    yield Reach(
                        each.lane,
                        each.first + start - each.start,
                        stop - start,
                        each.codes_from(stop),
                        each.until_ms,
                    )

    def rows(self, more: int) -> Iterator[tuple[list[Range], int]]:
        """Each row, and the position before which orders may ever have been pointed.

        A row's window moves on from the front only, past chunks that close. So whatever was on sale
        at any time lies before its end now, even where an earlier day came between, and where some
        are kept: on offer is the front of a row. Of what came back it may be any part.
        """
        for key, group in groupby(sorted(self.ranges, key=_order), key=_row):
            row = list(group)
            first = list(islice((n for each in row for n in self.selling(each)), WINDOW + more))
            whole = len(first) < WINDOW + more or key[1]
            yield row, row[-1].end if whole else first[-1] + 1

    def pointed_at(self, now_ms: int) -> list[ChunkRef]:
        """Chunks that orders may have been pointed at, on sale or kept. The others are full."""
        return [
            each.ref(position)
            for row, end in self.rows(0)
            for each in row
            if not each.expired(now_ms)
            for position in self.selling(each)
            if position < end
        ]

    def without(self, batch_id: str) -> "Directory":
        """With nothing of this batch on sale."""
        left = tuple(each for each in self.ranges if each.batch_id != batch_id)
        return replace(self, ranges=left, version=self.version + 1, recalls=self.recalls + 1)

    def ref(self, position: int) -> ChunkRef:
        return next(each for each in self.ranges if each.holds(position)).ref(position)

    def uncapped(self) -> "Directory":
        """With nothing kept any more."""
        ranges = in_rows(each._replace(kept=False) for each in self.ranges)
        return replace(self, ranges=ranges, version=self.version + 1, cap=0)

    def kept_back(self) -> "Directory":
        """As if nothing but what is kept were there, and on sale."""
        kept = tuple(each._replace(kept=False) for each in self.ranges if each.kept)
        return replace(self, ranges=kept)

    def _kept_window(self, now_ms: int) -> list[int]:
        """Kept chunks that would be on sale if there were no cap: those within reach."""
        kept = [each for each in self.ranges if each.kept]
        windows = (shelf.window for shelf in self.uncapped().shelves(now_ms))
        found = ([n for n in each if any(row.holds(n) for row in kept)] for each in windows)
        return next(filter(None, found), [])

    def choose(self, luck: float, now_ms: int, *, kept: bool = False) -> ChunkRef | None:
        """A chunk on sale, by `luck` in [0, 1), spread evenly; None when sold out. `kept`: rather
        one that is not on offer."""
        window = offered((kept and self._kept_window(now_ms)) or self.window(now_ms))
        return self.ref(window[int(luck * len(window))]) if window else None

    def on_sale(self, now_ms: int) -> Iterator[ChunkRef]:
        """Every chunk that orders may come to, now or later."""
        for each in self.ranges:
            if not each.kept and not each.expired(now_ms):
                yield from map(each.ref, self.selling(each))

    def sells(self, now_ms: int) -> bool:
        return next(self.on_sale(now_ms), None) is not None

    def lists(self, chunk: ChunkRef) -> bool:
        """Whether the chunk counts as one that has codes left."""
        if chunk.position in self.closed:
            return False
        return any(
            each.holds(chunk.position) and each.low <= chunk.position for each in self.ranges
        )

    def with_lanes(self, lanes: Sequence[Lane], *, new_codes: int) -> "Directory":
        """With new chunks behind all others. `new_codes`: those that were never on sale before.

        Under a cap all are kept but what it has counted already.
        """
        ranges, chunks = list(self.ranges), self.chunks
        for lane, first, count, codes, per_chunk, until_ms, cap in lanes:
            kept = self.cap not in (0, cap)
            ranges.append(Range(lane, first, chunks, count, codes, per_chunk, until_ms, kept=kept))
            chunks += count
        return replace(
            self,
            ranges=in_rows(ranges),
            chunks=chunks,
            codes=self.codes + new_codes,
            version=self.version + 1,
        )

    def holds(self, chunk: ChunkRef) -> bool:
        """Whether the chunk is listed, closed or not."""
        return any(
            each.lane == chunk.lane and each.first <= chunk.number < each.first + each.chunks
            for each in self.ranges
        )

    def ended(self, now_ms: int, most: int) -> list[ChunkRef]:
        """Chunks of one lane that are past their end, from its front, at most so many."""
        for each in self.ranges:
            if each.expired(now_ms):
                return [each.ref(n) for n in range(each.start, min(each.end, each.start + most))]
        return []

    def moved_out(self, ended: Sequence[ChunkRef], left: int) -> "Directory":
        """Without these chunks (as `ended` gives them), which had so many codes left."""
        end = ended[-1].position + 1
        ranges = []
        for each in self.ranges:
            if each.start != ended[0].position:
                ranges.append(each)
            elif end < each.end:
                ranges.append(each.from_position(end))
        return replace(
            self,
            ranges=tuple(ranges),
            closed=self.closed - {chunk.position for chunk in ended},
            version=self.version + 1,
            expired=self.expired + left,
        )

    def forgotten(self, now_ms: int) -> "Directory | None":
        """Without what sold out long before its end; None if there is nothing of the kind.

        Of such chunks nothing is left. Near its end one may be closed because it was shut.
        """
        kept = tuple(
            each
            for each in self.ranges
            if each.until_ms <= now_ms + NEAR_END_MS or next(self.selling(each), None) is not None
        )
        if len(kept) == len(self.ranges):
            return None
        closed = frozenset(n for n in self.closed if any(each.holds(n) for each in kept))
        return replace(self, ranges=kept, closed=closed, version=self.version + 1)

    def came_back_late(self, chunks: Iterable[tuple[ChunkRef, int]]) -> "Directory":
        """With codes that came back into ended chunks after these were moved out."""
        late = sum(codes for chunk, codes in chunks if not self.holds(chunk))
        return replace(self, expired=self.expired + late)

    def compacted(self) -> "Directory | None":
        """The same directory without what lies in the past, or None if not worth a write."""
        if len(self.closed) < COMPACT_AFTER:
            return None
        lows = ((each, next(self.selling(each), each.end)) for each in self.ranges)
        # What has an end stays until it is moved out: codes of it may be left in closed chunks.
        ranges = tuple(
            each._replace(low=low) for each, low in lows if low < each.end or each.until_ms
        )
        closed = frozenset(
            n for n in self.closed if any(each.holds(n) and each.low < n for each in ranges)
        )
        if closed == self.closed:
            return None
        return replace(self, ranges=ranges, closed=closed, version=self.version + 1)


def in_rows(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """By their positions, neighbours that are one row joined."""
    rows: list[Range] = []
    for each in sorted(ranges, key=lambda each: each.start):
        joined = rows[-1].followed_by(each) if rows else None
        rows[-1:] = [joined] if joined else [*rows[-1:], each]
    return tuple(rows)


def offered(window: list[int]) -> list[int]:
    """Those of a window that orders are pointed at.

    Chunks that sell evenly run out together, and then the last codes are strewn over all of them,
    each a chunk to close and to miss. So, when none wait behind, an eighth is kept full for last.
    """
    if len(window) >= WINDOW:
        return window
    return window[: max(LAST_CHUNKS, len(window) * 7 // 8)]


def _until(each: Range) -> int:
    return each.until_ms


def _row(each: Range) -> tuple[int, bool]:
    return each.until_ms, came_back(each.lane)


def _order(each: Range) -> tuple[int, bool, int]:
    return each.until_ms or FOR_EVER_MS, came_back(each.lane), each.start
