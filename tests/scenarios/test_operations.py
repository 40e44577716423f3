"""Every operation that is documented is deployed, and does what its document says."""

import json
import os
import secrets
from unittest import mock

import pytest

from scrip.contracts.openapi import OPERATIONS
from tests.generated import ask, sell_generated
from tests.reselling import ResellerClient
from tests.reselling import open_account as open_reseller
from tests.scenarios.deployed import Deployed
from tests.shop import Reply, Shop
from tests.top_ups import PHONE, hand_over, open_account, order_top_up, sell_top_up

pytestmark = pytest.mark.cloud


def test_every_operation_succeeds_for_who_may_ask(deployed: Deployed) -> None:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")

    replies = ask_everything(deployed, shop)

    assert {name: reply.status // 100 for name, reply in replies.items()} == {
        operation.name: 2 for operation in OPERATIONS
    }


def ask_everything(deployed: Deployed, shop: Shop) -> dict[str, Reply]:
    """A success of every operation, by its name."""
    code = f"CODE-{secrets.token_hex(8)}"
    replies: dict[str, Reply] = {}
    product, variant = "/v1/merchant/products/card", "/v1/merchant/variants/card"
    replies["put_product"] = shop.call("PUT", product, {"title": "Card"}, key="operator")
    body = {"title": "Card", "price_minor": 4500, "currency": "EUR"}
    path = f"{product}/variants/card"
    replies["put_variant"] = shop.call("PUT", path, body, key="operator")
    replies["import_codes"] = shop.import_codes("card", [code], idempotency_key="first")
    replies["read_product"] = shop.call("GET", product, key="operator")
    replies["list_all_products"] = shop.call("GET", "/v1/merchant/products", key="operator")
    replies["read_stock"] = shop.call("GET", f"{variant}/stock", key="operator")
    replies["put_offer"] = shop.put_offer("card", 1)
    replies["list_products"] = shop.call("GET", "/v1/products", key="storefront")
    placed = replies["place_order"] = shop.place({"card": 1})
    replies["accept_payment"] = shop.pay(placed)
    replies["read_order"] = shop.read(placed)
    replies["reveal_codes"] = shop.reveal(placed)
    replies["read_openapi"] = shop.call("GET", "/v1/openapi.json")
    orders = "/v1/merchant/orders"
    replies["list_orders"] = shop.call("GET", f"{orders}?state=delivered&limit=5", key="finance")
    order_id = placed.json["order"]["order_id"]
    replies["read_merchant_order"] = shop.call("GET", f"{orders}/{order_id}", key="operator")
    keys, wanted = "/v1/merchant/keys", {"scope": "finance", "label": "books"}
    issued = replies["issue_key"] = shop.call("POST", keys, wanted, key="operator")
    replies["list_keys"] = shop.call("GET", keys, key="operator")
    key_id = issued.json["key"]["key_id"]
    replies["revoke_key"] = shop.call("DELETE", f"{keys}/{key_id}", key="operator")
    replies |= _after_sale(shop) | _two_people(shop) | _generated(shop) | _files(shop)
    replies |= _top_ups(deployed, shop)
    replies |= _resale(deployed, shop)
    assert [each["code"] for each in replies["reveal_codes"].json["codes"]] == [code]
    assert [each["order_id"] for each in replies["list_orders"].json["orders"]] == [order_id]
    return replies


def _two_people(shop: Shop) -> dict[str, Reply]:
    """Unsold codes that leave, and some that stay."""
    shop.stock_up("left", [f"LEFT-{secrets.token_hex(8)}" for _ in range(3)])
    asked, other = shop.ask_export("left", 1), shop.ask_export("left", 2)
    path = f"/v1/merchant/exports/{asked.json['export_id']}"
    return {
        "request_export": asked,
        "read_export": shop.call("GET", path, key="finance"),
        "approve_export": shop.export(asked, "approve", key="second operator"),
        "download_export": shop.export(asked, "download"),
        "refuse_export": shop.export(other, "refuse", key="second operator"),
    }


def _generated(shop: Shop) -> dict[str, Reply]:
    """A key that is made, used, looked at and freed."""
    sell_generated(shop, "editor", activation_limit=1)
    shop.put_variant("few", kind="generated_key", generated={"pattern": {}}, supply="counted")
    placed = shop.place({"editor": 1})
    assert shop.pay(placed).status == 200
    [key] = shop.codes(placed)
    named = {"product_id": "editor", "key": key}
    kept = "/v1/merchant/generated-keys"
    well_known = f"/.well-known/scrip/{shop.merchant_id}/licence-keys.json"
    return {
        "add_units": shop.add_units("few", 3, idempotency_key="few"),
        "activate_key": ask(shop, "activate", key=key),
        "validate_key": ask(shop, "validate", key=key),
        "read_generated_key": shop.call("POST", f"{kept}/read", named, key="operator"),
        "deactivate_key": ask(shop, "deactivate", key=key),
        "free_seats": shop.call("POST", f"{kept}/free", named, key="operator"),
        "rotate_licence_key": shop.call("POST", "/v1/merchant/licence-keys", key="operator"),
        "read_licence_keys": shop.call("GET", well_known),
    }


