"""Advance one unit that a supplier delivers: send it, ask about it, or hand it to a person; then
say when it is looked at next.

What is to be sent is written down as being sent, on condition, before the first byte leaves: of any
number of runs at once one sends. Every other call is a question. Dying anywhere leaves an attempt
that is asked about, and a message that comes again; if that is lost too, the worklist of orders
finds the unit (`resume_top_ups`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from scrip.domain.attempt import Attempt, AttemptState, Said, Step
from scrip.domain.catalogue import Variant
from scrip.domain.charge import Charge
from scrip.domain.errors import MoveContended, SupplierUnknown
from scrip.domain.gate import Lane, Turn, Wait
from scrip.domain.line import Fate, Line
from scrip.domain.order import FulfillingOrder, Order, OrderMoved, SettledOrder
from scrip.domain.route import Route
from scrip.domain.supplier_terms import MINUTE_MS, Terms
from scrip.domain.top_up import (
    Due,
    Reserved,
    TopUp,
    TopUpMoved,
    Unit,
    begun,
    routes_left,
    with_fate,
)
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.supplier_turn import Gates as TurnGates
from scrip.steps.supplier_turn import Supplier, Suppliers, first_turn, take_turn

TRIES = 8
"""Times that a unit or its order may be found moved before we ask to be sent again."""

SOON_MS = 1_000
"""A turn this near is waited for by nobody: messages are delayed by whole seconds."""

FROZEN_MS = 15 * MINUTE_MS
UNSENT_MS = 5_000

TOO_LONG = "unknown for too long"
NO_ACCOUNT = "the account with its supplier is gone"

FATES = {
    AttemptState.DONE: Fate.DONE,
    AttemptState.FAILED: Fate.FAILED,
    AttemptState.REVERSED: Fate.REVERSED,
}


class Orders(OrderReader, Protocol):
    def end_unit(self, seen: SettledOrder, ended: SettledOrder, now_ms: int) -> None: ...


class Catalogue(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


class TopUps(Protocol):
    def find(self, unit: Unit) -> TopUp | None: ...
    def save(self, top_up: TopUp) -> TopUp: ...


class Gates(TurnGates, Protocol):
    def trouble(self, merchant_id: str, account: str, now_ms: int) -> bool: ...
    def sense(self, merchant_id: str, account: str) -> None: ...


class Queue(Protocol):
    def again(self, due: Due, delay_ms: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a run works with. `callback_base`: where suppliers may tell what they have to tell."""

    callback_base: str
    clock: Callable[[], int]
    luck: Callable[[], float]
    orders: Orders
    catalogue: Catalogue
    top_ups: TopUps
    gates: Gates
    suppliers: Suppliers
    queue: Queue


class Advanced(NamedTuple):
    """`called`: what was asked of a supplier, and `said` what came back. `ended`: what this run
    made of the unit. `handed_over`: why a person must look. `closed`: the supplier is left alone
    from now on. `later`: in milliseconds, when it is looked at next."""

    called: Lane | None = None
    supplier: str = ""
    said: Said | None = None
    ended: Fate | None = None
    handed_over: str = ""
    closed: bool = False
    later_ms: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """For the log: nothing of the buyer's, and of a supplier its own codes only."""
        return {
            "supplier": self.supplier,
            "called": self.called.value if self.called else None,
            "meaning": self.said.meaning.value if self.said else None,
            "code": self.said.code if self.said else None,
            "ended": self.ended.value if self.ended else None,
            "handed_over": self.handed_over,
            "later_ms": self.later_ms,
        }


