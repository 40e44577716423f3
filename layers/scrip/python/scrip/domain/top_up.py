"""One unit of an order that a supplier delivers: its attempts, one after the other.

There is one attempt at a time, and another only once the one before has failed for certain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from scrip.domain.attempt import CONTRADICTED, Attempt, AttemptState, Said
from scrip.domain.charge import Charge
from scrip.domain.errors import UnitUnknown
from scrip.domain.gate import Turn
from scrip.domain.goods import Kind
from scrip.domain.line import Fate
from scrip.domain.order import FulfillingOrder, Order, SettledOrder
from scrip.domain.order_access import ORDER_ID_LENGTH, is_order_id
from scrip.domain.route import Barred, Route
from scrip.domain.supplier_terms import DAY_MS, HOUR_MS, Meaning, Terms

MAX_ATTEMPTS = 8
HINT_EVERY_MS = 1_000
LOOKS_MS = (HOUR_MS, 26 * HOUR_MS)
"""After it was done, by a supplier that may take it back: then it is asked about again. What is
taken back is so within minutes, as a rule, or by the statement of the day."""

REFERENCE_LENGTH = ORDER_ID_LENGTH + 6


class Unit(NamedTuple):
    """Which one: `unit` counts those of its line, from 0."""

    merchant_id: str
    order_id: str
    line: int
    unit: int

    def reference(self, attempt: int) -> str:
        """Under which a supplier knows an attempt, the first being 0. Of any supplier's alphabet
        and length, and it says whose it is."""
        return f"{self.order_id}{self.line:02}{self.unit:02}{attempt:02}"


def unit_of(merchant_id: str, reference: str) -> Unit | None:
    """Whose a reference is; None if it cannot be one of ours."""
    order_id, numbers = reference[:ORDER_ID_LENGTH], reference[ORDER_ID_LENGTH:]
    if not (
        is_order_id(order_id) and len(numbers) == 6 and numbers.isascii() and numbers.isdigit()
    ):
        return None
    return Unit(merchant_id, order_id, int(numbers[:2]), int(numbers[2:4]))


class Reserved(NamedTuple):
    """A turn to call a merchant's account with a supplier."""

    account: str
    turn: Turn


class Due(NamedTuple):
    """A unit to look at, as it was last written (`version`; 0: nothing was). `reserved`: a turn for
    it. `again`: this was said before, and nobody knows what came of it. `hint`: the supplier has
    news of it; `named`: of the attempt under this reference."""

    unit: Unit
    version: int = 0
    reserved: Reserved | None = None
    again: bool = False
    hint: bool = False
    named: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return {name: str(value) for name, value in self.unit._asdict().items()}


class Tried(NamedTuple):
    """An attempt that failed, and why."""

    reference: str
    supplier: str
    sku: str
    reason: str

    @property
    def contradicted(self) -> bool:
        """It is done after all, as its supplier said later."""
        return self.reason.startswith(CONTRADICTED)


