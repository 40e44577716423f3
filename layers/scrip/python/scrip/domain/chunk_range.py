"""Rows of chunks, as a directory lists them and as others are told of them."""

from typing import NamedTuple

from scrip.domain.stock import NEVER_MS, ChunkRef, batch_of_lane


class Range(NamedTuple):
    """Chunks of one lane in a row: numbers from `first`, positions from `start`.

    `codes` and `per_chunk` tell how full they were when published. All positions below `low` are
    closed. `until_ms`: from then on its codes must not be sold; 0 for never. `kept`: not on offer
    (domain/offer.py), so no order is pointed there; in all else it is listed like the others.
    """

    lane: str
    first: int
    start: int
    chunks: int
    codes: int
    per_chunk: int
    until_ms: int = NEVER_MS
    low: int = 0
    kept: bool = False

    @property
    def end(self) -> int:
        return self.start + self.chunks

    @property
    def batch_id(self) -> str:
        return batch_of_lane(self.lane)

    def holds(self, position: int) -> bool:
        return self.start <= position < self.end

    def ref(self, position: int) -> ChunkRef:
        return ChunkRef(self.lane, self.first + position - self.start, position)

    def expired(self, now_ms: int) -> bool:
        return 0 < self.until_ms <= now_ms

    def codes_from(self, position: int) -> int:
        """Codes that the chunks from `position` on held when they were published."""
        return max(0, self.codes - max(0, position - self.start) * self.per_chunk)

    def codes_at(self, position: int) -> int:
        """Codes that the chunk there held when it was published."""
        return min(self.per_chunk, self.codes_from(position))

    def kept_from(self, position: int) -> "list[Range]":
        """It in two, so that from there on all is kept and before there nothing."""
        gone = position - self.start
        front = self._replace(chunks=gone, codes=self.codes - self.codes_from(position), kept=False)
        behind = self.from_position(position)._replace(kept=True)
        return [part for part in (front, behind) if part.chunks]

    def from_position(self, position: int) -> "Range":
        """What of it lies from there on."""
        gone = position - self.start
        return self._replace(
            first=self.first + gone,
            start=position,
            chunks=self.chunks - gone,
            codes=self.codes_from(position),
        )

    def followed_by(self, more: "Range") -> "Range | None":
        """Both as one range, if they are one row of chunks."""
        same = (self.lane, self.per_chunk, self.until_ms, self.kept)
        if same != (more.lane, more.per_chunk, more.until_ms, more.kept):
            return None
        if (self.first + self.chunks, self.end) != (more.first, more.start):
            return None
        if more.low > more.start and self.low < self.end:
            return None
        return self._replace(
            chunks=self.chunks + more.chunks,
            codes=self.codes + more.codes,
            low=more.low if more.low > more.start else self.low,
        )


class Lane(NamedTuple):
    """Chunks to be put on sale: those of one lane, numbered from `first`. `cap`: of what was on
    offer under that cap."""

    lane: str
    first: int
    chunks: int
    codes: int
    per_chunk: int
    until_ms: int = NEVER_MS
    cap: int = 0


class Shelf(NamedTuple):
    """Chunks that end on the same day: positions on sale, and codes that wait behind those."""

    until_ms: int
    window: list[int]
    waiting_codes: int


class Reach(NamedTuple):
    """Chunks of a lane that orders may point to, numbered from `first`. Those behind them are full:
    `behind` codes."""

    lane: str
    first: int
    chunks: int
    behind: int
    until_ms: int

    def covers(self, chunk: ChunkRef) -> bool:
        """Whether it is one of these, or of the full ones behind them."""
        number = chunk.number - self.first
        return self.lane == chunk.lane and number >= 0 and (number < self.chunks or self.behind > 0)

    @property
    def refs(self) -> list[ChunkRef]:
        """Their place in the directory is left open."""
        return [ChunkRef(self.lane, self.first + n, 0) for n in range(self.chunks)]
