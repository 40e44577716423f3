"""What goes wrong at a supplier, said beforehand or drawn from a seed."""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from scrip.domain.supplier_terms import DAY_MS, HOUR_MS, MINUTE_MS, Terms


class Fault(Enum):
    # Of one request:
    REFUSED = "the connection is refused before anything is sent"
    LOST = "all is done, the answer never arrives"
    CUT = "all is done, half of the answer arrives"
    ERROR_BEFORE = "500, nothing was done"
    ERROR_AFTER = "500, all is done"
    BUSY = "too many requests, nothing was done"
    WRONG_SIGNATURE = "all is done, the answer is signed by somebody else"
    GARBAGE = "all is done, the answer is a page for people"
    TWICE = "the request arrives twice, the second one is answered"
    # Of one order:
    HIDDEN = "it cannot be found for almost as long as the quarantine"
    SLOW = "it ends after hours"
    FAILS = "it ends without a charge"
    REVERSED = "it is charged, and taken back a day later"
    CALLBACK_FIRST = "it is told of before the answer to the request that made it"
    CALLBACK_NEVER = "it is never told of"
    CALLBACK_CONTRADICTS = "what is told of it is the opposite of what is so"
    # Of the supplier:
    SKEW = "its clock is minutes off"


OF_REQUESTS = (
    Fault.REFUSED,
    Fault.LOST,
    Fault.CUT,
    Fault.ERROR_BEFORE,
    Fault.ERROR_AFTER,
    Fault.BUSY,
    Fault.WRONG_SIGNATURE,
    Fault.GARBAGE,
    Fault.TWICE,
)
OF_ORDERS = (
    Fault.HIDDEN,
    Fault.SLOW,
    Fault.FAILS,
    Fault.REVERSED,
    Fault.CALLBACK_FIRST,
    Fault.CALLBACK_NEVER,
    Fault.CALLBACK_CONTRADICTS,
)
LONGEST_SKEW_MS = 4 * MINUTE_MS


@dataclass(frozen=True)
class Fate:
    """What becomes of one order. `hidden_ms`: so long it cannot be found. `takes_ms`: until it
    ends. `reversed_ms`: so long after that it is taken back; 0: never."""

    takes_ms: int = 0
    hidden_ms: int = 0
    fails: bool = False
    reversed_ms: int = 0
    told_first: bool = False
    told: bool = True
    contradicted: bool = False


@dataclass
class Plan:
    """`faults`: those that may happen. With chance `share` a request meets one of those of
    requests, and an order each of those of orders; the same seed draws the same. `script`: what the
    next requests meet, None for nothing, before anything is drawn. `fates`: of the next new orders,
    likewise. `usual_ms`: how long an order takes. `met`: what happened, and how often."""

    seed: int = 0
    faults: frozenset[Fault] = frozenset()
    share: float = 0.3
    usual_ms: int = 20_000
    script: deque[Fault | None] = field(default_factory=deque)
    fates: deque[Fate] = field(default_factory=deque)
    met: Counter[Fault] = field(default_factory=Counter)
    drawn: int = 0

    def refuses(self) -> bool:
        """Whether the next request finds nobody listening. Asked before it is sent."""
        if self.script:
            if self.script[0] is not Fault.REFUSED:
                return False
            self.script.popleft()
            self.met[Fault.REFUSED] += 1
            return True
        possible = [each for each in OF_REQUESTS if each in self.faults]
        refused = self._one_of(possible, self._random("connection")) is Fault.REFUSED
        self.met.update([Fault.REFUSED] if refused else [])
        return refused

    def of_request(self, *, signed: bool, doubled: bool) -> Fault | None:
        """What a request that arrived meets. `signed`: answers of this supplier are. `doubled`:
        it is an order that may well arrive twice."""
        if self.script:
            fault = self.script.popleft()
            self.met.update([fault] if fault else [])
            return fault
        cannot = {Fault.REFUSED}
        cannot |= set() if signed else {Fault.WRONG_SIGNATURE}
        cannot |= set() if doubled else {Fault.TWICE}
        possible = [each for each in OF_REQUESTS if each in self.faults - cannot]
        fault = self._one_of(possible, self._random("request"))
        self.met.update([fault] if fault else [])
        return fault

    def fate(self, reference: str, nth: int, terms: Terms) -> Fate:
        """Of the nth order under a reference. Unlike requests it does not hang on what came before,
        so that the same order ends the same whatever was lost on the way."""
        if self.fates:
            return self.fates.popleft()
        random = Random(f"{self.seed}/{reference}/{nth}")
        happens = {each: self._happens(each, random) for each in OF_ORDERS}
        fails = happens[Fault.FAILS]
        takes_ms = random.choice([0, random.randrange(1, self.usual_ms + 1)])
        if happens[Fault.SLOW]:
            takes_ms = random.randrange(HOUR_MS, 8 * HOUR_MS)
        return Fate(
            takes_ms=takes_ms,
            hidden_ms=random.randrange(terms.quarantine_ms) if happens[Fault.HIDDEN] else 0,
            fails=fails,
            reversed_ms=DAY_MS if terms.reversible and not fails and happens[Fault.REVERSED] else 0,
            told_first=happens[Fault.CALLBACK_FIRST],
            told=not happens[Fault.CALLBACK_NEVER],
            contradicted=happens[Fault.CALLBACK_CONTRADICTS],
        )

    @property
    def skew_ms(self) -> int:
        """How far ahead of the true time the supplier's clock is."""
        random = Random(f"{self.seed}/skew")
        if Fault.SKEW not in self.faults:
            return 0
        return random.choice([-1, 1]) * random.randrange(MINUTE_MS, LONGEST_SKEW_MS)

    def _random(self, kind: str) -> Random:
        self.drawn += 1
        return Random(f"{self.seed}/{kind}/{self.drawn}")

    def _one_of(self, possible: list[Fault], random: Random) -> Fault | None:
        happens = random.random() < self.share
        return random.choice(possible) if possible and happens else None

    def _happens(self, fault: Fault, random: Random) -> bool:
        """Draws whether or not it may, so that fewer faults leave the others as they were."""
        happens = random.random() < self.share and fault in self.faults
        self.met.update([fault] if happens else [])
        return happens
