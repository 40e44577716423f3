"""Two at once: devices that want the last seat of a key, readers of an order not read before."""

from collections.abc import Callable

import pytest

from tests.crash.breaking import Case, Report, die_everywhere, meet_everywhere
from tests.crash.cases import CASES
from tests.crash.figures import keep
from tests.crash.keys_cases import seats, sold
from tests.crash.world import World, world
from tests.generated import ask
from tests.oracles.stripe_server import StripeServer

Meet = Callable[[World, Case, Case], Report]


@pytest.mark.parametrize("meet", [meet_everywhere, die_everywhere])
def test_a_seat_is_given_once(meet: Meet, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet(made, *last_seat(made))

    assert report.total > 0
    keep(f"two devices and one seat, {meet.__name__}", report)


@pytest.mark.parametrize("name", ["reading them first", "reading licences first"])
def test_two_readers_see_the_same_keys(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        case = CASES[f"generated keys: {name}"](made)
        report = meet_everywhere(made, case, case)

    assert report.total > 0
    keep(f"two at once, {name}", report)


def last_seat(world: World) -> tuple[Case, Case]:
    mark = sold(world, "device-0")

    def activated(device: str) -> Callable[[], bool]:
        def event() -> bool:
            reply = ask(world.shop, "activate", device=device)
            return reply.problem == "activation-limit-reached" or world.took(reply)

        return event

    def expect() -> None:
        assert seats(world, mark) == 2

    return Case(activated("device-1"), expect), Case(activated("device-2"), expect)
