"""Two invocations at once for one reseller."""

import pytest

from tests.crash.breaking import Case, meet_everywhere
from tests.crash.figures import keep
from tests.crash.resale_cases import PAID_IN, proved, reseller
from tests.crash.test_interleavings import Meeting
from tests.crash.topping import charging
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer
from tests.topping_up import VARIANT


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


def calling_off_while_it_is_sent(world: World) -> tuple[Case, Case]:
    """Either nobody is charged, or it is too late; the money agrees."""
    station = charging(world)
    desk, client = reseller(world)
    client.order(VARIANT)
    assert world.publish()

    def call_off() -> bool:
        reply = client.cancel()
        return reply.problem == "too-late-to-cancel" or world.took(reply)

    def expect() -> None:
        with world.remote.aside():
            station.run_out()
        [order] = station.agreed()
        assert order.state in ("delivered", "refund_due")
        assert proved(world, desk) == [-3000, PAID_IN]

    return Case(station.run_out, expect), Case(call_off)


def sending_while_it_is_called_off(world: World) -> tuple[Case, Case]:
    sending, calling_off = calling_off_while_it_is_sent(world)
    return Case(calling_off.event, sending.expect), Case(sending.event)


MEETINGS: dict[str, Meeting] = {
    "one order of a reseller's, sent twice at once": ordering_twice,
    "calling off while it is sent": calling_off_while_it_is_sent,
    "sending while it is called off": sending_while_it_is_called_off,
    "two orders of a reseller's for the last money": the_last_money_twice,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_both_end_as_if_alone(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)
