"""A sweep that closes an order, while its buyer pays, its callback comes or another sweep runs."""

import pytest

from tests.crash.breaking import Case, die_everywhere, meet_everywhere
from tests.crash.cases import CASES, WINDOW_MINUTES
from tests.crash.chase_cases import _unclosed, follow, following, reference
from tests.crash.figures import keep
from tests.crash.test_interleavings import Meeting
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer
from tests.shop import Reply


def buying(world: World, placed: Reply) -> Case:
    """The buyer pays, unless the provider does not let him any more; the callback follows."""

    def event() -> bool:
        payment = world.stripe.payments[reference(placed)]
        if payment["status"] == "canceled":
            return True
        return world.post(world.paid(placed))

    return Case(event)


def settled_once(world: World, placed: Reply, variant: str) -> None:
    """Either it was paid and delivered, or it was closed and all is on sale."""
    status = world.stripe.payments[reference(placed)]["status"]
    state = world.order(placed).state
    assert (status, state) in (("succeeded", "delivered"), ("canceled", "expired"))
    assert world.free(variant) == PER_CHUNK - (state == "delivered")


def closing_while_it_is_paid(world: World) -> tuple[Case, Case]:
    world.stock("seat", PER_CHUNK, hold_minutes=10)
    placed = world.place({"seat": 1})
    world.clock.advance(12)
    return Case(world.sweep, lambda: settled_once(world, placed, "seat")), buying(world, placed)


def paying_while_it_is_closed(world: World) -> tuple[Case, Case]:
    world.stock("card", PER_CHUNK)
    placed = world.place({"card": 1})
    world.clock.advance(WINDOW_MINUTES + 2)
    pays = buying(world, placed)
    return Case(pays.event, lambda: settled_once(world, placed, "card")), Case(world.sweep)


def paid_unheard_twice(world: World) -> tuple[Case, Case]:
    """Two sweeps find the same payment."""
    case = CASES["closing: one was paid and nobody told, one was not"](world)
    return case, case


def held_unheard_twice(world: World) -> tuple[Case, Case]:
    case = CASES["closing: what is held was paid and nobody told"](world)
    return case, case


def found_while_it_is_told(world: World) -> tuple[Case, Case]:
    """The callback comes at last, while the sweep settles what it found."""
    world.stock("card", PER_CHUNK)
    placed = world.place({"card": 1})
    paid = world.paid(placed)
    world.clock.advance(3)

    def expect() -> None:
        assert world.order(placed).state == "delivered"
        assert world.free("card") == PER_CHUNK - 1

    return Case(world.sweep, expect), Case(lambda: world.post(paid))


def followed_while_it_is_told(world: World) -> tuple[Case, Case]:
    world.stock("card", PER_CHUNK)
    placed = _unclosed(world)
    paid = world.paid(placed)

    def expect() -> None:
        assert world.order(placed).state == "delivered"
        assert not following(world)

    return Case(lambda: follow(world), expect, pause_minutes=11), Case(lambda: world.post(paid))


MEETINGS: dict[str, Meeting] = {
    "closing while the buyer pays": closing_while_it_is_paid,
    "paying while it is closed": paying_while_it_is_closed,
    "paid unheard, two sweeps at once": paid_unheard_twice,
    "held and paid unheard, two sweeps at once": held_unheard_twice,
    "found while it is told": found_while_it_is_told,
    "followed up while it is told": followed_while_it_is_told,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_both_end_as_if_alone(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)


def test_one_may_die_half_way_through(stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = die_everywhere(made, *closing_while_it_is_paid(made))

    keep("death: closing while the buyer pays", report)
