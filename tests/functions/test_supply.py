"""What bounds how many of a variant are sold: its codes, a number of units, nothing."""

import pytest

from tests.contents import nothing_changes
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.samples import sample
from tests.shop import Reply, Shop

KEYS = {"kind": "generated_key", "generated": {"pattern": {}}}
TICK = sample("schedule_expire_orders", "tick")


def available(shop: Shop, variant: str = "key") -> int:
    stock = shop.call("GET", f"/v1/merchant/variants/{variant}/stock", key="operator")
    return int(stock.json["available"])


def outcome(shop: Shop, placed: Reply) -> str:
    return str(shop.pay(placed).json["outcome"])


def test_what_has_no_end_is_sold_without_any_stock(cloud: InMemory, shop: Shop) -> None:
    shop.put_variant("key", **KEYS)

    placed = shop.place({"key": 50})

    assert outcome(shop, placed) == "delivered"
    assert cloud.table("stock").scan()["Items"] == []
    [product] = shop.call("GET", "/v1/products", key="storefront").json["products"]
    assert [variant["in_stock"] for variant in product["variants"]] == [True]


def test_a_counted_variant_sells_as_many_as_were_added(shop: Shop) -> None:
    shop.put_variant("key", supply="counted", **KEYS)
    assert shop.place({"key": 1}).problem == "sold-out"
    added = shop.add_units("key", 100, idempotency_key="first")
    assert (added.status, added.json["units"], available(shop)) == (200, 100, 100)

    most, rest = shop.place({"key": 50}), shop.place({"key": 50})
    short = shop.place({"key": 3})

    assert [outcome(shop, each) for each in (most, rest, short)] == [
        "delivered",
        "delivered",
        "refund_due",
    ]
    assert available(shop) == 0


def test_units_are_added_once_for_a_key(cloud: InMemory, shop: Shop) -> None:
    shop.put_variant("key", supply="counted", **KEYS)
    once = shop.add_units("key", 40, idempotency_key="first")

    with nothing_changes(cloud):
        assert shop.add_units("key", 40, idempotency_key="first").json == once.json
        assert (
            shop.add_units("key", 41, idempotency_key="first").problem == "idempotency-key-reused"
        )
    shop.add_units("key", 2, idempotency_key="second")
    assert available(shop) == 42


def test_held_units_come_back(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    shop.put_variant("key", supply="counted", hold_minutes=5, **KEYS)
    shop.add_units("key", 3, idempotency_key="first")
    shop.place({"key": 2})
    assert shop.place({"key": 2}).problem == "sold-out"
    clock.ahead_ms = 6 * 60_000

    assert cloud.invoke("schedule_expire_orders", TICK)["expired"] == 1

    assert available(shop) == 3
    assert shop.place({"key": 3}).status == 201


@pytest.mark.parametrize(
    ("kind", "supply"), [("code_pool", "counted"), ("code_pool", "unlimited"), ("key", "codes")]
)
def test_a_kind_has_its_own_supplies(shop: Shop, kind: str, supply: str) -> None:
    made = KEYS if kind == "key" else {}
    shop.put_variant("x", **made)
    path = "/v1/merchant/products/x/variants/x"
    body = {"title": "X", "price_minor": 1, "currency": "EUR", "supply": supply}

    assert shop.call("PUT", path, body, key="operator").problem == "supply-mismatch"


def test_codes_and_units_go_where_they_belong(shop: Shop) -> None:
    shop.put_variant("key", supply="counted", **KEYS)
    shop.put_variant("free", **KEYS)
    shop.put_variant("card")

    for variant in ("key", "free"):
        refused = shop.import_codes(variant, ["A"], idempotency_key="k")
        assert refused.problem == "supply-mismatch"
    for variant in ("card", "free"):
        assert shop.add_units(variant, 1, idempotency_key="k").problem == "supply-mismatch"
    assert shop.add_units("none", 1, idempotency_key="k").problem == "variant-unknown"
    assert shop.add_units("key", 100_001, idempotency_key="k").problem == "request-invalid"
