"""Goods that suppliers charge to a buyer's account, and what becomes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import boto3
import msgspec

from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.tables import Table
from scrip.adapters.top_ups import TopUps
from scrip.domain.attempt import AttemptState
from scrip.domain.line import Fate
from scrip.domain.order import FulfillingOrder
from scrip.domain.route import Route
from scrip.domain.top_up import Unit, begun
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
    """With a supplier that is nowhere, in the deployment with these values; and one of whom we only
    hear, under `told`."""
    merchants = Merchants(Table(boto3.client("dynamodb"), values["MerchantsTable"]))
    keys = Keys(boto3.client("kms"), values["VaultKeyArn"])
    nowhere = REST | {"api": "https://supplier.invalid"}
    suppliers = Suppliers(merchants, keys, provider_http())
    suppliers.set(merchant_id, ROUTES[0]["supplier"], "configured", msgspec.json.encode(nowhere))
    told = {"api_key": "key-of-a-test", "api_secret": "secret-of-a-test", "currency": "EUR"}
    suppliers.set(merchant_id, "told", "dtone", msgspec.json.encode(told))


def hand_over(values: Mapping[str, str], placed: Reply) -> Unit:
    """The order's one unit waits for a person, before anything of it was begun."""
    merchant_id, order_id = (
        placed.json["order_token"].split("_")[1],
        placed.json["order"]["order_id"],
    )
    unit, route = Unit(merchant_id, order_id, 0, 0), Route(ROUTES[0]["supplier"], ROUTES[0]["sku"])
    waiting = replace(begun(unit, route, 0).attempt, state=AttemptState.MANUAL, sends=1)
    table = Table(boto3.client("dynamodb"), values["TopUpsTable"])
    TopUps(table).save(begun(unit, route, 0).with_attempt(waiting))
    return unit


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
