"""Money that is not for the order as it stands: set beside it, once, and never lost."""

from typing import Any

import boto3
import pytest

from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from tests.contents import nothing_changes
from tests.functions.test_api_accept_payment import order_of
from tests.in_memory import InMemory
from tests.shop import Shop


def merchants_of(cloud: InMemory) -> Merchants:
    return Merchants(Table(boto3.client("dynamodb"), cloud.values["MerchantsTable"]))


def test_a_second_payment_is_a_stray_recorded_once(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed)
    codes = stocked.codes(placed)

    first = stocked.pay(placed, id="pi_second")
    with nothing_changes(cloud):
        again = stocked.pay(placed, id="pi_second")

    assert (first.json["outcome"], again.json["outcome"]) == ("stray", "duplicate")
    assert order_of(stocked, placed)["stray_payments"] == [
        beside("pi_second", 4500, "EUR", "second", "refund")
    ]
    assert order_of(stocked, placed)["state"] == "delivered"
    assert stocked.codes(placed) == codes


def test_the_same_transaction_with_another_amount_is_for_a_human(
    cloud: InMemory, stocked: Shop
) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed)

    told = stocked.pay(placed, amount_received=4499)
    with nothing_changes(cloud):
        again = [stocked.pay(placed, amount_received=4499), stocked.pay(placed)]

    assert told.json["outcome"] == "stray"
    assert [each.json["outcome"] for each in again] == ["duplicate", "duplicate"]
    seen = order_of(stocked, placed)
    reference = placed.json["payment"]["reference"]
    assert seen["stray_payments"] == [beside(reference, 4499, "EUR", "changed", "hold")]
    assert (seen["state"], seen["transaction_id"]) == ("delivered", reference)


def beside(transaction: str, amount: int, currency: str, case: str, action: str) -> dict[str, Any]:
    amounted = f"#{amount}{currency}" if case == "changed" else ""
    return {
        "stray_id": f"stripe#{transaction}{amounted}",
        "provider": "stripe",
        "transaction_id": transaction,
        "amount_minor": amount,
        "currency": currency,
        "case": case,
        "action": action,
    }


@pytest.mark.parametrize(
    ("changes", "case"),
    [({"amount_received": 4499}, "short"), ({"currency": "usd"}, "other_currency")],
)
def test_money_that_does_not_cover_an_order_stands_beside_it(
    cloud: InMemory, stocked: Shop, changes: dict[str, Any], case: str
) -> None:
    placed = stocked.place({"card-50": 1})

    told = stocked.pay(placed, **changes)
    with nothing_changes(cloud):
        again = stocked.pay(placed, **changes)

    assert (told.json["outcome"], again.json["outcome"]) == ("stray", "duplicate")
    seen = order_of(stocked, placed)
    reference = placed.json["payment"]["reference"]
    amount, currency = changes.get("amount_received", 4500), changes.get("currency", "eur")
    assert seen["stray_payments"] == [beside(reference, amount, currency.upper(), case, "refund")]
    assert seen["state"] == "pending"
    assert stocked.reveal(placed).status == 409


def test_an_order_with_money_beside_it_can_still_be_paid(stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed, amount_received=1)

    paid = stocked.pay(placed, id="pi_another")

    assert paid.json["outcome"] == "delivered"
    assert len(stocked.codes(placed)) == 1


def test_money_being_given_back_cannot_settle_the_order(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed, amount_received=1)

    told = stocked.pay(placed)

    assert told.json["outcome"] == "stray"
    cases = [each["case"] for each in order_of(stocked, placed)["stray_payments"]]
    assert sorted(cases) == ["changed", "short"]
    assert stocked.reveal(placed).status == 409


def test_too_much_is_delivered_and_the_rest_is_owed(stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})

    paid = stocked.pay(placed, amount_received=4501)

    assert paid.json["outcome"] == "refund_due"
    assert stocked.read(placed).json["refund_due_minor"] == 1
    assert len(stocked.codes(placed)) == 1


@pytest.mark.parametrize("action", ["refund", "hold"])
def test_a_merchant_chooses_what_becomes_of_too_much(
    cloud: InMemory, stocked: Shop, action: str
) -> None:
    merchants_of(cloud).change("demo", payment_policy={"over": action})
    placed = stocked.place({"card-50": 1})

    paid = stocked.pay(placed, amount_received=4501)

    assert paid.json["outcome"] == "stray"
    [stray] = order_of(stocked, placed)["stray_payments"]
    assert (stray["case"], stray["action"]) == ("over", action)
    assert stocked.reveal(placed).status == 409


def test_a_choice_changed_meanwhile_does_not_change_what_was_decided(
    cloud: InMemory, stocked: Shop
) -> None:
    merchants_of(cloud).change("demo", payment_policy={"over": "refund"})
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed, amount_received=4501)

    merchants_of(cloud).change("demo", payment_policy={"over": "deliver"})
    with nothing_changes(cloud):
        again = stocked.pay(placed, amount_received=4501)

    assert again.json["outcome"] == "duplicate"
    assert stocked.reveal(placed).status == 409
