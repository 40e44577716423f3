"""An order that expired while its provider could not close it is closed afterwards; what was paid
meanwhile is late money."""

from typing import Any

import pytest

from scrip.domain.chase import WAIT_MS
from scrip.domain.order import ExpiredOrder
from tests.contents import nothing_changes
from tests.functions.by_provider import pay_unheard, place
from tests.functions.conftest import Clock
from tests.functions.test_close_before_expiry import (
    GIVEN_UP_MS,
    break_stripe,
    order,
    reference,
    to_follow_up,
)
from tests.functions.test_holds import HOLD, stock_up
from tests.functions.test_schedule_expire_orders import state, sweep
from tests.in_memory import InMemory, forget_adapters
from tests.oracles.paying import Provider
from tests.oracles.stripe_server import StripeServer
from tests.shop import Reply, Shop

MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def _stripe_is_well(stripe_api: StripeServer) -> None:
    stripe_api.fail_with.clear()


@pytest.fixture
def unclosed(cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock) -> Reply:
    """An order that expired while Stripe did not answer."""
    placed = stocked.place({"card-50": 1})
    break_stripe(stripe_api)
    clock.ahead_ms = GIVEN_UP_MS
    assert sweep(cloud) == 1
    stripe_api.fail_with.clear()
    stripe_api.requests.clear()
    return placed


def follow(cloud: InMemory) -> int:
    return int(cloud.invoke("schedule_follow_up", {})["due"])


def still_open(cloud: InMemory, placed: Reply) -> bool:
    found = order(cloud, placed)
    return isinstance(found, ExpiredOrder) and found.unclosed


def test_it_is_closed_and_not_looked_at_again(
    cloud: InMemory, unclosed: Reply, stripe_api: StripeServer, clock: Clock
) -> None:
    assert follow(cloud) == 1

    assert stripe_api.payments[reference(unclosed)]["status"] == "canceled"
    assert not still_open(cloud, unclosed)
    clock.ahead_ms += 100 * MINUTE_MS
    with nothing_changes(cloud):
        assert follow(cloud) == 0
    assert len(stripe_api.requests) == 1


def test_who_paid_meanwhile_gets_the_goods(
    cloud: InMemory, stocked: Shop, unclosed: Reply, stripe_api: StripeServer, clock: Clock
) -> None:
    stripe_api.settle(reference(unclosed))

    follow(cloud)

    assert state(stocked, unclosed) == "delivered"
    assert len(stocked.codes(unclosed)) == 1
    clock.ahead_ms += 100 * MINUTE_MS
    follow(cloud)
    assert to_follow_up(cloud, clock.now_ms + 10**9) == []


def test_late_money_that_the_shop_gives_back_is_given_back(
    cloud: InMemory, stocked: Shop, unclosed: Reply, stripe_api: StripeServer, clock: Clock
) -> None:
    cloud.table("merchants").update_item(
        Key={"pk": "demo", "sk": "merchant"},
        UpdateExpression="SET payment_policy = :policy",
        ExpressionAttributeValues={":policy": {"late": "refund"}},
    )
    stripe_api.settle(reference(unclosed))

    for minute in range(4):
        clock.ahead_ms = GIVEN_UP_MS + minute * MINUTE_MS
        follow(cloud)

    assert state(stocked, unclosed) == "expired"
    assert not still_open(cloud, unclosed)
    [refund] = stripe_api.of_kind("refund")[:1]
    assert refund["payment_intent"] == reference(unclosed)


def test_it_is_tried_less_and_less_often_and_then_a_person_must_look(
    cloud: InMemory,
    unclosed: Reply,
    stripe_api: StripeServer,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tried, began = [], clock.ahead_ms
    for minute in range(0, 5 * 24 * 60, 5):
        clock.ahead_ms = began + minute * MINUTE_MS
        stripe_api.fail_with[:] = [(503, {})] * 9
        if follow(cloud):
            tried.append(minute)

    assert tried == [0, 10, 60, 360, 1440, 4320]
    assert still_open(cloud, unclosed)
    told = [line for line in capsys.readouterr().out.splitlines() if "FollowUpsGivenUp" in line]
    assert len(told) == 2  # in total, and by reason


def test_the_money_of_a_person_who_looked_is_told_by_its_callback_all_the_same(
    cloud: InMemory,
    stocked: Shop,
    unclosed: Reply,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scrip.adapters.gateways.stripe_signature.TOLERANCE_SECONDS", 10**6)

    assert stocked.pay(unclosed).json["outcome"] == "delivered"

    follow(cloud)
    assert to_follow_up(cloud, clock.now_ms + 10**9) == []
    assert len(stocked.codes(unclosed)) == 1


def test_a_merchant_that_took_its_secrets_away_is_asked_no_more(
    cloud: InMemory, unclosed: Reply, clock: Clock
) -> None:
    cloud.table("merchants").delete_item(Key={"pk": "demo", "sk": "gateway#stripe"})
    forget_adapters()

    follow(cloud)

    assert to_follow_up(cloud, clock.now_ms + 10**9) == []


def test_an_order_that_expired_when_it_was_read_is_closed_afterwards(
    cloud: InMemory, shop: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    stock_up(shop, "A")
    placed = shop.place({"seat": 1})
    clock.ahead_ms = HOLD * MINUTE_MS + WAIT_MS
    assert state(shop, placed) == "expired"
    assert still_open(cloud, placed)

    follow(cloud)

    assert stripe_api.payments[reference(placed)]["status"] == "canceled"
    assert not still_open(cloud, placed)


def test_a_provider_that_does_not_answer_is_not_asked_about_each_order(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    for _ in range(12):
        stocked.place({"card-50": 1})
    break_stripe(stripe_api)
    clock.ahead_ms = GIVEN_UP_MS
    assert sweep(cloud) == 12
    stripe_api.requests.clear()

    assert follow(cloud) == 12

    assert len(stripe_api.requests) == 3


def test_at_each_provider_late_money_is_found(
    deployed: InMemory,
    selling: Shop,
    provider: Provider,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    placed = place(selling, provider)
    with monkeypatch.context() as broken:
        broken.setattr("scrip.adapters.gateways.asking.MAX_SILENT", 0)
        clock.ahead_ms = GIVEN_UP_MS
        assert sweep(deployed) == 1
    pay_unheard(provider, placed)

    follow(deployed)

    late = {"paypal": "expired"}  # where nobody is charged unless we collect: it is too late to
    assert state(selling, placed) == late.get(provider.name, "delivered")
    assert not still_open(deployed, placed)
    if provider.name == "paypal":
        marked: Any = provider.server.orders[reference(placed)]["purchase_units"]
        assert marked[0]["custom_id"].endswith("/closed")
