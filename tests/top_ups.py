"""Goods that suppliers charge to a buyer's account, and what becomes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import boto3
import msgspec

from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.tables import Table
from scrip.domain.line import Fate
from scrip.domain.order import FulfillingOrder
from scrip.wiring.clients import provider_http
from tests.in_memory import InMemory
from tests.shop import Reply, Shop
from tests.suppliers.configured_making import REST

PHONE = "+4915112345678"
FORM = (
    {"name": "phone", "label": "Phone", "kind": "phone"},
    {
        "name": "network",
        "label": "Network",
        "kind": "choice",
        "choices": [{"value": "red", "label": "Red"}, {"value": "blue", "label": "Blue"}],
        "required": False,
    },
)
ROUTES: tuple[dict[str, Any], ...] = (
    {"supplier": "main", "sku": "DE-RED-10", "worth_minor": 1000, "worth_currency": "EUR"},
)


def open_account(values: Mapping[str, str], merchant_id: str) -> None:
    """With a supplier that is nowhere, in the deployment with these values."""
    merchants = Merchants(Table(boto3.client("dynamodb"), values["MerchantsTable"]))
    keys = Keys(boto3.client("kms"), values["VaultKeyArn"])
    nowhere = REST | {"api": "https://supplier.invalid"}
    suppliers = Suppliers(merchants, keys, provider_http())
    suppliers.set(merchant_id, ROUTES[0]["supplier"], "configured", msgspec.json.encode(nowhere))


def sell_top_up(
    shop: Shop, variant: str = "minutes", form: Sequence[Mapping[str, Any]] = FORM, **changes: Any
) -> None:
    """On sale at 10.00 EUR, of a shop with that account."""
    settings = {"price": 1000, "routes": list(ROUTES)} | changes
    shop.put_variant(variant, kind="top_up", form=list(form), **settings)


def order_top_up(
    shop: Shop, quantity: int = 1, codes: dict[str, int] | None = None, *, phone: str = PHONE
) -> Reply:
    """So many of `minutes`, and codes."""
    lines = {"minutes": quantity} | (codes or {})
    return shop.place(lines, filled={"minutes": {"phone": phone}})


def end_unit(cloud: InMemory, placed: Reply, unit: int, fate: Fate, at_ms: int) -> None:
    """What a supplier said of one unit of the first line, written down."""
    name = cloud.values["OrdersTable"]
    orders = Orders(Table(boto3.client("dynamodb"), name))
    merchant_id = placed.json["order_token"].split("_")[1]
    seen = orders.find(merchant_id, placed.json["order"]["order_id"], consistent=True)
    assert isinstance(seen, FulfillingOrder)
    orders.end_unit(seen, seen.end_unit(0, unit, fate, at_ms), at_ms)
