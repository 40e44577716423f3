"""A delivery turns out to be bad: it is recalled, its buyers are found and made good."""

import secrets

import pytest

from tests.scenarios.deployed import Deployed
from tests.shop import Reply, Shop

pytestmark = pytest.mark.cloud


def test_a_bad_delivery_is_taken_off_sale_and_its_buyers_are_made_good(deployed: Deployed) -> None:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    shop.stock_up("card", [f"BAD-{secrets.token_hex(8)}" for _ in range(40)])
    bad = shop.batches["card"]
    seen, unseen, late = bought(shop), bought(shop), shop.place({"card": 1})
    [bad_code] = shop.codes(seen)

    recalled = shop.recall("card", bad).json
    assert (recalled["recalled"], recalled["complete"]) == (38, True)
    assert shop.place({"card": 1}).problem == "sold-out"
    good = [f"GOOD-{secrets.token_hex(8)}" for _ in range(5)]
    shop.stock_up("card", good)
    assert shop.pay(late).json["outcome"] == "delivered"
    assert {*shop.codes(late)} <= {*good}

    told = {each["order_id"]: each["revealed"] for each in shop.sold_codes("card", bad)}
    assert told == {order_id(seen): True, order_id(unseen): False}
    assert shop.replace(seen).status == 200
    assert shop.take_back(seen).problem == "code-replaced"
    assert shop.take_back(unseen).json["refund_due_minor"] == 4500

    shown = shop.reveal(seen).json["codes"]
    assert [each["replacement"] for each in shown] == [True]
    assert shown[0]["code"] in good
    assert shown[0]["code"] != bad_code
    assert shop.read(unseen).json["state"] == "refund_due"
    assert shop.take_back(late).problem == "codes-revealed"
    [listed] = [
        each
        for each in shop.call("GET", "/v1/merchant/variants/card/batches", key="finance").json[
            "batches"
        ]
        if each["batch_id"] == bad
    ]
    assert listed["state"] == "recalled"
    shop.batches["card"] = bad
    assert shop.shred_batch("card").status == 200


def bought(shop: Shop) -> Reply:
    placed = shop.place({"card": 1})
    assert shop.pay(placed).json["outcome"] == "delivered"
    return placed


def order_id(placed: Reply) -> str:
    return str(placed.json["order"]["order_id"])
