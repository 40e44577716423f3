"""A dispute and held money, through the deployed API: frozen, shown, told, decided, carried out."""

import secrets

import pytest

from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from tests.scenarios.deployed import Deployed, wait_until
from tests.shop import Reply, Shop

pytestmark = pytest.mark.cloud

AT = 1_790_000_000


@pytest.fixture
def shop(deployed: Deployed) -> Shop:
    opened = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    opened.stock_up("card-50", [f"CODE-{secrets.token_hex(8)}" for _ in range(6)])
    return opened


def view(shop: Shop, placed: Reply) -> Reply:
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}"
    return shop.call("GET", path, key="finance")


def free(shop: Shop) -> int:
    return int(
        shop.call("GET", "/v1/merchant/variants/card-50/stock", key="operator").json["available"]
    )


@pytest.mark.parametrize("deployed", ["open"], indirect=True)  # the other's Stripe has no disputes
def test_a_lost_dispute_freezes_its_order_and_unseen_codes_are_sold_again(
    deployed: Deployed, shop: Shop
) -> None:
    placed = shop.place({"card-50": 2})
    assert shop.pay(placed).json["outcome"] == "delivered"
    assert free(shop) == 4

    assert shop.dispute(placed, "needs_response", at=AT).json["outcome"] == "disputed"
    assert shop.reveal(placed).status == 409
    assert shop.evidence(placed).json["disputes"][0]["state"] == "opened"
    assert shop.dispute(placed, "lost", at=AT + 1).json["outcome"] == "disputed"

    def back() -> bool:
        deployed.invoke("ScheduleFollowUp")
        return free(shop) == 6

    wait_until(back)
    seen = view(shop, placed).json
    assert (seen["frozen"], seen["refund_due_minor"], seen["lines"][0]["claimed"]) == (True, 0, 0)


def test_held_money_is_delivered_once_a_person_says_so(deployed: Deployed, shop: Shop) -> None:
    merchants = Merchants(
        Table(deployed.cloud.client("dynamodb"), deployed.cloud.outputs["MerchantsTable"])
    )
    merchants.change(shop.merchant_id, payment_policy={"over": "hold"})
    merchants.change(shop.merchant_id, notify_email="boss@shop.example")
    placed = shop.place({"card-50": 1})
    assert shop.pay(placed, amount_received=4600).json["outcome"] == "stray"
    [stray] = view(shop, placed).json["stray_payments"]
    [mail] = wait_until(lambda: deployed.mails(placed.json["order"]["order_id"]))
    assert mail["Subject"].endswith("46.00 EUR waits for your decision")

    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/stray-payments/decide"
    body = {"stray_id": stray["stray_id"], "action": "deliver", "reason": "a tip"}
    assert shop.call("POST", path, body, key="operator").status == 200

    def readable() -> bool:
        deployed.invoke("ScheduleFollowUp")
        return shop.reveal(placed).status == 200

    wait_until(readable)
    seen = view(shop, placed).json
    assert (seen["state"], seen["refund_due_minor"]) == ("refund_due", 100)
    assert seen["stray_payments"] == []
