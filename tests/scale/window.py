"""How many orders find their chunk exhausted when paid, by the width of what is on sale.

No limits here: only the stock engine's own choices, a delay between pointing and paying, and a lag
between the last code of a chunk and the directory that says so.
"""

import math
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple
from unittest import mock

from scrip.domain import directory
from tests.scale.pools import PER_CHUNK
from tests.scale.shelf import Shelf, item_bytes

LAG_SECONDS = 0.02
SPREAD = 0.8


class Width(NamedTuple):
    """`misses` an order; the directory's mean bytes; write units a code for closing chunks, and in
    the busiest second those of the busiest directory."""

    misses: float
    directory_bytes: float
    closing_wcu: float
    peak_wcu: int

    @property
    def wcu(self) -> float:
        """A delivered code's: claim, close, moved pointers, closing of chunks. What is known to be
        exhausted is read, not written to."""
        return 2 + self.misses + self.closing_wcu


def law(pending: float, codes_on_sale: float) -> float:
    """Misses an order, when payments take long against the life of a chunk on sale."""
    return min(1.0, pending / codes_on_sale)


def measure(
    window: int, rate: float, codes: int, delay_seconds: float, *, shards: int = 1, seed: int = 1
) -> Width:
    """Payers at `rate` a second until the stock is gone, over `shards` directories."""
    with mock.patch.object(directory, "WINDOW", window):
        return _sell(rate, codes, delay_seconds, shards, Random(seed))


def _sell(rate: float, codes: int, delay_seconds: float, shards: int, chance: Random) -> Width:
    chunks = math.ceil(codes / PER_CHUNK / shards)
    shelves = [Shelf(chunks, PER_CHUNK) for _ in range(shards)]
    free = [[PER_CHUNK] * chunks for _ in range(shards)]
    middle = math.log(delay_seconds) - SPREAD**2 / 2
    arrivals, ticks = 0.0, count()
    paying: list[tuple[float, int, int, int]] = []
    closing: list[tuple[float, int, int, int]] = []
    sold = misses = bytes_seen = closings = 0
    wcu = 0.0
    seconds: dict[tuple[int, int], int] = {}

    def close_until(now: float) -> None:
        nonlocal bytes_seen, closings, wcu
        while closing and closing[0][0] <= now:
            at, _, shard, position = heappop(closing)
            spent = shelves[shard].close(position)
            wcu += spent
            closings += 1
            bytes_seen += item_bytes(shelves[shard].directory)
            seconds[shard, int(at)] = seconds.get((shard, int(at)), 0) + math.ceil(spent)

    def choose() -> tuple[int, int] | None:
        shard = int(chance.random() * shards)
        for step in range(shards):
            position = shelves[(shard + step) % shards].choose(chance.random())
            if position is not None:
                return (shard + step) % shards, position
        return None

    while sold < codes * 0.95:
        next_payment = paying[0][0] if paying else math.inf
        if arrivals <= next_payment:
            close_until(arrivals)
            chosen = choose()
            if chosen:
                due = arrivals + chance.lognormvariate(middle, SPREAD)
                heappush(paying, (due, next(ticks), *chosen))
            arrivals += chance.expovariate(rate)
            continue
        now, _, shard, position = heappop(paying)
        close_until(now)
        while not free[shard][position]:
            misses += 1
            chosen = choose()
            if chosen is None:
                break
            shard, position = chosen
        if free[shard][position]:
            free[shard][position] -= 1
            sold += 1
            if not free[shard][position]:
                heappush(closing, (now + LAG_SECONDS, next(ticks), shard, position))
    return Width(
        misses / sold, bytes_seen / max(1, closings), wcu / sold, max(seconds.values(), default=0)
    )
