"""Refunds at Stripe: made by themselves, chased, and given to a person when they get stuck."""

import json

import boto3
import pytest

from scrip.adapters.orders import Orders
from scrip.adapters.tables import Table
from scrip.domain.refund import Refund, RefundState
from tests.contents import nothing_changes
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.oracles import stripe_calls
from tests.oracles.stripe_book import Object
from tests.oracles.stripe_server import StripeServer
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


def refunds(cloud: InMemory, placed: Reply) -> tuple[Refund, ...]:
    orders = Orders(Table(boto3.client("dynamodb"), cloud.values["OrdersTable"]))
    record = orders.find_record("demo", placed.json["order"]["order_id"], consistent=True)
    assert record
    return record.refunds


def follow(cloud: InMemory) -> int:
    return int(cloud.invoke("schedule_follow_up", {})["due"])


def at_stripe(stripe: StripeServer, placed: Reply) -> list[Object]:
    reference = placed.json["payment"]["reference"]
    return [each for each in stripe.of_kind("refund") if each["payment_intent"] == reference]


def waiting(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """States of refunds that a person was told of since this was last asked."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]
    return [each["reason"] for each in lines if "RefundsWaiting" in each and "reason" in each]


@pytest.fixture
def short(stocked: Shop, clock: Clock) -> Reply:
    """An order for two, of which stock had one."""
    stocked.stock_up("rare", ["RARE-1"])
    placed = stocked.place({"rare": 2})
    assert stocked.pay(placed).json["outcome"] == "refund_due"
    clock.ahead_ms = 1000
    return placed


def test_a_usual_order_is_not_followed_up(
    cloud: InMemory, stocked: Shop, clock: Clock, stripe_api: StripeServer
) -> None:
    stocked.pay(stocked.place({"card-50": 1}))

    with nothing_changes(cloud):
        assert follow(cloud) == 0
    assert not [each for each in cloud.table("orders").scan()["Items"] if "follow_up" in each]


def test_what_is_owed_is_given_back_once(
    cloud: InMemory, stripe_api: StripeServer, short: Reply
) -> None:
    assert follow(cloud) == 1

    [refund] = refunds(cloud, short)
    [made] = at_stripe(stripe_api, short)
    assert (refund.state, refund.money.amount_minor) == (RefundState.SUCCEEDED, 4500)
    assert (made["amount"], made["id"]) == (4500, refund.provider_ref)
    with nothing_changes(cloud):
        assert follow(cloud) == 0


def test_a_refund_that_takes_days_is_asked_about_until_it_is_done(
    cloud: InMemory,
    stripe_api: StripeServer,
    short: Reply,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = stripe_calls.begin_refund
    monkeypatch.setattr(
        stripe_calls,
        "begin_refund",
        lambda book, *more: book.keep(begin(book, *more), status="pending"),
    )
    tries = []
    for hour in range(72):
        clock.ahead_ms = hour * 60 * MINUTE_MS + 2000
        tries.append(follow(cloud))
    [refund], [made] = refunds(cloud, short), at_stripe(stripe_api, short)
    assert refund.state is RefundState.PENDING
    assert tries[:24] == [1] * 24
    assert sum(tries[24:]) == 8

    stripe_calls.move_refund(stripe_api, made["id"], "succeeded")
    clock.ahead_ms += DAY_MS
    assert [follow(cloud), follow(cloud)] == [1, 0]
    assert [each.state for each in refunds(cloud, short)] == [RefundState.SUCCEEDED]


def test_what_is_refused_waits_for_a_person_who_is_told_every_day(
    cloud: InMemory,
    stripe_api: StripeServer,
    short: Reply,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stripe_api.dispute(short.json["payment"]["reference"])

    assert follow(cloud) == 1

    assert waiting(capsys) == ["stuck"]
    assert [each.state for each in refunds(cloud, short)] == [RefundState.STUCK]
    for hour in range(1, 49):
        clock.ahead_ms = hour * 60 * MINUTE_MS + 2000
        follow(cloud)
    assert waiting(capsys) == ["stuck", "stuck"]

    [charge] = [
        each
        for each in stripe_api.of_kind("charge")
        if each["payment_intent"] == short.json["payment"]["reference"]
    ]
    stripe_api.keep(charge, disputed=False)
    stripe_api.answers.pop(refunds(cloud, short)[0].refund_id)
    clock.ahead_ms += DAY_MS
    follow(cloud)
    assert at_stripe(stripe_api, short) == [], "only a person has it sent again"


def test_what_takes_weeks_is_told_every_day(
    cloud: InMemory,
    stripe_api: StripeServer,
    short: Reply,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stripe_api.fail_with += [(503, {"error": {"type": "api_error"}})] * 1000
    for day in range(14):
        clock.ahead_ms = day * DAY_MS + 2000
        follow(cloud)
    assert waiting(capsys) == []

    for day in range(14, 17):
        clock.ahead_ms = day * DAY_MS + 5000
        follow(cloud)
    stripe_api.fail_with.clear()

    assert waiting(capsys) == ["begun"] * 3


def test_a_frozen_order_gives_nothing_back_until_it_is_thawed(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, short: Reply, clock: Clock
) -> None:
    order_id = short.json["order"]["order_id"]
    path = f"/v1/merchant/orders/{order_id}/freeze"
    freeze = {"frozen": True, "reason": "odd buyer"}
    assert stocked.call("PUT", path, freeze, key="operator").status == 200
    follow(cloud)
    assert refunds(cloud, short) == ()

    assert stocked.call("PUT", path, freeze | {"frozen": False}, key="operator").status == 200
    clock.ahead_ms += MINUTE_MS + 1000
    follow(cloud)

    assert [each.state for each in refunds(cloud, short)] == [RefundState.SUCCEEDED]
    assert len(at_stripe(stripe_api, short)) == 1


def test_a_shop_without_the_provider_has_a_refund_for_a_person(
    cloud: InMemory, short: Reply, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.table("merchants").delete_item(Key={"pk": "demo", "sk": "gateway#stripe"})

    follow(cloud)

    assert [each.state for each in refunds(cloud, short)] == [RefundState.STUCK]
    assert waiting(capsys) == ["stuck"]


def test_no_other_refund_is_begun_while_one_may_be_unsent(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 2})
    stocked.pay(placed)
    stripe_api.fail_with += [(503, {"error": {"type": "api_error"}})] * 4
    for units in (1, 2):
        stocked.take_back(placed, units)
        clock.ahead_ms += MINUTE_MS + 1000
        follow(cloud)
    stripe_api.fail_with.clear()

    assert [each.money.amount_minor for each in refunds(cloud, placed)] == [4500]

    for _ in range(3):
        clock.ahead_ms += MINUTE_MS + 1000
        follow(cloud)
    assert [each["amount"] for each in at_stripe(stripe_api, placed)] == [4500, 4500]


def test_a_silent_provider_is_asked_a_few_times_in_a_run(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed = [stocked.place({"card-50": 1}) for _ in range(9)]
    for each in placed:
        stocked.pay(each)
        stocked.take_back(each)
    clock.ahead_ms = 1000
    stripe_api.fail_with += [(503, {"error": {"type": "api_error"}})] * 100
    stripe_api.requests.clear()

    assert [follow(cloud), follow(cloud)] == [9, 0]
    assert len(stripe_api.requests) == 3

    stripe_api.fail_with.clear()
    for _ in range(2):
        clock.ahead_ms += MINUTE_MS + 1000
        follow(cloud)
    assert [len(at_stripe(stripe_api, each)) for each in placed] == [1] * 9


def test_a_provider_that_does_not_answer_is_asked_a_minute_later(
    cloud: InMemory, stripe_api: StripeServer, short: Reply, clock: Clock
) -> None:
    stripe_api.fail_with += [(503, {"error": {"type": "api_error"}})] * 2

    follow(cloud)
    assert [each.state for each in refunds(cloud, short)] == [RefundState.BEGUN]
    assert at_stripe(stripe_api, short) == []

    stripe_api.fail_with.clear()
    clock.ahead_ms += MINUTE_MS + 1000
    follow(cloud)
    assert [each.state for each in refunds(cloud, short)] == [RefundState.SUCCEEDED]
