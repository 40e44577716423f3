"""A person decides of a unit that nobody knows the end of: it is done, it failed, or its supplier
is asked again.

Written down, then decided, on condition that it waits for a person. What follows is the queue's:
the order is told, or the supplier asked. Its message is sent before, to come a minute later, and
once more at once: whoever dies in between has said what is done.
"""

from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.attempt import Verdict
from scrip.domain.errors import MoveContended, TopUpNotWaiting
from scrip.domain.goods import Kind
from scrip.domain.line import Fate
from scrip.domain.order import Order
from scrip.domain.top_up import (
    Due,
    TopUp,
    TopUpMoved,
    Unit,
    fate_of,
    known_unit,
    waits_for_a_person,
)
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.write_down import Audit, write_down

TRIES = 8
NET_MS = 60_000


class TopUps(Protocol):
    def find(self, unit: Unit) -> TopUp | None: ...
    def save(self, top_up: TopUp) -> TopUp: ...


class Codes(Protocol):
    def has(self, unit: Unit) -> bool: ...


class Queue(Protocol):
    def again(self, due: Due, delay_ms: int) -> None: ...


def decide_top_up(
    unit: Unit,
    verdict: Verdict,
    asking: Asking,
    *,
    orders: OrderReader,
    top_ups: TopUps,
    codes: Codes,
    queue: Queue,
    audit: Audit,
) -> TopUp:
    """As it is now. Deciding the same again is no error; a code that is not here cannot have
    succeeded. Raises OrderUnknown, UnitUnknown, TopUpNotWaiting, MoveContended,
    StoreUnavailable."""
    order = known_order(unit.merchant_id, unit.order_id, orders).order
    found, fate = _known(order, unit, top_ups), fate_of(order, unit)
    if verdict is Verdict.SUCCEEDED and found.kind is Kind.BOUGHT_CODE and not codes.has(unit):
        raise TopUpNotWaiting("its code is not here: have its supplier asked again")
    if not found.attempt.is_decided(verdict):
        found = _decided(found, fate, verdict, asking, top_ups, queue, audit)
    queue.again(Due(unit, found.version), 0)
    return found


def _known(order: Order, unit: Unit, top_ups: TopUps) -> TopUp:
    found = top_ups.find(known_unit(order, unit))
    if found is None:
        raise TopUpNotWaiting("it was not begun")
    return found


def _decided(
    top_up: TopUp,
    fate: Fate,
    verdict: Verdict,
    asking: Asking,
    top_ups: TopUps,
    queue: Queue,
    audit: Audit,
) -> TopUp:
    written = False
    for _ in range(TRIES):
        attempt, unit = top_up.attempt, top_up.unit
        if attempt.is_decided(verdict):
            return top_up
        if not (waits_for_a_person(fate, top_up) and attempt.may_be_decided(verdict)):
            raise TopUpNotWaiting(f"it is {attempt.state.value}: {attempt.reason}".rstrip(": "))
        if not written:
            act, about = f"top_up_{verdict.value}", attempt.reference
            write_down(audit, unit.merchant_id, unit.order_id, act, asking, reference=about)
            written = True
        queue.again(Due(unit, top_up.version + 1), NET_MS)
        try:
            return top_ups.save(top_up.with_attempt(attempt.decided(verdict, asking.at_ms)))
        except TopUpMoved as moved:
            top_up = moved.top_up  # its supplier said something, or another person did
    raise MoveContended(top_up.attempt.reference)