def advance_top_up(due: Due, means: Means) -> Advanced:
    """Raises OrderUnknown, MoveContended, StoreUnavailable, SealBroken."""
    top_up = means.top_ups.find(due.unit) if due.version or due.hint or due.again else None
    if top_up is None:
        return Advanced() if due.hint else _send(due, None, means)
    if top_up.version > due.version and not (due.again or due.hint):
        return Advanced()  # another message goes on from there
    try:
        supplier = means.suppliers.of(due.unit.merchant_id, top_up.attempt.supplier)
    except SupplierUnknown:
        return _without_account(due, top_up, means)
    if due.hint:
        heard = top_up.worth_asking(means.clock(), supplier.terms)
        return _ask(due, top_up, supplier, means) if heard else Advanced()
    match top_up.attempt.next_step(means.clock(), supplier.terms):
        case Step.SEND:
            return _send(due, top_up, means)
        case Step.ASK:
            return _ask(due, top_up, supplier, means)
        case Step.WAIT:
            return _later(top_up, supplier.terms, means)
        case Step.HUMAN:
            return _hand_over(top_up, TOO_LONG, means)
        case Step.GIVE_UP:
            return _end(_keep(top_up, lambda now: now.given_up(), means), means)
    return _end(top_up, means)


def _send(due: Due, top_up: TopUp | None, means: Means) -> Advanced:
    """Through the supplier it was sent to before, or the first that has a turn for it."""
    order = known_order(due.unit.merchant_id, due.unit.order_id, means.orders).order
    line = order.line(due.unit.line)
    if not isinstance(order, FulfillingOrder) or line.fates[due.unit.unit] is not Fate.OPEN:
        return Advanced()
    if order.frozen:
        return _again(Due(due.unit, due.version), FROZEN_MS, means)
    routes = _routes(order, line, top_up, means)
    if not routes:
        return _end_unit(due.unit, Fate.FAILED, means)
    now_ms = means.clock()
    chosen = first_turn(
        order.merchant_id,
        routes,
        due.reserved,
        now_ms=now_ms,
        luck=means.luck(),
        gates=means.gates,
        suppliers=means.suppliers,
    )
    if isinstance(chosen, Wait):
        return _wait(due, chosen, means)
    route, supplier, turn = chosen
    if turn.at_ms > now_ms + SOON_MS:
        return _await(due, Reserved(route.supplier, turn), means)
    top_up = top_up.by(route) if top_up else begun(due.unit, route, now_ms)
    try:
        sending = means.top_ups.save(
            top_up.with_attempt(top_up.attempt.sending(now_ms, supplier.terms))
        )
    except TopUpMoved:
        return Advanced()  # who moved it goes on from there
    said = supplier.send(_charge(sending, line.filled, means))
    return _heard(sending, Lane.SEND, turn, said, lambda now: now.answered(said), supplier, means)


def _ask(due: Due, top_up: TopUp, supplier: Supplier, means: Means) -> Advanced:
    account = top_up.attempt.supplier
    now_ms = means.clock()
    turn = take_turn(
        top_up.unit.merchant_id,
        account,
        Lane.ASK,
        supplier.terms,
        due.reserved,
        now_ms=now_ms,
        luck=means.luck(),
        gates=means.gates,
    )
    if isinstance(turn, Wait):
        return _wait(due, turn, means)
    if turn.at_ms > now_ms + SOON_MS:
        return _await(due, Reserved(account, turn), means)
    said = supplier.ask(_charge(top_up, (), means))
    return _heard(
        top_up,
        Lane.ASK,
        turn,
        said,
        lambda now: now.told(said, means.clock(), supplier.terms),
        supplier,
        means,
    )


def _heard(
    top_up: TopUp,
    lane: Lane,
    turn: Turn,
    said: Said,
    change: Callable[[Attempt], Attempt],
    supplier: Supplier,
    means: Means,
) -> Advanced:
    """Write down what was said, then see to what follows from it."""
    account, merchant_id = top_up.attempt.supplier, top_up.unit.merchant_id
    kept = _keep(top_up, change, means)
    closed = False
    if said.trouble:
        closed = means.gates.trouble(merchant_id, account, means.clock())
    elif turn.troubled:
        means.gates.sense(merchant_id, account)
    if kept.attempt.state.open:
        done = _later(kept, supplier.terms, means)
    elif kept.attempt.state is AttemptState.CREATED:
        done = _again(_due(kept), UNSENT_MS, means)
    else:
        done = _end(kept, means)
    return done._replace(called=lane, supplier=account, said=said, closed=closed)


