"""Refunds by command: what waits for a person, and what the person says."""

import pytest

from tests.admin.operator import Operator
from tests.admin.test_orders import order_id
from tests.oracles.stripe_calls import move_refund
from tests.shop import Reply, Shop


@pytest.fixture
def stuck(operator: Operator, acme: Shop) -> Reply:
    """Two cards were paid, one was there; the refund of the other is refused while its payment is
    disputed at Stripe."""
    acme.stock_up("card", ["A"])
    placed = acme.place({"card": 2})
    acme.pay(placed)
    acme.stripe.dispute(placed.json["payment"]["reference"])
    operator.cloud.invoke("schedule_follow_up", {})
    return placed


def mended(shop: Shop) -> None:
    for charge in shop.stripe.of_kind("charge"):
        shop.stripe.keep(charge, disputed=False)


def test_what_waits_for_a_person_is_listed_and_shown(operator: Operator, stuck: Reply) -> None:
    refund_id = f"{order_id(stuck)}R001"

    [waiting] = operator.done("refund", "list", "--waiting")["refunds"]
    told = operator.run("refund", "list").stdout
    shown = operator.run("order", "show", "acme", order_id(stuck)).stdout

    assert (waiting["refund_id"], waiting["state"]) == (refund_id, "stuck")
    assert "stuck" in told
    assert f"stripe by us {refund_id}, 4500 EUR minor of" in shown


def test_one_that_got_stuck_is_tried_again(operator: Operator, acme: Shop, stuck: Reply) -> None:
    refund_id = f"{order_id(stuck)}R001"
    mended(acme)
    acme.stripe.answers.pop(refund_id)  # Stripe repeats a refusal for a day

    done = operator.done("refund", "again", "acme", order_id(stuck), refund_id, "--reason", "won")
    operator.cloud.invoke("schedule_follow_up", {})

    assert done["state"] == "begun"
    assert operator.done("refund", "list") == {"refunds": []}
    [refund] = operator.done("order", "show", "acme", order_id(stuck))["refunds"]
    assert (refund["refund_id"], refund["state"]) == (refund_id, "succeeded")


def test_another_is_made_in_place_of_one_that_failed(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["A"])
    placed = acme.place({"card": 2})
    acme.pay(placed)
    operator.cloud.invoke("schedule_follow_up", {})
    [made] = [
        each
        for each in acme.stripe.of_kind("refund")
        if each["payment_intent"] == placed.json["payment"]["reference"]
    ]
    failed = move_refund(acme.stripe, made["id"], "failed")
    acme.callback(acme.stripe.event("refund.failed", failed))
    refund_id = f"{order_id(placed)}R001"

    operator.done("refund", "again", "acme", order_id(placed), refund_id, "--reason", "new card")
    operator.cloud.invoke("schedule_follow_up", {})

    refunds = operator.done("order", "show", "acme", order_id(placed))["refunds"]
    assert [each["state"] for each in refunds] == ["annulled", "succeeded"]


def test_one_is_settled_by_other_means(operator: Operator, acme: Shop, stuck: Reply) -> None:
    refund_id = f"{order_id(stuck)}R001"
    words = ("acme", order_id(stuck), refund_id, "--reason", "bank transfer")

    operator.done("refund", "settled", *words)
    operator.cloud.invoke("schedule_follow_up", {})

    shown = operator.done("order", "show", "acme", order_id(stuck))
    assert shown["refunds"][0]["state"] == "settled"
    assert shown["refunded_minor"] == 4500
    assert operator.done("refund", "list") == {"refunds": []}
    refused = operator.run("refund", "settled", *words)
    assert refused.exit_code == 1
    assert "does not wait for a person" in refused.output
