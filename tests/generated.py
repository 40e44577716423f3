"""Products whose keys Scrip makes, and a key of one as if it had been sold and read."""

from collections.abc import Mapping
from typing import Any

import boto3

from scrip.adapters.key_registry import KeyRegistry
from scrip.adapters.keys import Keys
from scrip.adapters.merchant_keys import MerchantKeys
from scrip.adapters.tables import Table
from scrip.domain.activation import KeyRecord, mark_of
from scrip.domain.key_pattern import Pattern, code_from, shown
from tests.shop import Reply, Shop

CODE = code_from(Pattern(), bytes(range(64)))
KEY = shown(Pattern(), CODE)
GUESS = code_from(Pattern(), bytes(range(1, 65)))
"""Looks like a key of that product, and is none."""


def put_generated(shop: Shop, product_id: str = "editor", **generated: Any) -> Reply:
    body = {"title": "Editor", "kind": "generated_key", "generated": generated}
    return shop.call("PUT", f"/v1/merchant/products/{product_id}", body, key="operator")


def sell_generated(
    shop: Shop, product_id: str, supply: str = "unlimited", **generated: Any
) -> None:
    """The product on sale, with one variant of its own name."""
    assert put_generated(shop, product_id, **generated).status == 200
    path = f"/v1/merchant/products/{product_id}/variants/{product_id}"
    variant = {"title": product_id, "price_minor": 4500, "currency": "EUR", "supply": supply}
    assert shop.call("PUT", path, variant, key="operator").status == 200


def register(deployment: Mapping[str, str], shop: Shop, *, until_ms: int = 0) -> str:
    """The mark of `KEY`, now a key of the product `editor`. `deployment`: the stack's outputs."""
    dynamodb, kms = boto3.client("dynamodb"), boto3.client("kms")
    keys = Keys(kms, deployment["VaultKeyArn"])
    merchants = Table(dynamodb, deployment["MerchantsTable"])
    mark = mark_of(MerchantKeys(merchants, keys, "registry").of(shop.merchant_id), CODE)
    record = KeyRecord(mark, "editor", "editor-1y", "7K2M9Q4XTB3WHD5N.0.0", until_ms, {})
    registry = KeyRegistry(Table(dynamodb, deployment["GeneratedKeysTable"]))
    assert registry.register(shop.merchant_id, record)
    return mark


def ask(shop: Shop, verb: str, key: str = KEY, device: str = "device-1", **more: str) -> Reply:
    """An application asks about a key: `verb` is activate, deactivate or validate."""
    about = {"merchant_id": shop.merchant_id, "product_id": "editor", "key": key, "device": device}
    return shop.call("POST", f"/v1/keys/{verb}", about | more)


def look_up(shop: Shop, verb: str, key: str = KEY, product_id: str = "editor") -> Reply:
    """The merchant looks at a key (`verb` read) or frees its seats (free)."""
    body = {"product_id": product_id, "key": key}
    return shop.call("POST", f"/v1/merchant/generated-keys/{verb}", body, key="operator")
