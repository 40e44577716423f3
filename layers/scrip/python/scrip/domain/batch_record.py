"""What is kept of a batch: where its codes are, whether it was recalled and how far that went."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from scrip.domain.chunk_range import Lane, Reach
from scrip.domain.directory import Directory
from scrip.domain.stock import Batch, ChunkRef, return_lane

SLACK = 64
"""Chunks that may close between a look at the directory and the write that takes a batch out of it.
Buyers close some hundred a second at most."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Who took a batch off sale for good, when and why. `reach`: where orders may point to; these
    chunks are shut one by one, `shut` of them so far, with `codes` unsold ones in them."""

    by: str
    reason: str
    at_ms: int
    reach: tuple[Reach, ...]
    shut: int = 0
    codes: int = 0

    @property
    def left(self) -> Iterator[ChunkRef]:
        """Chunks still to be shut, those on sale first."""
        return islice((ref for each in self.reach for ref in each.refs), self.shut, None)

    @property
    def complete(self) -> bool:
        return self.shut >= sum(each.chunks for each in self.reach)

    @property
    def unsold(self) -> int:
        """Codes found unsold so far, with those that nobody could ever reach."""
        return self.codes + sum(each.behind for each in self.reach)

    def went_on(self, chunks: int, codes: int) -> "Recall":
        return replace(self, shut=self.shut + chunks, codes=self.codes + codes)


class BatchRecord(NamedTuple):
    """`lanes` are empty until it is published. `returned`: chunks of codes that came back."""

    batch: Batch
    lanes: tuple[Lane, ...]
    recall: Recall | None

    def recalled(self, directory: Directory, by: str, reason: str, at_ms: int) -> Recall:
        """Its recall, to be written while the directory is as it was seen."""
        reach = tuple(directory.reach(self.batch.batch_id, SLACK))
        # What is not published was never on sale: all of it is unsold.
        codes = 0 if self.batch.published else self.batch.codes
        return Recall(by, reason, at_ms, reach, codes=codes)

    def ended(self, now_ms: int, returned: int) -> list[ChunkRef]:
        """Chunks that are past their end, and those of what came back, which may be."""
        lanes = [
            (each.lane, each.first + each.chunks)
            for each in self.lanes
            if 0 < each.until_ms <= now_ms
        ]
        lanes.append((return_lane(self.batch.batch_id), returned))
        return [ChunkRef(lane, number, 0) for lane, chunks in lanes for number in range(chunks)]

    def ended_before_recall(self, returned: int) -> list[ChunkRef]:
        """Chunks that were past their end when it was recalled, and listed no more."""
        recall = self.recall
        if recall is None:
            return []
        return [
            chunk
            for chunk in self.ended(recall.at_ms, returned)
            if not any(each.covers(chunk) for each in recall.reach)
        ]

    def sold_in(self, directory: Directory, returned: int) -> Sequence[Reach]:
        """Lane by lane, the chunks in which codes may be sold."""
        batch_id = self.batch.batch_id
        reach = self.recall.reach if self.recall else directory.reach(batch_id, SLACK)
        ends: dict[str, int] = {}
        for each in reach:
            ends[each.lane] = max(ends.get(each.lane, 0), each.first + each.chunks)
        lanes = [(each.lane, each.first + each.chunks, each.until_ms) for each in self.lanes]
        lanes.append((return_lane(batch_id), returned, 0))
        return [
            Reach(lane, 0, min(chunks, ends.get(lane, chunks)), 0, until_ms)
            for lane, chunks, until_ms in lanes
        ]
