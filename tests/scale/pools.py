"""Three ways to hand out codes, each as the requests that it makes. docs/scale.md compares them.

A method yields while it waits and raises Busy when AWS would not answer. What it does to the stock
happens at one instant, as a conditional write does.
"""

from collections.abc import Generator
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from tests.scale.cloud import SimTable
from tests.scale.shelf import Shelf

Waits = Generator[Any, Any, None]
Finds = Generator[Any, Any, bool]
Choice = Generator[Any, Any, int | None]

PER_CHUNK = 14
"""Codes of 20 symbols in a kilobyte."""

ROWS_A_LOOK = 10
LOOKS = 40


class Busy(Exception):
    """Throttled at every attempt."""


class Asker(Protocol):
    """`ask`: one request and its repeated attempts. Raises Busy."""

    @property
    def stock(self) -> SimTable: ...
    @property
    def orders(self) -> SimTable: ...
    @property
    def chance(self) -> Random: ...
    def ask(self, table: SimTable, key: str, *, wcu: float = 0.0, rcu: float = 0.0) -> Waits: ...


@dataclass(slots=True)
class Order:
    """`code` is what it holds, `closed` that buyer and provider were told."""

    number: int
    pointer: int = -1
    code: int = -1
    closed: bool = False
    sold_out: bool = False
    misses: int = 0

    @property
    def key(self) -> str:
        return f"order:{self.number}"

    def close(self) -> bool:
        """Whether it was open, as the condition of that write asks."""
        was_open, self.closed = not self.closed, True
        return was_open


class Pool(Protocol):
    """`left`: codes that nobody holds. `leaked`: codes that nobody ever will."""

    name: str
    leaked: int

    def left(self) -> int: ...

    def point(self, shop: Asker, order: Order) -> Finds:
        """What placing asks of the stock; False when sold out."""

    def claim(self, shop: Asker, order: Order) -> Finds:
        """Give the order a code; False when sold out."""


class Chunks:
    """What Scrip does (flows/place_order.py, steps/claim.py), with one directory.

    With `shards` an order draws one of many directories first. Without `look` a chunk that is known
    to be exhausted is not read but written to, and the claim refused.
    """

    name = "chunks"

    def __init__(self, codes: int, shards: int = 1, *, look: bool = True) -> None:
        self.chunks = -(-codes // PER_CHUNK // shards)
        self.free: list[list[int]] = [[] for _ in range(self.chunks * shards)]
        for code in range(codes):
            self.free[code // PER_CHUNK].append(code)
        self.shelves = [Shelf(self.chunks, PER_CHUNK) for _ in range(shards)]
        self.look = look
        self.leaked = 0

    def left(self) -> int:
        return sum(map(len, self.free))

    def point(self, shop: Asker, order: Order) -> Finds:
        chosen = yield from self._choose(shop)
        if chosen is None:
            return False
        order.pointer = chosen
        return True

    def claim(self, shop: Asker, order: Order) -> Finds:
        while True:
            pointer = order.pointer
            if self.look and not self._listed(pointer):
                yield from shop.ask(shop.stock, f"chunk:{pointer}", rcu=1)
            else:  # a claim is charged if it is refused, too
                yield from shop.ask(shop.stock, f"chunk:{pointer}", wcu=1)
            if order.code >= 0:
                return True
            if order.pointer != pointer:
                continue  # a duplicate of this callback moved it on
            if free := self.free[pointer]:
                order.code = free.pop()
                if not free:
                    yield from self._close(shop, pointer)
                return True
            order.misses += 1
            chosen = yield from self._choose(shop, exhausted=pointer)
            if chosen is None:
                return False
            yield from shop.ask(shop.orders, order.key, wcu=1)
            if order.pointer == pointer:
                order.pointer = chosen

    def _choose(self, shop: Asker, exhausted: int | None = None) -> Choice:
        """A chunk, by an eventually consistent read; nothing left, by a consistent one.

        Which of many directories sell nothing any more stands in the first, and is remembered.
        """
        for rcu in (0.5, 1.0):
            selling = [n for n, shelf in enumerate(self.shelves) if shelf.offered] or [0]
            shard = selling[int(shop.chance.random() * len(selling))]
            yield from shop.ask(shop.stock, f"directory:{shard}", rcu=rcu)
            if exhausted is not None and self._listed(exhausted):
                yield from self._close(shop, exhausted)
            position = self.shelves[shard].choose(shop.chance.random())
            if position is not None:
                chosen: int = shard * self.chunks + position
                return chosen
            if exhausted is None:
                break  # placing believes the first look
        return None

    def _listed(self, chunk: int) -> bool:
        shard, position = divmod(chunk, self.chunks)
        return self.shelves[shard].lists(position)

    def _close(self, shop: Asker, chunk: int) -> Waits:
        shard, position = divmod(chunk, self.chunks)
        yield from shop.ask(shop.stock, f"directory:{shard}", wcu=1)
        if self._listed(chunk) and self.shelves[shard].close(position) > 1:
            yield from shop.ask(shop.stock, f"directory:{shard}", wcu=1)


class Counter:
    """One item counts the tickets; a ticket is the number of a code."""

    name = "counter"

    def __init__(self, codes: int) -> None:
        self.codes = codes
        self.sold = 0
        self.leaked = 0

    def left(self) -> int:
        return self.codes - self.sold

    def point(self, shop: Asker, order: Order) -> Finds:
        yield from shop.ask(shop.stock, "counter", rcu=0.5)
        return self.sold < self.codes

    def claim(self, shop: Asker, order: Order) -> Finds:
        yield from shop.ask(shop.stock, "counter", wcu=1)
        if self.sold >= self.codes:
            return False
        ticket, self.sold = self.sold, self.sold + 1
        try:
            yield from shop.ask(shop.stock, f"code:{ticket}", rcu=1)
        except Busy:
            self.leaked += 1
            raise
        if order.code >= 0:
            self.leaked += 1  # a duplicate was faster: this ticket has no owner
            return True
        order.code = ticket
        return True


class Rows:
    """A row a code: look at some by chance, claim one that seems free."""

    name = "rows"

    def __init__(self, codes: int) -> None:
        self.taken = bytearray(codes)
        self.leaked = 0

    def left(self) -> int:
        return self.taken.count(0)

    def point(self, shop: Asker, order: Order) -> Finds:
        yield from shop.ask(shop.stock, "level", rcu=0.5)
        return True

    def claim(self, shop: Asker, order: Order) -> Finds:
        for _ in range(LOOKS):
            rows = [shop.chance.randrange(len(self.taken)) for _ in range(ROWS_A_LOOK)]
            yield from shop.ask(shop.stock, f"row:{rows[0]}", rcu=ROWS_A_LOOK / 2)
            seen = next((row for row in rows if not self.taken[row]), None)
            if seen is None:
                continue
            yield from shop.ask(shop.stock, f"row:{seen}", wcu=1)
            if self.taken[seen]:
                order.misses += 1
                continue
            self.taken[seen] = 1
            if order.code >= 0:
                self.leaked += 1  # a duplicate was faster: a sweeper must find this row
                return True
            order.code = seen
            return True
        return False