def _end(top_up: TopUp, means: Means) -> Advanced:
    """See to what has come to an end, safe to repeat. What failed is tried through another
    supplier, if there is one, unless its buyer has waited too long already."""
    attempt = top_up.attempt
    if attempt.may_go_elsewhere:
        order = known_order(top_up.unit.merchant_id, top_up.unit.order_id, means.orders).order
        line = order.line(top_up.unit.line)
        left = _routes(order, line, top_up, means)
        if left and line.fates[top_up.unit.unit] is Fate.OPEN:
            try:
                after = means.top_ups.save(top_up.next_attempt(left[0], means.clock()))
            except TopUpMoved:
                return Advanced()
            return _again(_due(after), 0, means)
    if attempt.state is AttemptState.MANUAL:
        return Advanced(handed_over=attempt.reason)
    return _end_unit(top_up.unit, FATES[attempt.state], means)


def _end_unit(unit: Unit, fate: Fate, means: Means) -> Advanced:
    """Write it into the order, unless it stands there."""
    for _ in range(TRIES):
        order = known_order(unit.merchant_id, unit.order_id, means.orders).order
        now_ms = means.clock()
        ended = with_fate(order, unit, fate, now_ms) if isinstance(order, SettledOrder) else None
        if ended is None or not isinstance(order, SettledOrder):
            return Advanced()
        try:
            means.orders.end_unit(order, ended, now_ms)
        except OrderMoved:
            continue
        return Advanced(ended=fate)
    raise MoveContended(unit.order_id)


def _without_account(due: Due, top_up: TopUp, means: Means) -> Advanced:
    """The merchant took the account away. What was sent through it, nobody can ask about."""
    if top_up.attempt.state is AttemptState.CREATED:
        return _send(due, top_up, means)
    if top_up.attempt.state.open:
        return _hand_over(top_up, NO_ACCOUNT, means)
    return _end(top_up, means)


def _hand_over(top_up: TopUp, reason: str, means: Means) -> Advanced:
    return _end(_keep(top_up, lambda now: now.handed_over(reason), means), means)


def _keep(top_up: TopUp, change: Callable[[Attempt], Attempt], means: Means) -> TopUp:
    """Write a change down, whatever others wrote meanwhile."""
    for _ in range(TRIES):
        changed = change(top_up.attempt)
        if changed == top_up.attempt:
            return top_up
        try:
            return means.top_ups.save(top_up.with_attempt(changed))
        except TopUpMoved as moved:
            top_up = moved.top_up
    raise MoveContended(top_up.attempt.reference)


def _routes(order: Order, line: Line, top_up: TopUp | None, means: Means) -> Sequence[Route]:
    """Through which it may be sent: what may have arrived somewhere goes nowhere else."""
    if top_up and top_up.attempt.state.open:
        return [top_up.route]
    variant = means.catalogue.find_variant(order.merchant_id, line.variant_id)
    routes = variant.routes if variant else ()
    return routes_left(routes, top_up) if top_up else routes


def _charge(top_up: TopUp, filled: Sequence[tuple[str, str]], means: Means) -> Charge:
    whose = f"{top_up.unit.merchant_id}/{top_up.attempt.supplier}"
    return Charge(
        reference=top_up.attempt.reference,
        sku=top_up.route.sku,
        filled=dict(filled),
        worth=top_up.route.worth,
        ref=top_up.attempt.ref,
        callback_url=f"{means.callback_base}/v1/callbacks/suppliers/{whose}",
    )


def _due(top_up: TopUp) -> Due:
    return Due(top_up.unit, top_up.version)


def _later(top_up: TopUp, terms: Terms, means: Means) -> Advanced:
    return _again(_due(top_up), top_up.attempt.due_ms(terms) - means.clock(), means)


def _wait(due: Due, wait: Wait, means: Means) -> Advanced:
    return _again(due._replace(reserved=None), wait.until_ms - means.clock(), means)


def _await(due: Due, reserved: Reserved, means: Means) -> Advanced:
    return _again(due._replace(reserved=reserved), reserved.turn.at_ms - means.clock(), means)


def _again(due: Due, delay_ms: int, means: Means) -> Advanced:
    """A hint is none any more: what it was about is in the unit's own hands."""
    delay_ms = max(0, delay_ms)
    means.queue.again(due._replace(again=False, hint=False), delay_ms)
    return Advanced(later_ms=delay_ms)
