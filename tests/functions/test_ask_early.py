"""Who paid and of whom no callback told does not wait until the order expires."""

import pytest

from tests.contents import contents
from tests.functions.by_provider import pay_unheard, place
from tests.functions.conftest import Clock
from tests.functions.test_close_before_expiry import break_stripe, reference
from tests.functions.test_schedule_expire_orders import state, sweep
from tests.in_memory import InMemory
from tests.oracles.paying import Provider
from tests.oracles.stripe_server import StripeServer
from tests.shop import Shop

MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def _stripe_is_well(stripe_api: StripeServer) -> None:
    stripe_api.fail_with.clear()
    stripe_api.requests.clear()


def test_who_paid_gets_the_goods_within_minutes(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed, other = stocked.place({"card-50": 1}), stocked.place({"card-50": 1})
    stripe_api.settle(reference(placed))
    clock.ahead_ms = 3 * MINUTE_MS

    sweep(cloud)

    assert [state(stocked, each) for each in (placed, other)] == ["delivered", "pending"]
    assert stripe_api.payments[reference(other)]["status"] == "requires_payment_method"


def test_an_order_is_asked_about_three_times_until_it_expires(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    stocked.place({"card-50": 1})
    stripe_api.requests.clear()
    for minute in range(60):
        clock.ahead_ms = minute * MINUTE_MS
        sweep(cloud)

    assert [each.split()[0] for each in stripe_api.requests] == ["GET"] * 3


def test_an_order_that_is_paid_and_told_is_never_asked_about(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    stocked.pay(stocked.place({"card-50": 1}))
    stripe_api.requests.clear()
    for minute in range(0, 70, 2):
        clock.ahead_ms = minute * MINUTE_MS
        sweep(cloud)

    assert stripe_api.requests == []


def test_a_provider_that_does_not_answer_is_asked_again_at_the_next_age(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    stripe_api.settle(reference(placed))
    break_stripe(stripe_api)
    clock.ahead_ms = 3 * MINUTE_MS
    sweep(cloud)
    stripe_api.fail_with.clear()
    clock.ahead_ms = 9 * MINUTE_MS
    sweep(cloud)
    assert state(stocked, placed) == "pending"

    clock.ahead_ms = 11 * MINUTE_MS
    sweep(cloud)

    assert state(stocked, placed) == "delivered"


def test_a_quiet_shop_costs_no_write(cloud: InMemory, stocked: Shop, clock: Clock) -> None:
    stocked.place({"card-50": 1})
    for minute in (3, 11, 31, 62):
        clock.ahead_ms = minute * MINUTE_MS
        sweep(cloud)
    before = contents(cloud)
    clock.ahead_ms = 200 * MINUTE_MS

    sweep(cloud)

    assert contents(cloud) == before


def test_at_each_provider_who_paid_is_found(
    deployed: InMemory, selling: Shop, provider: Provider, clock: Clock
) -> None:
    placed = place(selling, provider)
    pay_unheard(provider, placed)
    clock.ahead_ms = 3 * MINUTE_MS

    sweep(deployed)

    assert state(selling, placed) == "delivered"
    assert len(selling.codes(placed)) == 1
