"""A reseller calls off an order: what no supplier was sent is not sent any more.

Written down for each unit, on the condition under which its engine sends: of the two, one is first.
Then the order is told, and what is owed comes back as ever. Dying in between leaves units that
nobody sends; whoever calls off again, or looks after what was lost, tells the order of them.
"""

from typing import Protocol

from scrip.domain.attempt import AttemptState
from scrip.domain.line import Fate
from scrip.domain.order import Order
from scrip.domain.resale import ResaleState, state_of, the_line
from scrip.domain.resale_refusals import TooLateToCancel
from scrip.domain.route import Route
from scrip.domain.top_up import TopUp, Unit, begun, open_units
from scrip.steps.end_unit import UnitEnder, end_unit
from scrip.steps.keep_top_up import TopUpKeeper, keep_top_up

NOWHERE = Route("", "")


class TopUps(TopUpKeeper, Protocol):
    def find(self, unit: Unit) -> TopUp | None: ...


def cancel_resale(order: Order, *, now_ms: int, orders: UnitEnder, top_ups: TopUps) -> int:
    """How many units were called off by this very call. Raises TooLateToCancel where none is, or
    was; MoveContended, StoreUnavailable."""
    cancelled, line = 0, the_line(order)
    for unit in open_units(order):
        top_up = top_ups.find(unit) or begun(unit, NOWHERE, now_ms, line.kind)
        kept = keep_top_up(top_up, _not_sent, top_ups=top_ups)
        if kept.attempt.state is not AttemptState.FAILED:
            continue
        ended = end_unit(order, unit, Fate.FAILED, now_ms=now_ms, orders=orders)
        order = ended or order
        cancelled += ended is not None
    undone = state_of(order) is ResaleState.FAILED or Fate.FAILED in the_line(order).fates
    if not undone:
        raise TooLateToCancel("all of it was sent, or is delivered")
    return cancelled


def _not_sent(top_up: TopUp) -> TopUp:
    """What was sent stays as it is. What failed is not tried elsewhere."""
    if top_up.attempt.state is AttemptState.FAILED:
        return top_up.close()
    return top_up.with_attempt(top_up.attempt.given_up())
