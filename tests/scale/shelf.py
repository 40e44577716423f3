"""The stock engine's own directory, as an item of a simulated table: its choices and its size."""

import math
from dataclasses import replace

from scrip.domain.chunk_range import Range
from scrip.domain.directory import Directory, offered
from scrip.domain.stock import ChunkRef

ITEM_BYTES = 150
"""Key, attribute names, one range of chunks."""

UNIT_BYTES = 1024
LANE = "batch"
NOW_MS = 0
"""Codes without an end."""


class Shelf:
    """One directory over `chunks` full chunks. Chunks are told by their position."""

    def __init__(self, chunks: int, per_chunk: int) -> None:
        codes = chunks * per_chunk
        self.directory = Directory(
            ranges=(Range(LANE, 0, 0, chunks, codes, per_chunk),), chunks=chunks, codes=codes
        )
        self.offered = offered(self.directory.window(NOW_MS))

    def choose(self, luck: float) -> int | None:
        """As `Directory.choose`, which would work out the same chunks each time."""
        return self.offered[int(luck * len(self.offered))] if self.offered else None

    def lists(self, position: int) -> bool:
        return self.directory.lists(ChunkRef(LANE, position, position))

    def close(self, position: int) -> float:
        """Write units that closing this chunk takes, with what compaction it sets off."""
        closed = replace(self.directory, closed=self.directory.closed | {position})
        compacted = closed.compacted()
        self.directory = compacted or closed
        self.offered = offered(self.directory.window(NOW_MS))
        return write_units(closed) * (2 if compacted else 1)


def item_bytes(directory: Directory) -> int:
    return ITEM_BYTES + sum((len(str(each)) + 1) // 2 + 1 for each in directory.closed)


def write_units(directory: Directory) -> int:
    return math.ceil(item_bytes(directory) / UNIT_BYTES)
