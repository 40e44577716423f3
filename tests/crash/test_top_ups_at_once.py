"""Messages about one unit meet: of any number that look at it at once, one sends."""

import json

import pytest

from scrip.domain.line import Fate as Ends
from scrip.domain.order import RefundDueOrder
from tests.crash.breaking import Case, meet_everywhere
from tests.crash.charging_cases import sent
from tests.crash.figures import keep
from tests.crash.test_interleavings import Meeting
from tests.crash.topping import VISIBILITY_MINUTES, Charging, charging
from tests.crash.world import World, world
from tests.oracles.stripe_server import StripeServer
from tests.suppliers.faults import Fate


def until_it_ends(station: Charging, ends: str = "delivered") -> Case:
    return Case(station.run_out, lambda: station.ended(ends), VISIBILITY_MINUTES)


def handed_over_twice(world: World) -> tuple[Case, Case]:
    """SQS may do so."""
    return _both(world, times=1)


def handed_over_again(world: World) -> tuple[Case, Case]:
    """The first took longer than SQS waits, and still runs."""
    return _both(world, times=2)


def _both(world: World, times: int) -> tuple[Case, Case]:
    station = charging(world)
    station.queued()
    station.simulator.plan.fates.extend([Fate(), Fate()])
    body = station.messages()[0].body
    return until_it_ends(station), Case(lambda: station.deliver(body, times))


def told_by_the_supplier(world: World) -> tuple[Case, Case]:
    """News of it come at any moment of its life."""
    station = charging(world)
    station.queued()
    station.simulator.plan.fates.extend([Fate(), Fate()])
    hint = json.dumps(json.loads(station.messages()[0].body) | {"hint": True})
    return until_it_ends(station), Case(lambda: station.deliver(hint, 1))


def two_units_end(world: World) -> tuple[Case, Case]:
    """Both in one order, at one moment; one has failed."""
    station = charging(world)
    placed = station.queued(2)
    station.simulator.plan.fates.extend([Fate(fails=True), Fate()])
    for _ in range(2):
        sent(station)
    first, second = [each.body for each in station.messages()]
    station.messages().clear()
    world.clock.advance(1)

    def expect() -> None:
        assert station.run_out()
        station.ended("refund_due")
        order = world.order(placed)
        assert isinstance(order, RefundDueOrder)
        assert order.owed_minor == order.total.amount_minor // 2
        assert order.lines[0].fates == (Ends.FAILED, Ends.DONE)

    return Case(lambda: station.deliver(first, 1), expect), Case(lambda: station.deliver(second, 1))


MEETINGS: dict[str, Meeting] = {
    "a top-up's message, handed over twice": handed_over_twice,
    "a top-up's message, handed over again": handed_over_again,
    "a top-up, and its supplier tells of it": told_by_the_supplier,
    "two top-ups of one order": two_units_end,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_nobody_is_charged_twice(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)
