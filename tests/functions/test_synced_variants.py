"""What a merchant may say of variants whose units follow a supplier's level."""

from typing import Any

import pytest

from tests.contents import nothing_changes
from tests.functions.test_schedule_sync_stock import KEYS, follow
from tests.in_memory import InMemory
from tests.oracles.supplier_server import SupplierServer
from tests.shop import Shop


def test_a_variant_says_whose_level_it_follows(shop: Shop, outlet: SupplierServer) -> None:
    follow(shop)

    product = shop.call("GET", "/v1/merchant/products/key", key="operator")

    source = {"supplier": "outlet", "sku": "key-1", "stale_minutes": 30}
    assert product.json["variants"][0]["synced_from"] == source
    added = shop.add_units("key", 1, idempotency_key="k")
    assert added.problem == "supply-mismatch"
    assert "outlet" in added.json["detail"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"synced_from": {"supplier": "nobody", "sku": "x"}}, "supplier-unknown"),
        ({"supply": "unlimited"}, "supply-mismatch"),
        ({"hold_minutes": 5}, "request-invalid"),
        ({"synced_from": {"supplier": "outlet", "sku": "a b"}}, "request-invalid"),
        ({"synced_from": {"supplier": "outlet"}}, "request-invalid"),
        (
            {"synced_from": {"supplier": "outlet", "sku": "x", "stale_minutes": 9}},
            "request-invalid",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(
    cloud: InMemory, shop: Shop, outlet: SupplierServer, changes: dict[str, Any], problem: str
) -> None:
    shop.put_variant("key", **KEYS)
    body = {
        "title": "Key",
        "price_minor": 1,
        "currency": "EUR",
        "supply": "counted",
        "synced_from": {"supplier": "outlet", "sku": "x"},
    }
    path = "/v1/merchant/products/key/variants/key"

    with nothing_changes(cloud):
        reply = shop.call("PUT", path, body | changes, key="operator")

    assert reply.problem == problem
