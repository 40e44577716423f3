"""How many of the codes in stock orders may have: some chunks are on offer, all others kept.

On offer is the front of each row, what ends first first, so that whatever orders were pointed at
stays within reach (`Directory.reach`). A number is no multiple of a chunk: what a chunk on offer
holds too much goes into a new one, which is kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from scrip.domain.chunk_range import Range
from scrip.domain.directory import FOR_EVER_MS, Directory, in_rows
from scrip.domain.stock import ChunkRef, came_back

MAX_UNITS = 1_000_000_000
"""More than anybody has: a cap of so many only keeps what comes into stock later."""


class Offer(NamedTuple):
    """Codes that orders may have, and codes in stock that they may not."""

    offered: int
    kept: int


class Excess(NamedTuple):
    """So many codes of a chunk that go into a kept one."""

    chunk: ChunkRef
    until_ms: int
    codes: int


class Capped(NamedTuple):
    """What a directory becomes, and the codes that change their chunk with it."""

    directory: Directory
    excess: Excess | None
    offer: Offer


def in_stock(seen: Directory, free: Mapping[ChunkRef, int], now_ms: int) -> int:
    """Codes that could be sold, on offer or kept. `free`: what is left in the chunks that
    `Directory.pointed_at` names."""
    behind = (
        each.codes_from(end)
        for row, end in seen.rows(0)
        for each in row
        if each.end > end and not each.expired(now_ms)
    )
    return sum(free.values()) + sum(behind)


def capped(seen: Directory, units: int, free: Mapping[ChunkRef, int], now_ms: int) -> Capped:
    """With so many of what is in stock on offer."""
    offered, stops, excess, fullest = 0, dict[int, int](), None, None
    counted = {chunk.position: codes for chunk, codes in free.items()}
    for each, position in _in_turn(seen, now_ms):
        if offered == units:
            break
        codes = counted.get(position, each.codes_at(position))
        over = max(0, offered + codes - units)
        if position in counted and (fullest is None or codes > fullest.codes):
            fullest = Excess(each.ref(position), each.until_ms, codes)
        if over:
            # A chunk that is not counted stays full. And it happens that none has so many codes to
            # spare: then less than a chunk too few are on offer.
            if fullest is None or fullest.codes <= over:
                break
            excess = fullest._replace(codes=over)
        offered += codes - over
        stops[each.start] = position + 1
    parts = [
        part for each in seen.ranges for part in each.kept_from(stops.get(each.start, each.start))
    ]
    version = seen.version + 1
    directory = replace(seen, ranges=in_rows(parts), version=version, cap=version)
    kept = in_stock(seen, free, now_ms) - offered
    return Capped(directory, excess, Offer(offered, kept))


def _in_turn(seen: Directory, now_ms: int) -> Iterator[tuple[Range, int]]:
    """Each chunk that sells, by its range and position. What is on offer comes first, then what was
    cut off: so the same number again cuts nothing."""
    for each in sorted(seen.ranges, key=_turn):
        if not each.expired(now_ms):
            yield from ((each, position) for position in seen.selling(each))


def _turn(each: Range) -> tuple[int, bool, bool, int]:
    return each.until_ms or FOR_EVER_MS, each.kept, not came_back(each.lane), each.start
