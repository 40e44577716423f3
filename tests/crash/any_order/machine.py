"""The model: where each code must be. A step says which codes it moved, and where; all others
must be where they were.

Steps are requests and events of some sender. The first of a step is broken at one of its calls, or
met there by itself in another process, or left alone; it is sent again until its sender is done.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.crash.any_order.places import Code, Kind, Place, Places, where_codes_are
from tests.crash.breaking import REPLAYS
from tests.crash.invariants import check
from tests.crash.remote import Fault, Killed, Mode
from tests.crash.world import World
from tests.shop import Reply

MINUTE_MS = 60_000
ON_SALE = Place(Kind.ON_SALE)
CODES = ["one", "two"]
COUNTED = "units"
FINAL = (200, 201, 403, 404, 409, 410)

TWICE = None
"""Instead of a mode: the same comes once more, and is done, just before the call."""

TROUBLES = [TWICE, *(mode for mode in Mode if mode not in (Mode.CONFLICT, Mode.CONFLICT_ON))]
MOST_CALLS = 12


class Trouble(NamedTuple):
    at: int
    mode: Mode | None

    def __str__(self) -> str:
        return f"{self.mode.value if self.mode else 'met by itself'} at call {self.at}"


class Selling(NamedTuple):
    """How a variant is sold: with a hold; in part if there is too little."""

    hold: bool
    partial: bool


@dataclass
class Lot:
    """A batch: its codes in plain text and when they end (0: never), by number."""

    variant: str
    batch_id: str
    texts: dict[int, str]
    ends: dict[int, int] = field(default_factory=dict)
    recalled: bool = False
    shredded: bool = False

    @property
    def codes(self) -> list[Code]:
        return [Code(self.variant, self.batch_id, number) for number in self.texts]


@dataclass
class Sale:
    """An order, from when it was placed: variant and quantity of each line."""

    order_id: str
    placed: Reply
    lines: list[tuple[str, int]]
    buyer: str
    whole: bool
    due_ms: int
    holds: bool
    state: str = "pending"
    readable: bool = False
    seen: bool = False
    delivered_ms: int = 0
    returned: dict[int, int] = field(default_factory=dict)
    replaced: dict[int, int] = field(default_factory=dict)
    """The one unit of a line that has another code now."""


@dataclass
class Export:
    export_id: str
    asked: Reply
    variant: str
    codes: int
    asked_ms: int
    state: str = "requested"
    downloads_until_ms: int = 0


class Machine:
    """What has happened so far. `luck` decides what the step at hand does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.luck = random.Random(0)
        self.trouble: Trouble | None = None
        self.where: Places = {}
        self.selling: dict[str, Selling] = {}
        self.lots: dict[str, Lot] = {}
        self.sales: list[Sale] = []
        self.exports: list[Export] = []
        self.shredded: set[Code] = set()
        """One by one, after they were sold."""

        self.made: dict[Place, str] = {}
        """Keys made of counted units."""

        self.granted: list[Callable[[], Reply]] = []
        """Requests that may be sent once more at any time, and then do nothing."""

        self.keys = 0
        self.told: list[str] = []

    # --- sending ---------------------------------------------------------------------------------

    def key(self) -> str:
        """A fresh Idempotency-Key."""
        self.keys += 1
        return f"key-{self.keys}"

    def until_done(self, event: Callable[[], bool]) -> None:
        """`event` says whether its sender is done."""
        trouble, self.trouble = self.trouble, None
        fault = trouble and Fault(trouble.at, trouble.mode, lambda: self._meanwhile(event))
        with self.world.remote.watch(fault):
            try:
                done = event()
            except Killed:
                done = False
        for _ in range(REPLAYS):
            if done:
                return
            self.world.cold_start()
            done = event()
        raise AssertionError("never heals")

    def _meanwhile(self, event: Callable[[], bool]) -> None:
        with self.world.remote.watch():
            event()

    def ask(self, send: Callable[[], Reply], *, repeatable: bool = False) -> Reply:
        """The answer that ends it."""
        answers: list[Reply] = []

        def event() -> bool:
            answers.append(send())
            assert answers[-1].status in (*FINAL, 503), answers[-1].text
            return answers[-1].status != 503

        self.until_done(event)
        answer = answers[-1]
        self.told.append(f"    {answer.status} {answer.problem}")
        if repeatable and answer.status < 300:
            self.granted.append(send)
        return answer

    def ask_once_more(self) -> None:
        if self.granted:
            self.ask(self.luck.choice(self.granted))
            self.moved()

    # --- where codes are -------------------------------------------------------------------------

    def moved(
        self,
        these: Mapping[Code, Place] | None = None,
        chosen: Collection[tuple[str, Place]] = (),
    ) -> None:
        """These codes are there now, any codes on sale of a variant took these places, and nothing
        else has moved."""
        now = where_codes_are(self.world)
        self._tell_moves(now)
        expected = self.where | dict(these or {})
        at = {place: code for code, place in now.items() if place.owner}
        for variant, place in chosen:
            code = at[place]
            assert code.variant == variant
            assert self.where[code] == ON_SALE
            expected[code] = place
        assert now == expected
        self.where = now

    def _tell_moves(self, now: Places) -> None:
        nowhere = Place(Kind.NOWHERE)
        moves = Counter(
            f"    {code.variant}: {was.kind.value} -> {now.get(code, nowhere).kind.value}"
            for code in self.where.keys() | now.keys()
            if (was := self.where.get(code, nowhere)) != now.get(code, nowhere)
        )
        self.told += [f"{move}, {count} of them" for move, count in moves.items()]

    def unsold(self, code: Code) -> Place:
        """Where a code is that nobody has."""
        lot = self.lots[code.batch_id]
        if lot.shredded:
            return Place(Kind.SHREDDED)
        if lot.recalled:
            return Place(Kind.RECALLED)
        ended = 0 < lot.ends.get(code.number, 0) <= self.world.clock.at_ms
        return Place(Kind.ENDED) if ended else ON_SALE

    def free(self, variant: str) -> int:
        return sum(
            code.variant == variant and place == ON_SALE for code, place in self.where.items()
        )

    def units(self, owner: str, line: int | None = None) -> list[Code]:
        """What an order or export has, unit by unit. Not what was bad."""
        found = sorted(
            (place.line, place.unit, code)
            for code, place in self.where.items()
            if place.owner == owner and place.kind is not Kind.BAD
            if line is None or place.line == line
        )
        return [code for _, _, code in found]

    def text(self, code: Code) -> str | None:
        """None: nobody can open it any more."""
        lot = self.lots[code.batch_id]
        return None if code in self.shredded or lot.shredded else lot.texts[code.number]

    def all_is_well(self) -> None:
        """After each step."""
        check(self.world)
        states = {order.order_id: order.state for order in self.world.orders()}
        for sale in self.sales:
            assert states[sale.order_id] == sale.state
