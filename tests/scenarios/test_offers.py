"""A sale of a few pieces: many buyers at once, and no more are sold than were offered."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scenarios.deployed import Deployed
from tests.shop import Reply

pytestmark = pytest.mark.cloud

BUYERS = 24
OFFERED = 7


def test_buyers_at_once_have_as_many_as_are_offered(deployed: Deployed) -> None:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    shop.stock_up("card", [f"CODE-{secrets.token_hex(8)}" for _ in range(40)])
    shop.put_variant("card", hold_minutes=10)
    before = shop.place({"card": 2})
    offered = shop.put_offer("card", OFFERED)
    assert offered.json == {"variant_id": "card", "offered": OFFERED, "kept": 38 - OFFERED}

    def buy(number: int) -> Reply:
        return shop.place({"card": 1}, idempotency_key=f"buyer-{number}")

    with ThreadPoolExecutor(8) as pool:
        placed = list(pool.map(buy, range(BUYERS)))

    bought = [each for each in placed if each.status == 201]
    assert len(bought) == OFFERED
    assert {each.problem for each in placed if each not in bought} == {"sold-out"}
    assert all(shop.pay(each).json["outcome"] == "delivered" for each in [before, *bought])
    [product] = shop.call("GET", "/v1/products", key="storefront").json["products"]
    assert [(v["in_stock"], v["left"]) for v in product["variants"]] == [(False, 0)]
    assert shop.put_offer("card", None).json["offered"] == 38 - OFFERED
