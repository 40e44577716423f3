"""Two invocations at once for one reseller."""

import pytest

from tests.crash.breaking import Case, meet_everywhere
from tests.crash.figures import keep
from tests.crash.resale_cases import PAID_IN, proved, reseller
from tests.crash.test_interleavings import Meeting
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer


def ordering_twice(world: World) -> tuple[Case, Case]:
    """One order and one debit."""
    world.stock("card", 2 * PER_CHUNK)
    desk, client = reseller(world)

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "delivered"
        assert proved(world, desk) == [-9000, PAID_IN]

    case = Case(lambda: world.took(client.order("card", 2)), expect)
    return case, case


def the_last_money_twice(world: World) -> tuple[Case, Case]:
    """Of two orders one is covered; of the other nothing is left behind."""
    world.stock("card", 2 * PER_CHUNK)
    desk, client = reseller(world, 4500)

    def order(reference: str) -> bool:
        reply = client.order("card", reference=reference)
        return reply.problem == "balance-insufficient" or world.took(reply)

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "delivered"
        assert proved(world, desk) == [-4500, 4500]

    return Case(lambda: order("A-1"), expect), Case(lambda: order("A-2"))


MEETINGS: dict[str, Meeting] = {
    "one order of a reseller's, sent twice at once": ordering_twice,
    "two orders of a reseller's for the last money": the_last_money_twice,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_both_end_as_if_alone(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)