@dataclass(frozen=True, slots=True)
class TopUp:
    """`route`: of the attempt. `version` counts what was written down; 0: nothing yet. `closed`: no
    other attempt will be made. `waited_at_ms`: when it was last seen to wait for a supplier that
    nobody may call; `waits_for`: what bars every route, where it waited for that. `done_at_ms`:
    when it was done, by a supplier that may take it back. `earlier_at_ms`: when an earlier attempt
    was asked about, last. `kind`: whether an account is charged or a code is bought."""

    unit: Unit
    route: Route
    attempt: Attempt
    tried: tuple[Tried, ...] = ()
    version: int = 0
    closed: bool = False
    waited_at_ms: int = 0
    done_at_ms: int = 0
    earlier_at_ms: int = 0
    kind: Kind = Kind.TOP_UP
    waits_for: tuple[Barred, ...] = ()

    @property
    def looks_ms(self) -> list[int]:
        """When it is to be asked about once more, without those that it was asked about since."""
        if self.attempt.state is not AttemptState.DONE or not self.done_at_ms:
            return []
        looks = [self.done_at_ms + after for after in LOOKS_MS]
        return [at for at in looks if at > self.attempt.asked_at_ms]

    @property
    def moved_at_ms(self) -> int:
        """When it was last heard of."""
        attempt = self.attempt
        return max(attempt.since_ms, attempt.sent_at_ms, attempt.asked_at_ms, self.waited_at_ms)

    def by(self, route: Route) -> "TopUp":
        """Through the same supplier again, or another one, nothing of it having been sent yet."""
        if route == self.route:
            return self
        if self.attempt.state is not AttemptState.CREATED:
            raise ValueError(f"{self.attempt.reference} was sent to {self.attempt.supplier}")
        return replace(self, route=route, attempt=replace(self.attempt, supplier=route.supplier))

    def next_attempt(self, route: Route, now_ms: int) -> "TopUp":
        """Another, after the one before has failed."""
        last = self.attempt
        if last.state is not AttemptState.FAILED or self.closed:
            raise ValueError(f"{last.reference} is {last.state.value}")
        tried = (*self.tried, Tried(last.reference, last.supplier, self.route.sku, last.reason))
        return replace(
            self,
            route=route,
            attempt=Attempt(self.unit.reference(len(tried)), route.supplier, now_ms),
            tried=tried,
        )

    def close(self) -> "TopUp":
        """Before its price is given back: whoever would try elsewhere finds it so, or was first."""
        return replace(self, closed=True)

    def with_attempt(self, attempt: Attempt) -> "TopUp":
        return replace(self, attempt=attempt)

    def answered(self, reference: str, said: Said, now_ms: int, terms: Terms) -> "TopUp":
        """What its supplier said when the attempt under this reference was sent."""
        if self.earlier(reference):
            return self._told_of_earlier(reference, said)
        return self._after(self.attempt.answered(said), now_ms, terms)

    def told(self, reference: str, said: Said, now_ms: int, terms: Terms) -> "TopUp":
        """What its supplier said when it was asked about that attempt."""
        if self.earlier(reference):
            return replace(self._told_of_earlier(reference, said), earlier_at_ms=now_ms)
        return self._after(self.attempt.told(said, now_ms, terms), now_ms, terms)

    def earlier(self, reference: str) -> Tried | None:
        return next((each for each in self.tried if each.reference == reference), None)

    def _told_of_earlier(self, reference: str, said: Said) -> "TopUp":
        """It had failed for certain, so another was begun, which has nothing to bear of it. That it
        is done all the same, a person must see, once."""
        earlier = self.earlier(reference)
        if said.meaning is not Meaning.DONE or earlier is None or earlier.contradicted:
            return self
        now = earlier._replace(reason=f"{CONTRADICTED}: {said.code}")
        tried = tuple(now if each == earlier else each for each in self.tried)
        return replace(self, tried=tried, attempt=self.attempt.contradicted_by(reference))

    def _after(self, attempt: Attempt, now_ms: int, terms: Terms) -> "TopUp":
        done = AttemptState.DONE
        if terms.reversible and attempt.state is done and self.attempt.state is not done:
            return replace(self, attempt=attempt, done_at_ms=now_ms)
        return replace(self, attempt=attempt)

    def charge(self, filled: Sequence[tuple[str, str]], callback_base: str) -> Charge:
        """What its supplier is asked to do. `callback_base`: where it may tell what it has to."""
        whose = f"{self.unit.merchant_id}/{self.attempt.supplier}"
        return Charge(
            reference=self.attempt.reference,
            sku=self.route.sku,
            filled=dict(filled),
            worth=self.route.worth,
            ref=self.attempt.ref,
            callback_url=f"{callback_base}/v1/callbacks/suppliers/{whose}",
            kind=self.kind,
        )

    def worth_asking(self, now_ms: int, terms: Terms, earlier: Tried | None = None) -> bool:
        """Whether news of it, or of an earlier attempt, can change anything. Who sends them may be
        anybody: not more than one a moment is followed."""
        attempt = self.attempt
        if earlier:
            return not earlier.contradicted and now_ms >= self.earlier_at_ms + HINT_EVERY_MS
        if attempt.state is AttemptState.CREATED or now_ms < attempt.asked_at_ms + HINT_EVERY_MS:
            return False
        return attempt.state is not AttemptState.DONE or terms.reversible

    def asked_in_vain(self, said: Said, now_ms: int) -> bool:
        """Whether to ask once more about what is done and may have been taken back: nothing was
        said of it, and the last look is less than a day ago."""
        if self.attempt.state is not AttemptState.DONE or not self.done_at_ms:
            return False
        told = said.meaning not in (Meaning.UNCLEAR, Meaning.NOT_SENT)
        return not told and now_ms < self.done_at_ms + LOOKS_MS[-1] + DAY_MS


