"""A number on offer: orders have at most so many of what is in stock."""

import pytest

from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.samples import sample
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
KEYS = {"kind": "generated_key", "generated": {"pattern": {}}, "supply": "counted"}


def codes(count: int, name: str = "CODE") -> list[str]:
    return [f"{name}-{n:03d}" for n in range(count)]


def levels(shop: Shop, variant: str = "card") -> tuple[int, int]:
    """On offer and kept."""
    seen = shop.call("GET", f"/v1/merchant/variants/{variant}/stock", key="operator").json
    return seen["available"], seen["kept"]


def shown(shop: Shop) -> list[tuple[bool, int | None]]:
    listed = shop.call("GET", "/v1/products", key="storefront").json["products"]
    return [(v["in_stock"], v["left"]) for each in listed for v in each["variants"]]


def sold(shop: Shop, **lines: int) -> Reply:
    placed = shop.place(lines)
    assert placed.status == 201, placed.text
    assert shop.pay(placed).json["outcome"] == "delivered"
    return placed


def test_orders_have_at_most_so_many(shop: Shop) -> None:
    shop.stock_up("card", codes(50))

    answer = shop.put_offer("card", 7)

    assert (answer.status, answer.json) == (200, {"variant_id": "card", "offered": 7, "kept": 43})
    assert levels(shop) == (7, 43)
    sold(shop, card=5)
    sold(shop, card=2)
    assert shop.place({"card": 1}).problem == "sold-out"
    assert levels(shop) == (0, 43)


def test_the_same_number_again_means_so_many_from_now_on(shop: Shop) -> None:
    shop.stock_up("card", codes(50))
    shop.put_offer("card", 7)
    sold(shop, card=5)

    assert shop.put_offer("card", 7).json["offered"] == 7

    sold(shop, card=7)
    assert shop.place({"card": 1}).problem == "sold-out"


def test_without_a_number_all_is_on_offer_again(shop: Shop) -> None:
    shop.stock_up("card", codes(50))
    shop.put_offer("card", 0)
    assert shop.place({"card": 1}).problem == "sold-out"

    assert shop.put_offer("card", None).json == {"variant_id": "card", "offered": 50, "kept": 0}

    sold(shop, card=50)


def test_what_is_imported_meanwhile_is_kept(shop: Shop) -> None:
    shop.stock_up("card", codes(5))
    shop.put_offer("card", 9)

    shop.stock_up("card", codes(20, "MORE"))

    assert levels(shop) == (5, 20)
    assert shop.put_offer("card", 9).json["offered"] == 9


def test_counted_units_are_taken_back_by_offering_fewer(shop: Shop) -> None:
    shop.put_variant("key", **KEYS)
    shop.add_units("key", 100, idempotency_key="one")

    assert shop.put_offer("key", 40).json == {"variant_id": "key", "offered": 40, "kept": 60}

    sold(shop, key=40)
    assert shop.place({"key": 1}).problem == "sold-out"


def test_what_has_no_stock_has_no_number(shop: Shop) -> None:
    shop.put_variant("key", kind="generated_key", generated={"pattern": {}})

    refused = shop.put_offer("key", 40)

    assert (refused.status, refused.problem) == (409, "supply-mismatch")
    assert "counted" in refused.json["detail"]
    assert shop.put_offer("nothing", 40).problem == "variant-unknown"


def test_the_storefront_tells_how_many_are_left_of_a_number(shop: Shop) -> None:
    shop.stock_up("card", codes(50))
    assert shown(shop) == [(True, None)]

    shop.put_offer("card", 7)

    assert shown(shop) == [(True, 7)]
    sold(shop, card=7)
    assert shown(shop) == [(False, 0)]
    shop.put_offer("card", None)
    assert shown(shop) == [(True, None)]


def test_many_that_are_left_are_not_counted_for_a_list(shop: Shop) -> None:
    shop.put_variant("key", **KEYS)
    shop.add_units("key", 10_000, idempotency_key="one")

    shop.put_offer("key", 9_000)

    assert shown(shop) == [(True, None)]


def test_only_what_was_taken_under_the_number_goes_back_on_offer(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    shop.stock_up("card", codes(30))
    shop.put_variant("card", hold_minutes=10)
    shop.place({"card": 4})
    shop.put_offer("card", 6)
    shop.place({"card": 5})
    assert levels(shop) == (1, 20)

    clock.ahead_ms = 11 * MINUTE_MS
    cloud.invoke("schedule_expire_orders", sample("schedule_expire_orders", "tick"))

    assert levels(shop) == (6, 24)


def test_an_order_that_was_placed_before_still_has_what_it_was_promised(shop: Shop) -> None:
    shop.stock_up("card", codes(30))
    before = shop.place({"card": 3})

    shop.put_offer("card", 0)

    assert shop.pay(before).json["outcome"] == "delivered"
    assert levels(shop) == (0, 27)


def test_replacements_and_exports_take_what_is_kept(shop: Shop) -> None:
    shop.stock_up("card", codes(30))
    shop.put_offer("card", 10)
    placed = sold(shop, card=2)

    assert shop.replace(placed).status == 200
    asked = shop.ask_export("card", 5)
    assert shop.export(asked, "approve", key="second operator").json["claimed"] == 5

    assert levels(shop) == (8, 14)


def test_an_export_takes_what_is_on_offer_when_no_more_is_kept(shop: Shop) -> None:
    shop.stock_up("card", codes(30))
    shop.put_offer("card", 10)

    asked = shop.ask_export("card", 25)
    assert shop.export(asked, "approve", key="second operator").json["claimed"] == 25

    assert levels(shop) == (5, 0)


def test_a_recall_finds_what_is_kept(shop: Shop) -> None:
    shop.stock_up("card", codes(30))
    shop.put_offer("card", 10)
    sold(shop, card=4)

    recalled = shop.recall("card")

    assert recalled.status == 200, recalled.text
    assert levels(shop) == (0, 0)
    assert recalled.json["recalled"] == 26


def test_setting_a_number_is_no_sale(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    shop.stock_up("card", codes(30))
    cloud.invoke("schedule_watch_stock", {})
    shop.put_offer("card", 20)
    clock.ahead_ms = 25 * 60 * MINUTE_MS

    seen = shop.call("GET", "/v1/merchant/variants/card/stock", key="operator").json

    assert (seen["sold_per_day"], seen["days_left"]) == (0, None)


@pytest.mark.parametrize("units", [-1, 1.5, "7", 10**10])
def test_a_number_is_a_whole_one(shop: Shop, units: int) -> None:
    shop.stock_up("card", codes(3))

    assert shop.put_offer("card", units).status == 422
    assert levels(shop) == (3, 0)
