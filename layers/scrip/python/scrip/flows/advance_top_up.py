"""Advance one unit that a supplier delivers: send it, ask about it, or hand it to a person; then
say when it is looked at next.

What is to be sent is written down as being sent, on condition, before the first byte leaves: of any
number of runs at once one sends. Every other call is a question. Dying anywhere leaves an attempt
that is asked about, and a message that comes again; if that is lost too, the worklist of orders
finds the unit (`resume_top_ups`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from scrip.domain.advanced import Advanced
from scrip.domain.attempt import Attempt, AttemptState, Said, Step
from scrip.domain.charge import Charge
from scrip.domain.errors import SupplierUnknown
from scrip.domain.gate import Lane, Turn, Wait
from scrip.domain.line import Fate, Line
from scrip.domain.order import FulfillingOrder, Order, lost_all
from scrip.domain.route import Barred, Route
from scrip.domain.routing import Choice
from scrip.domain.supplier_terms import MINUTE_MS, UNSENT_FOR_MS, Meaning, Terms
from scrip.domain.top_up import (
    LOOKS_MS,
    Due,
    Reserved,
    TopUp,
    TopUpMoved,
    Tried,
    Unit,
    begun,
)
from scrip.steps.end_unit import UnitEnder, end_unit
from scrip.steps.keep_code import Codes, keep_code
from scrip.steps.keep_top_up import TopUpKeeper, keep_top_up
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.score_attempt import Scorecards, score_attempt
from scrip.steps.supplier_turn import (
    Catalogue,
    Gates,
    Standings,
    Supplier,
    Suppliers,
    first_turn,
    routes_of,
    take_turn,
)

SOON_MS = 1_000
"""A turn this near is waited for by nobody: messages are delayed by whole seconds."""

FROZEN_MS = 15 * MINUTE_MS
IN_VAIN_MS = 15 * MINUTE_MS
UNSENT_MS = 5_000
NET_MS = 60_000
"""Who wrote at this very moment that a unit is done has not seen that it is contradicted."""

BUSY_MS = 2_000

NOWHERE = Route("", "")

WAITS_EVERY_MS = 10 * MINUTE_MS
"""With the farthest turn, less than after what a unit counts as lost."""

TOO_LONG = "unknown for too long"
NO_ACCOUNT = "the account with its supplier is gone"
WRONG_KIND = "not its kind of good"

FATES = {
    AttemptState.DONE: Fate.DONE,
    AttemptState.FAILED: Fate.FAILED,
    AttemptState.REVERSED: Fate.REVERSED,
}


class Orders(OrderReader, UnitEnder, Protocol): ...


class TopUps(TopUpKeeper, Protocol):
    def find(self, unit: Unit) -> TopUp | None: ...


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
    standings: Standings
    top_ups: TopUps
    codes: Codes
    gates: Gates
    suppliers: Suppliers
    scorecards: Scorecards
    queue: Queue


def advance_top_up(due: Due, means: Means) -> Advanced:
    """Raises OrderUnknown, MoveContended, StoreUnavailable, SealBroken."""
    top_up = means.top_ups.find(due.unit) if due.version or due.hint or due.again else None
    if top_up is None:
        return Advanced() if due.hint else _send(due, None, means)
    if top_up.version > due.version and not (due.again or due.hint):
        return Advanced()  # another message goes on from there
    earlier = top_up.earlier(due.named) if due.hint else None
    account = earlier.supplier if earlier else top_up.attempt.supplier
    try:
        supplier = means.suppliers.of(due.unit.merchant_id, account)
    except SupplierUnknown:
        return Advanced() if earlier else _without_account(due, top_up, means)
    if due.hint:
        return _heed(due, top_up, earlier, supplier, means)
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
            return _give_up(top_up, means)
    return _end(top_up, means)


def _send(due: Due, top_up: TopUp | None, means: Means) -> Advanced:
    """Through the supplier it was sent to before, or the first that has a turn for it."""
    record = known_order(due.unit.merchant_id, due.unit.order_id, means.orders)
    order = record.order
    line = order.line(due.unit.line)
    if not isinstance(order, FulfillingOrder) or line.fates[due.unit.unit] is not Fate.OPEN:
        return Advanced()
    lost = lost_all(record)  # to a dispute: the buyer has the money back
    if order.frozen and not lost:
        return _again(Due(due.unit, due.version), FROZEN_MS, means)
    now_ms = means.clock()
    choice = Choice(()) if lost else _routes(order, line, top_up, means)
    begins = top_up or _begun(due, choice.first or NOWHERE, order, line)
    if choice.first is None:
        return _give_up(begins, means)
    chosen = first_turn(
        order.merchant_id,
        choice.routes,
        due.reserved,
        now_ms=now_ms,
        luck=means.luck(),
        gates=means.gates,
        suppliers=means.suppliers,
    )
    if isinstance(chosen, Wait):
        return _wait(due, begins, chosen, means, choice.why)
    route, supplier, turn = chosen
    calling = _calling(due, Lane.SEND, route.supplier, supplier, turn, means)
    if isinstance(calling, Advanced):
        return calling
    top_up = begins.by(route)
    sending = top_up.attempt.sending(now_ms, supplier.terms)
    try:
        sent = means.top_ups.save(replace(top_up.with_attempt(sending), waits_for=()))
    except TopUpMoved:
        means.gates.leave(order.merchant_id, route.supplier, calling.lease)
        return Advanced()  # who moved it goes on from there
    charge = sent.charge(line.filled, means.callback_base)
    fits = charge.kind in supplier.terms.kinds
    said = supplier.send(charge) if fits else Said(Meaning.REFUSED, WRONG_KIND)
    said = keep_code(said, sent, now_ms=means.clock(), codes=means.codes)

    def answered(now: TopUp) -> TopUp:
        return now.answered(charge.reference, said, means.clock(), supplier.terms)

    return _heard(sent, calling, said, answered, means)


def _heed(
    due: Due, top_up: TopUp, earlier: Tried | None, supplier: Supplier, means: Means
) -> Advanced:
    """There is news of it. If it is over, or failed before another attempt was begun, no other
    message asks about it: then this one waits for its turn, unless somebody heard of the unit since
    it began to."""
    waited_in_vain = 0 < due.version < top_up.version and not due.again
    if waited_in_vain or not top_up.worth_asking(means.clock(), supplier.terms, earlier):
        # Who heard of it may have died before the order was told.
        return _end(top_up, means) if due.again and top_up.attempt.over else Advanced()
    alone = earlier is not None or not top_up.attempt.state.open
    due = due._replace(version=top_up.version, hint=alone)
    return _ask(due, top_up, supplier, means, earlier)


def _ask(
    due: Due, top_up: TopUp, supplier: Supplier, means: Means, earlier: Tried | None = None
) -> Advanced:
    account = earlier.supplier if earlier else top_up.attempt.supplier
    turn = take_turn(
        top_up.unit.merchant_id,
        account,
        Lane.ASK,
        supplier.terms,
        due.reserved,
        now_ms=means.clock(),
        luck=means.luck(),
        gates=means.gates,
    )
    if isinstance(turn, Wait):
        return _wait(due, top_up, turn, means)
    calling = _calling(due, Lane.ASK, account, supplier, turn, means)
    if isinstance(calling, Advanced):
        return calling
    charge = top_up.charge((), means.callback_base)
    if earlier:
        charge = Charge(earlier.reference, earlier.sku, {})
    said = supplier.ask(charge)
    if not earlier:  # a code that an earlier attempt bought after all is nobody's
        said = keep_code(said, top_up, now_ms=means.clock(), codes=means.codes)

    def told(now: TopUp) -> TopUp:
        return now.told(charge.reference, said, means.clock(), supplier.terms)

    return _heard(top_up, calling, said, told, means)


class _Calling(NamedTuple):
    """A call that may be made now."""

    lane: Lane
    account: str
    supplier: Supplier
    turn: Turn
    lease: str


def _calling(
    due: Due, lane: Lane, account: str, supplier: Supplier, turn: Turn, means: Means
) -> _Calling | Advanced:
    """Or when to come again: its turn is later, or too many calls are on their way already."""
    now_ms = means.clock()
    if turn.at_ms > now_ms + SOON_MS:
        later = due._replace(reserved=Reserved(account, turn))
        return _again(later, turn.at_ms - now_ms, means)
    at_once = supplier.terms.at_once
    lease = means.gates.enter(due.unit.merchant_id, account, at_once, now_ms)
    if lease is None:
        return _again(due._replace(reserved=None), SOON_MS + int(means.luck() * BUSY_MS), means)
    return _Calling(lane, account, supplier, turn, lease)


def _heard(
    top_up: TopUp,
    calling: _Calling,
    said: Said,
    change: Callable[[TopUp], TopUp],
    means: Means,
) -> Advanced:
    """Write down what was said, then see to what follows from it."""
    account, merchant_id = calling.account, top_up.unit.merchant_id
    kept = keep_top_up(top_up, change, top_ups=means.top_ups)
    if account == kept.attempt.supplier:
        score_attempt(top_up.attempt, kept, now_ms=means.clock(), scorecards=means.scorecards)
    means.gates.leave(merchant_id, account, calling.lease)
    closed = False
    if said.trouble:
        closed = means.gates.trouble(merchant_id, account, means.clock())
    elif calling.turn.troubled:
        means.gates.sense(merchant_id, account)
    if kept.attempt.contradicted and not top_up.attempt.contradicted:
        means.queue.again(_due(kept), NET_MS)
    if kept.asked_in_vain(said, means.clock()):
        means.queue.again(_due(kept)._replace(hint=True), IN_VAIN_MS)
    if kept.attempt.state.open:
        done = _later(kept, calling.supplier.terms, means)
    elif kept.attempt.state is AttemptState.CREATED:
        done = _again(_due(kept), UNSENT_MS, means)
    else:
        done = _end(kept, means)
    return done._replace(called=calling.lane, supplier=account, said=said, closed=closed)


def _end(top_up: TopUp, means: Means) -> Advanced:
    """See to what has come to an end, safe to repeat. What failed is tried through another
    supplier, if there is one, unless its buyer has waited too long already."""
    attempt = top_up.attempt
    if attempt.contradicted:
        told = _end_unit(top_up, Fate.CONTRADICTED, means)
        return told._replace(handed_over=attempt.reason)
    if attempt.state is AttemptState.MANUAL:
        return Advanced(handed_over=attempt.reason)
    if attempt.state not in FATES:
        return Advanced()  # somebody else moved it, and goes on from there
    if attempt.may_go_elsewhere and not top_up.closed:
        order = known_order(top_up.unit.merchant_id, top_up.unit.order_id, means.orders).order
        line = order.line(top_up.unit.line)
        route = _routes(order, line, top_up, means).first
        go_on = route if line.fates[top_up.unit.unit] is Fate.OPEN else None
        after = top_up.next_attempt(go_on, means.clock()) if go_on else top_up.close()
        try:
            after = means.top_ups.save(after)
        except TopUpMoved:
            return Advanced()
        if go_on:
            return _again(_due(after), 0, means)
    return _end_unit(top_up, FATES[attempt.state], means)


def _end_unit(top_up: TopUp, fate: Fate, means: Means) -> Advanced:
    """Write it into the order, unless it stands there."""
    unit = top_up.unit
    order = known_order(unit.merchant_id, unit.order_id, means.orders).order
    ended = end_unit(
        order,
        unit,
        fate,
        top_up.attempt.receipt,
        now_ms=means.clock(),
        orders=means.orders,
        look_ms=LOOKS_MS[0] if top_up.done_at_ms else 0,
    )
    return Advanced(ended=fate, order=ended.state) if ended else Advanced()


def _without_account(due: Due, top_up: TopUp, means: Means) -> Advanced:
    """The merchant took the account away. What was sent through it, nobody can ask about."""
    attempt = top_up.attempt
    if attempt.state.open:
        return _hand_over(top_up, NO_ACCOUNT, means)
    if attempt.state is not AttemptState.CREATED:
        return _end(top_up, means)
    if means.clock() < attempt.since_ms + UNSENT_FOR_MS:
        return _send(due, top_up, means)
    return _give_up(top_up, means)


def _hand_over(top_up: TopUp, reason: str, means: Means) -> Advanced:
    kept = _changed(top_up, lambda now: now.handed_over(reason), means)
    score_attempt(top_up.attempt, kept, now_ms=means.clock(), scorecards=means.scorecards)
    return _end(kept, means)


def _give_up(top_up: TopUp, means: Means) -> Advanced:
    """Nothing of it was sent, and nothing will be: nobody sends what is written down as failed."""
    return _end(_changed(top_up, lambda now: now.given_up(), means), means)


def _changed(top_up: TopUp, change: Callable[[Attempt], Attempt], means: Means) -> TopUp:
    """If another attempt was begun since, that one stays as it is."""
    reference = top_up.attempt.reference

    def changed(now: TopUp) -> TopUp:
        same = now.attempt.reference == reference
        return now.with_attempt(change(now.attempt)) if same else now

    return keep_top_up(top_up, changed, top_ups=means.top_ups)


def _routes(order: Order, line: Line, top_up: TopUp | None, means: Means) -> Choice:
    catalogue, standings = means.catalogue, means.standings
    return routes_of(order.merchant_id, line, top_up, means.clock(), catalogue, standings)


def _begun(due: Due, route: Route, order: FulfillingOrder, line: Line) -> TopUp:
    return begun(due.unit, route, order.delivered_at_ms, line.kind)


def _due(top_up: TopUp) -> Due:
    return Due(top_up.unit, top_up.version)


def _later(top_up: TopUp, terms: Terms, means: Means) -> Advanced:
    return _again(_due(top_up), top_up.attempt.due_ms(terms) - means.clock(), means)


def _wait(
    due: Due, top_up: TopUp, wait: Wait, means: Means, barred: tuple[Barred, ...] = ()
) -> Advanced:
    """Nobody takes it now. Now and then that is written down: of two messages one goes on, and who
    looks after what was lost leaves it alone. `barred`: why nobody may."""
    now_ms = means.clock()
    told = now_ms < top_up.waited_at_ms + WAITS_EVERY_MS and top_up.waits_for == barred
    if not told or not top_up.version:
        try:
            top_up = means.top_ups.save(replace(top_up, waited_at_ms=now_ms, waits_for=barred))
        except TopUpMoved:
            return Advanced()
    due = due._replace(version=top_up.version, reserved=None)
    return _again(due, wait.until_ms - now_ms, means)._replace(barred=barred)


def _again(due: Due, delay_ms: int, means: Means) -> Advanced:
    delay_ms = max(0, delay_ms)
    means.queue.again(due._replace(again=False), delay_ms)
    return Advanced(later_ms=delay_ms)