class TopUpMoved(Exception):
    """It is no longer as it was seen. `top_up` is how it stands now."""

    def __init__(self, top_up: TopUp) -> None:
        super().__init__(top_up.attempt.reference)
        self.top_up = top_up


def begun(unit: Unit, route: Route, now_ms: int, kind: Kind = Kind.TOP_UP) -> TopUp:
    """Before anything is written down or sent."""
    return TopUp(unit, route, Attempt(unit.reference(0), route.supplier, now_ms), kind=kind)


def routes_left(routes: Sequence[Route], top_up: TopUp) -> list[Route]:
    """Those that were not tried yet, in the merchant's order."""
    if len(top_up.tried) + 1 >= MAX_ATTEMPTS:
        return []
    tried = {(each.supplier, each.sku) for each in top_up.tried}
    if top_up.attempt.state is not AttemptState.CREATED:
        tried.add((top_up.route.supplier, top_up.route.sku))
    return [route for route in routes if (route.supplier, route.sku) not in tried]


def all_units(order: Order) -> list[Unit]:
    return [
        Unit(order.merchant_id, order.order_id, line.number, unit)
        for line in order.lines
        for unit in range(len(line.fates))
    ]


def open_units(order: Order) -> list[Unit]:
    """Those that a supplier is still to deliver, or may be delivering."""
    return [unit for unit in all_units(order) if fate_of(order, unit) is Fate.OPEN]


def fate_of(order: Order, unit: Unit) -> Fate:
    return order.line(unit.line).fates[unit.unit]


def waits_for_a_person(fate: Fate, top_up: TopUp | None) -> bool:
    """Nobody knows what became of it, or nobody said yet what follows from it."""
    if top_up is None:
        return False
    state = top_up.attempt.state
    taken_back = fate is Fate.REVERSED and state is AttemptState.REVERSED
    return taken_back or state is AttemptState.MANUAL


def known_unit(order: Order, unit: Unit) -> Unit:
    """Raises UnitUnknown if the order has no such top-up."""
    if unit not in all_units(order):
        raise UnitUnknown(f"line {unit.line} has no top-up {unit.unit}")
    return unit


ENDS = (Fate.DONE, Fate.FAILED)


def with_fate(
    order: SettledOrder, unit: Unit, fate: Fate, at_ms: int, receipt: str = ""
) -> SettledOrder | None:
    """The order after a unit of it ended so; None if that changes nothing, or comes too late."""
    was = fate_of(order, unit)
    if (was, fate) == (Fate.DONE, Fate.REVERSED):
        return order.reverse_unit(unit.line, unit.unit)
    if was in (Fate.REVERSED, Fate.TWICE) and fate is Fate.FAILED:
        return order.refund_unit(unit.line, unit.unit)
    if (was, fate) == (Fate.DONE, Fate.CONTRADICTED):
        return order.with_line(order.line(unit.line).with_fate(unit.unit, Fate.TWICE))
    if (was, fate) in ((Fate.FAILED, Fate.CONTRADICTED), (Fate.CONTRADICTED, Fate.FAILED)):
        return order.with_line(order.line(unit.line).with_fate(unit.unit, fate))
    if isinstance(order, FulfillingOrder) and was is Fate.OPEN and fate in ENDS:
        return order.end_unit(unit.line, unit.unit, fate, at_ms, receipt)
    return None
