"""Codes that a deployment in memory buys of a supplier, which keeps its own book."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

import boto3
import msgspec

from scrip.adapters.bought_codes import BoughtCodes
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.tables import Table
from scrip.domain.code import Code
from scrip.domain.top_up import Unit
from scrip.wiring.clients import provider_http
from tests.in_memory import InMemory, forget_adapters
from tests.outbox import publish, queued_event
from tests.reselling import ResellerClient
from tests.shop import Reply, Shop
from tests.suppliers.book import Order
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.faults import Fault, Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.reloadly import CLIENT_ID, CLIENT_SECRET
from tests.suppliers.server import Simulator, simulated
from tests.topping_up import take_queued

KIND, ACCOUNT, SKU, VARIANT = "reloadly_cards", "cards", "120:25", "game"
PRICE = 2900


def call_cards_at(cloud: InMemory, base: str) -> None:
    """Where the supplier is, from the next cold start on."""
    bases = msgspec.json.decode(cloud.values["SupplierApiBases"]) | {KIND: base}
    cloud.values["SupplierApiBases"] = msgspec.json.encode(bases).decode()


def open_cards_account(values: Mapping[str, str], merchant_id: str) -> None:
    merchants = Merchants(Table(boto3.client("dynamodb"), values["MerchantsTable"]))
    suppliers = Suppliers(merchants, _keys(values), provider_http())
    secrets = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "sender_name": "Shop"}
    suppliers.set(merchant_id, ACCOUNT, KIND, msgspec.json.encode(secrets))


def sell_cards(shop: Shop, variant: str = VARIANT, **changes: Any) -> None:
    routes = [{"supplier": ACCOUNT, "sku": SKU}]
    shop.put_variant(
        variant, **({"kind": "bought_code", "price": PRICE, "routes": routes} | changes)
    )


def kept_codes(cloud: InMemory) -> BoughtCodes:
    table = Table(boto3.client("dynamodb"), cloud.values["BoughtCodesTable"])
    return BoughtCodes(table, _keys(cloud.values))


def sold(supplier: Simulator) -> list[Code]:
    """By the supplier's book, in its order."""
    return [code_of(each) for each in supplier.book.orders]


def code_of(order: Order) -> Code:
    return Code(order.code, order.pin)


def shown(reply: Reply) -> list[Code]:
    assert reply.status == 200, reply.text
    return [Code(each["code"], each["pin"]) for each in reply.json["codes"]]


def _keys(values: Mapping[str, str]) -> Keys:
    return Keys(boto3.client("kms"), values["VaultKeyArn"])


def buy_two(cloud: InMemory, shop: Shop) -> tuple[Reply, set[str]]:
    """Two of one order, whose answers were cut short and made no sense; and what of them is secret.
    It takes a minute of a clock of its own."""
    plan, ahead_ms = Plan(fates=deque([Becomes()] * 2)), 0
    later = mock.Mock(time_ns=lambda: time.time_ns() + ahead_ms * 1_000_000)
    with (
        simulated(KINDS[KIND].dialect, plan) as supplier,
        mock.patch("scrip.chance.time", later),
    ):
        supplier.now_ms = time.time_ns() // 1_000_000
        supplier.book.goods = {SKU: 2500}
        call_cards_at(cloud, supplier.base)
        open_cards_account(cloud.values, shop.merchant_id)
        sell_cards(shop)
        forget_adapters()
        placed = shop.place({VARIANT: 2})
        shop.pay(placed)
        publish(cloud)
        plan.script.extend([None, Fault.CUT, None, Fault.GARBAGE])
        for _ in range(10):
            for message in take_queued(cloud):
                if placed.json["order"]["order_id"] in message.body:
                    cloud.invoke("queue_top_up", message.event())
            ahead_ms += 60_000
            supplier.now_ms += 60_000
        assert shop.read(placed).json["state"] == "delivered"
        secrets = {text for code in sold(supplier) for text in (code.code, code.pin)}
    return placed, secrets


def sell_and_show_one(
    cloud: InMemory, shop: Shop, clock: Callable[[int], None], reseller: ResellerClient
) -> None:
    """One that was kept before its supplier told it again; then mailed, shown and shredded, with
    all that each function may do with it; and one for a reseller. `clock`: milliseconds ahead."""
    now_ms, kind = time.time_ns() // 1_000_000, KINDS[KIND]
    with simulated(kind.dialect, Plan(fates=deque([Becomes()] * 2))) as supplier:
        supplier.now_ms = now_ms
        supplier.book.goods = {SKU: 2500}
        call_cards_at(cloud, supplier.base)
        open_cards_account(cloud.values, shop.merchant_id)
        sell_cards(shop)
        forget_adapters()
        placed = shop.place({VARIANT: 1})
        unit = Unit(shop.merchant_id, placed.json["order"]["order_id"], 0, 0)
        shop.pay(placed)
        resold = reseller.order(VARIANT, 1, VARIANT).json["order_id"]
        publish(cloud)
        supplier.plan.script.extend([None, Fault.LOST])
        for seconds in range(0, 600, 60):
            clock(seconds * 1000)
            supplier.now_ms = now_ms + seconds * 1000
            for message in take_queued(cloud):
                if unit.order_id in message.body or resold in message.body:
                    cloud.invoke("queue_top_up", message.event())
            if seconds == 0:
                kept_codes(cloud).keep(unit, code_of(supplier.book.orders[0]), "before", now_ms)
    clock(0)
    forget_adapters()
    assert len(reseller.codes(VARIANT).json["codes"]) == 1
    stuck = {"line": 0, "unit": 0, "verdict": "succeeded", "reason": "asked"}
    path = f"/v1/merchant/orders/{unit.order_id}/top-ups/decide"
    assert shop.call("POST", path, stuck, key="operator").problem == "top-up-not-waiting"
    publish(cloud)
    cloud.invoke("queue_send_mail", queued_event(cloud))
    for done in (shop.reveal(placed), shop.masked(placed), shop.shred_unit(placed)):
        assert done.status == 200, done.text
