"""An order that nobody pays expires; money that comes late is still honoured."""

import secrets
import time

import pytest

from scrip.domain.order import listing_place
from tests.scenarios.deployed import Deployed, wait_until
from tests.shop import Reply, Shop

pytestmark = pytest.mark.cloud

WINDOW_MS = 60 * 60_000
LAG_MS = 60_000


def test_an_unpaid_order_expires_and_late_money_still_buys(deployed: Deployed) -> None:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    shop.stock_up("card-50", [f"CODE-{secrets.token_hex(8)}" for _ in range(3)])
    old, young = shop.place({"card-50": 1}), shop.place({"card-50": 1})
    make_older(deployed, shop, old)

    wait_until(lambda: sweep_and_read(deployed, shop, old) == "expired")

    assert shop.read(young).json["state"] == "pending"
    assert shop.pay(old).json["outcome"] == "delivered"
    assert len(shop.codes(old)) == 1


def make_older(deployed: Deployed, shop: Shop, placed: Reply, by_ms: int = 0) -> None:
    """As if it had been placed an hour ago, or that much longer: due within a moment, so that no
    sweep was past it."""
    order_id = placed.json["order"]["order_id"]
    placed_at_ms = time.time_ns() // 1_000_000 - WINDOW_MS - LAG_MS + 500 - by_ms
    deployed.cloud.client("dynamodb").update_item(
        TableName=deployed.cloud.outputs["OrdersTable"],
        Key={"pk": {"S": f"{shop.merchant_id}#{order_id}"}},
        UpdateExpression="SET placed = :placed, placed_at_ms = :at, expires_at_ms = :due",
        ExpressionAttributeValues={
            ":placed": {"S": listing_place(placed_at_ms, order_id)},
            ":at": {"N": str(placed_at_ms)},
            ":due": {"N": str(placed_at_ms + WINDOW_MS)},
        },
    )


def sweep_and_read(deployed: Deployed, shop: Shop, placed: Reply) -> str:
    deployed.invoke("ScheduleExpireOrders")
    return str(shop.read(placed).json["state"])