def _files(shop: Shop) -> dict[str, Reply]:
    path = "/v1/merchant/variants/card/imports"
    opened = shop.call(
        "POST",
        path,
        {"file_name": "codes.csv"},
        key="operator",
        headers={"idempotency-key": "file"},
    )
    read = f"/v1/merchant/imports/{opened.json['import_id']}"
    return {
        "open_import": opened,
        "read_import": shop.call("GET", read, key="operator"),
        "list_imports": shop.call("GET", "/v1/merchant/imports", key="operator"),
    }


def _money(shop: Shop) -> dict[str, Reply]:
    """A delivered order whose payment is told with two amounts, owes some of it, and is frozen."""
    shop.stock_up("owing", [f"OWING-{secrets.token_hex(8)}"])
    placed = shop.place({"owing": 1})
    assert [shop.pay(placed).status, shop.pay(placed, amount_received=4499).status] == [200, 200]
    order = f"/v1/merchant/orders/{placed.json['order']['order_id']}"
    stray = {"stray_id": f"stripe#{placed.json['payment']['reference']}#4499EUR"}
    decision = stray | {"action": "nothing", "reason": "asked Stripe"}
    owed = {"refund_due_minor": 100, "reason": "came late"}
    return {
        "decide_stray": shop.call(
            "POST", f"{order}/stray-payments/decide", decision, key="operator"
        ),
        "set_refund_due": shop.call("PUT", f"{order}/refund-due", owed, key="operator"),
        "freeze_order": shop.freeze(placed, frozen=True),
        "read_evidence": shop.evidence(placed),
    }


def _top_ups(deployed: Deployed, shop: Shop) -> dict[str, Reply]:
    """One that waits for a person, and of which its supplier has news."""
    with mock.patch.dict(os.environ, deployed.cloud.environment()):
        open_account(deployed.cloud.outputs, shop.merchant_id)
        sell_top_up(shop)
        placed = order_top_up(shop)
        unit = hand_over(deployed.cloud.outputs, placed)
    assert shop.pay(placed).status == 200
    path = f"/v1/merchant/orders/{unit.order_id}/top-ups"
    verdict = {"line": 0, "unit": 0, "verdict": "succeeded", "reason": "asked by phone"}
    told = json.dumps({"external_id": unit.reference(0)}).encode()
    beforehand = {"variant_id": "minutes", "filled": {"phone": PHONE}}
    return {
        "check_top_up": shop.call("POST", "/v1/top-ups/checks", beforehand, key="storefront"),
        "hear_supplier": shop.hear(told, {"content-type": "application/json"}, "told"),
        "read_top_ups": shop.call("GET", path, key="operator"),
        "read_routes": shop.call("GET", "/v1/merchant/variants/minutes/routes", key="finance"),
        "decide_top_up": shop.call("POST", f"{path}/decide", verdict, key="operator"),
    }


def _resale(deployed: Deployed, shop: Shop) -> dict[str, Reply]:
    """What another shop does that sells its goods."""
    with mock.patch.dict(os.environ, deployed.cloud.environment()):
        open_reseller(deployed.cloud.outputs, shop.merchant_id, balance=18_000)
    shop.stock_up("resold", [f"RESOLD-{secrets.token_hex(8)}"])
    client = ResellerClient(shop.carrier, shop.merchant_id)
    assert client.order("resold", 2, "A-2").json["state"] == "failed"  # there is one
    return {
        "list_resale_prices": client.call("GET", "prices"),
        "place_resale_order": client.order("resold"),
        "read_resale_order": client.read(),
        "reveal_resale_codes": client.codes(),
        "cancel_resale_order": client.cancel("A-2"),
        "read_resale_balance": client.call("GET", "balance"),
    }


def _after_sale(shop: Shop) -> dict[str, Reply]:
    """What becomes of a delivery, and of the orders that have codes of it."""
    shop.stock_up("bad", [f"BAD-{secrets.token_hex(8)}" for _ in range(3)])
    seen, unseen = shop.place({"bad": 1}), shop.place({"bad": 1})
    assert [shop.pay(placed).status for placed in (seen, unseen)] == [200, 200]
    batches = "/v1/merchant/variants/bad/batches"
    replies = {"replace_code": shop.replace(seen), "return_codes": shop.take_back(unseen)}
    replies |= _money(shop)
    replies["recall_batch"] = shop.recall("bad")
    replies["read_batch"] = shop.read_batch("bad")
    replies["list_batches"] = shop.call("GET", batches, key="finance")
    replies["list_batch_orders"] = shop.call("GET", shop.batch("bad", "orders"), key="finance")
    replies["view_masked_codes"] = shop.masked(seen)
    replies["shred_unit"] = shop.shred_unit(seen)
    replies["shred_batch"] = shop.shred_batch("bad")
    return replies
