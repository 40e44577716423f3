"""Money that is held beside an order: a person decides, and what follows is done by itself."""

from typing import Any

import pytest

from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.test_api_accept_payment import order_of
from tests.functions.test_api_accept_payment_outcomes import merchants_of
from tests.in_memory import InMemory
from tests.shop import Reply, Shop


@pytest.fixture(autouse=True)
def _holds_all(cloud: InMemory, shop: Shop) -> None:
    policy = dict.fromkeys(("late", "over", "short", "second"), "hold")
    merchants_of(cloud).change(shop.merchant_id, payment_policy=policy)


def held(shop: Shop, placed: Reply) -> dict[str, Any]:
    [stray] = order_of(shop, placed)["stray_payments"]
    assert stray["action"] == "hold"
    return dict(stray)


def decide(shop: Shop, placed: Reply, action: str, stray_id: str = "") -> Reply:
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/stray-payments/decide"
    stray_id = stray_id or order_of(shop, placed)["stray_payments"][0]["stray_id"]
    body = {"stray_id": stray_id, "action": action, "reason": "asked the buyer"}
    return shop.call("POST", path, body, key="operator")


def follow(cloud: InMemory) -> int:
    return int(cloud.invoke("schedule_follow_up", {})["due"])


def overpaid(shop: Shop) -> Reply:
    placed = shop.place({"card-50": 1})
    assert shop.pay(placed, amount_received=4501).json["outcome"] == "stray"
    assert held(shop, placed)["case"] == "over"
    return placed


def test_held_money_is_delivered_when_a_person_says_so(cloud: InMemory, stocked: Shop) -> None:
    placed = overpaid(stocked)

    decided = decide(stocked, placed, "deliver")
    follow(cloud)

    assert [each["action"] for each in decided.json["stray_payments"]] == ["deliver"]
    seen = order_of(stocked, placed)
    assert (seen["state"], seen["refund_due_minor"]) == ("refund_due", 1)
    assert seen["stray_payments"] == []
    assert len(stocked.codes(placed)) == 1
    with nothing_changes(cloud):
        assert stocked.pay(placed, amount_received=4501).json["outcome"] == "duplicate"


def test_the_provider_telling_again_delivers_what_was_decided(stocked: Shop) -> None:
    placed = overpaid(stocked)
    decide(stocked, placed, "deliver")

    assert stocked.pay(placed, amount_received=4501).json["outcome"] == "refund_due"

    assert order_of(stocked, placed)["stray_payments"] == []


def test_held_money_is_given_back_when_a_person_says_so(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed)
    intent = stocked.stripe.payments[placed.json["payment"]["reference"]]
    stocked.stripe.payments["pi_second"] = stocked.stripe.keep(
        dict(intent) | {"id": "pi_second", "status": "requires_payment_method"}
    )
    stocked.callback(stocked.stripe.paid("pi_second"))
    assert held(stocked, placed)["case"] == "second"

    assert decide(stocked, placed, "refund").status == 200
    assert follow(cloud) == 1

    [stray] = order_of(stocked, placed)["stray_payments"]
    assert stray["action"] == "refund"
    refunds = stocked.stripe.of_kind("refund")
    assert [each["amount"] for each in refunds if each["payment_intent"] == "pi_second"] == [4500]


def test_nothing_may_be_what_is_to_be_done(cloud: InMemory, stocked: Shop) -> None:
    placed = overpaid(stocked)

    assert decide(stocked, placed, "nothing").status == 200
    follow(cloud)

    assert order_of(stocked, placed)["state"] == "pending"
    assert order_of(stocked, placed)["stray_payments"][0]["action"] == "nothing"
    with nothing_changes(cloud):
        assert stocked.pay(placed, amount_received=4501).json["outcome"] == "duplicate"


def test_an_order_that_another_payment_settled_meanwhile_is_not_delivered_twice(
    cloud: InMemory, stocked: Shop
) -> None:
    placed = overpaid(stocked)
    decide(stocked, placed, "deliver")
    assert stocked.pay(placed, id="pi_first").json["outcome"] == "delivered"
    codes = stocked.codes(placed)

    follow(cloud)

    [stray] = order_of(stocked, placed)["stray_payments"]
    assert (stray["case"], stray["action"]) == ("second", "hold")
    assert order_of(stocked, placed)["state"] == "delivered"
    assert stocked.codes(placed) == codes


def test_the_same_transaction_with_another_amount_can_only_be_put_aside(stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed)
    stocked.pay(placed, amount_received=4499)
    stray_id = held(stocked, placed)["stray_id"]
    assert stray_id.endswith("#4499EUR")

    for action in ("refund", "deliver"):
        assert is_refused(decide(stocked, placed, action), errors.StrayDecided)
    assert decide(stocked, placed, "nothing").status == 200


@pytest.mark.parametrize("action", ["refund", "nothing"])
def test_what_is_decided_stays(cloud: InMemory, stocked: Shop, action: str) -> None:
    placed = overpaid(stocked)
    decide(stocked, placed, action)

    with nothing_changes(cloud):
        assert decide(stocked, placed, action).status == 200
        assert is_refused(decide(stocked, placed, "deliver"), errors.StrayDecided)


def test_too_little_is_not_delivered(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed, amount_received=4499)

    with nothing_changes(cloud):
        assert is_refused(decide(stocked, placed, "deliver"), errors.StrayDecided)


def test_only_money_that_is_there_can_be_decided_of(cloud: InMemory, stocked: Shop) -> None:
    placed = overpaid(stocked)

    with nothing_changes(cloud):
        assert is_refused(decide(stocked, placed, "refund", "stripe#pi_x"), errors.StrayUnknown)
        assert is_refused(decide(stocked, placed, "hold", "stripe#pi_x"), errors.RequestInvalid)


def test_a_decision_is_written_down_with_its_reason(cloud: InMemory, stocked: Shop) -> None:
    placed = overpaid(stocked)

    decide(stocked, placed, "refund")

    [entry] = cloud.table("audit").scan()["Items"]
    assert (entry["act"], entry["reason"]) == ("money_refund", "asked the buyer")
    assert entry["stray"] == f"stripe#{placed.json['payment']['reference']}"
