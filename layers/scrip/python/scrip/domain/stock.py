"""Code pools: chunks of sealed codes, and the directory that says which chunks still sell.

A chunk is one table item holding about a kilobyte of sealed codes. A code is in exactly one of the
chunk's `free` list and its `claimed` map, and moves between them in one atomic write. An exhausted
chunk is never refilled; new codes come in new chunks. That is all that safety rests on. The
directory is a hint: it only makes the first try a good one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

CHUNK_BYTES = 1024
"""One write capacity unit. A chunk must not outgrow it, neither full nor fully claimed."""

CHUNK_OVERHEAD_BYTES = 110
"""The partition key (merchant 20, variant 32, batch 10, number 8) and the attribute names."""

CLAIM_OVERHEAD_BYTES = 26
"""A claim's map key (order 16, line and unit up to 5) and what the item format adds."""

WINDOW = 128
"""Chunks on sale at a time: wide enough that 64 buyers rarely meet, narrow enough that the
directory stays within one write unit however many chunks wait behind it."""

COMPACT_AFTER = 48
"""Closed chunks that may pile up before the directory's low mark is moved past them."""


class ChunkRef(NamedTuple):
    """Where a chunk lives: its import batch and number therein; `position` in the directory."""

    batch_id: str
    number: int
    position: int


class Pick(NamedTuple):
    """Units `first_unit .. first_unit + units - 1` of an order line were claimed in this chunk."""

    chunk: ChunkRef
    first_unit: int
    units: int


class Claim(NamedTuple):
    """What a claim found: units now ours in that chunk, and codes still free for others."""

    units: int
    left: int


@dataclass(frozen=True, slots=True)
class SealedCode:
    """A sealed code and its index in its batch, which names it for the seal."""

    index: int
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """One import. `fingerprint` recognises the same content again without telling what it is.

    `known` are the indexes of its codes that some import before it had taken: they are not on sale
    here, and not counted in `codes`.
    """

    merchant_id: str
    variant_id: str
    batch_id: str
    sealed_key: bytes
    fingerprint: bytes
    codes: int
    known: frozenset[int]
    published: bool
    created_at_ms: int


class BatchRange(NamedTuple):
    """A published batch in the directory: its chunks are numbered on from `start`."""

    batch_id: str
    start: int
    chunks: int
    codes: int
    per_chunk: int

    def codes_from(self, number: int) -> int:
        """Codes that the chunks from `number` on held when they were published."""
        return max(0, self.codes - max(0, number) * self.per_chunk)


@dataclass(frozen=True, slots=True)
class Directory:
    """The chunks of one variant. `closed` were seen exhausted; all below `low` are too."""

    ranges: tuple[BatchRange, ...] = ()
    closed: frozenset[int] = frozenset()
    low: int = 0
    chunks: int = 0
    codes: int = 0

    def _selling(self) -> Iterator[int]:
        return (n for n in range(self.low, self.chunks) if n not in self.closed)

    def window(self) -> list[int]:
        """Positions of the chunks on sale now, oldest first."""
        return list(islice(self._selling(), WINDOW))

    def waiting_codes(self) -> int:
        """Codes in chunks behind the window. Nobody was ever pointed at those, so they are full."""
        window = self.window()
        if len(window) < WINDOW:
            return 0  # what lies behind the last chunk on sale is closed
        behind = window[-1] + 1
        return sum(r.codes_from(behind - r.start) for r in self.ranges)

    def ref(self, position: int) -> ChunkRef:
        found = next(r for r in self.ranges if r.start <= position < r.start + r.chunks)
        return ChunkRef(found.batch_id, position - found.start, position)

    def choose(self, luck: float) -> ChunkRef | None:
        """A chunk on sale, by `luck` in [0, 1), spread evenly; None when sold out."""
        window = self.window()
        return self.ref(window[int(luck * len(window))]) if window else None

    def sells(self) -> bool:
        return next(self._selling(), None) is not None

    def lists(self, chunk: ChunkRef) -> bool:
        """Whether the chunk counts as on sale here."""
        return chunk.position >= self.low and chunk.position not in self.closed

    def compacted(self) -> "Directory | None":
        """The same directory without what lies wholly in the past, or None if not worth a write."""
        if len(self.closed) < COMPACT_AFTER:
            return None
        low = next(self._selling(), self.chunks)
        if low == self.low:
            return None
        return Directory(
            ranges=tuple(r for r in self.ranges if r.start + r.chunks > low),
            closed=frozenset(n for n in self.closed if n >= low),
            low=low,
            chunks=self.chunks,
            codes=self.codes,
        )


def chunk_capacity(longest_sealed_bytes: int) -> int:
    """Codes per chunk so that the item stays within one write unit, free or claimed."""
    room = CHUNK_BYTES - CHUNK_OVERHEAD_BYTES
    return max(1, room // (longest_sealed_bytes + CLAIM_OVERHEAD_BYTES))


def unit_key(order_id: str, line: int, unit: int) -> str:
    """The name under which one unit of an order line holds its code in a chunk."""
    return f"{order_id}.{line}.{unit}"


def units_picked(picks: Iterable[Pick]) -> int:
    return sum(pick.units for pick in picks)
