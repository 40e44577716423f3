"""What a top-up asks of AWS, from the stream's word that it is paid to its end in the order.

An order of one unit. Its supplier is a real HTTP server, whose requests are not AWS's and are not
counted; nor is what every paid order costs, which `callback` has.
"""

import os
import time
from collections.abc import Sequence
from typing import Any
from unittest import mock

import boto3
import msgspec

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.top_ups import TopUps
from scrip.contracts.top_up_messages import encode_due
from scrip.domain.catalogue import Status, Variant
from scrip.domain.goods import Supply
from scrip.domain.order import DeliveredOrder, OrderRecord
from scrip.domain.route import Route
from scrip.domain.supplier_terms import HOUR_MS, MINUTE_MS
from scrip.domain.top_up import Due, Unit
from scrip.flows.queue_top_ups import queue_top_ups
from scrip.wiring import outbox, topping_up
from scrip.wiring.clients import provider_http
from tests.bench.deployment import Deployment, Progress
from tests.bench.meter import Tally
from tests.in_memory import InMemory
from tests.shop import Shop
from tests.suppliers.ding import API_KEY
from tests.suppliers.dtone import API_KEY as DTONE_KEY
from tests.suppliers.dtone import API_SECRET as DTONE_SECRET
from tests.suppliers.faults import Fate, Plan
from tests.suppliers.fulu import APP_KEY, SECRET
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.topping_up import PRICE, VARIANT, Queued, found, paid, table

ORDERS = 40
SOON_MS = 6_000
"""Until the first question."""

SECRETS: dict[str, dict[str, Any]] = {
    "fulu": {"app_key": APP_KEY, "app_secret": SECRET},
    "ding": {"api_key": API_KEY},
    "dtone": {"api_key": DTONE_KEY, "api_secret": DTONE_SECRET, "currency": "USD"},
}
"""Of one that takes an order and is done at the first question, one that is done at once, and one
as the first that may take back what is done."""

PREFIX = {"fulu": "topup", "ding": "topup.at_once", "dtone": "topup.reversible"}
LOOKS_MS = (61 * MINUTE_MS, 25 * HOUR_MS)
"""Until the first look at what is done, and the next."""


class Clock:
    """Real time, moved on by `ahead_ms`."""

    ahead_ms = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.ahead_ms * 1_000_000


def measure(deployed: Deployment, shop: Shop, progress: Progress) -> dict[str, float]:
    """Keys: `topup.aws_requests`, `topup.wcu`, `topup.rcu` an order; `topup.at_once.*`;
    `topup.reversible.*`, with both looks at what is done."""
    figures: dict[str, float] = {}
    for kind in SECRETS:
        progress(f"top-ups: {ORDERS} orders at {kind}")
        with (
            simulated(KINDS[kind].dialect, Plan()) as supplier,
            mock.patch("scrip.chance.time", Clock()) as clock,
            mock.patch.dict(os.environ, {"SUPPLIER_API_BASES": _base(kind, supplier)}),
        ):
            supplier.book.goods[KINDS[kind].sku] = 500
            cloud = InMemory(deployed.values)
            sell(cloud, shop, kind)
            topping_up.topping_up.cache_clear()  # its clients stay: they are counted
            one_order(deployed, cloud, shop, supplier, clock)  # fills the caches
            total, units = Tally(), []
            for _ in range(ORDERS):
                unit, tally = one_order(deployed, cloud, shop, supplier, clock)
                total.add(tally)
                units.append(unit)
            if KINDS[kind].dialect.terms.reversible:
                total.add(looked_at(deployed, units, supplier, clock))
        figures |= {
            f"{PREFIX[kind]}.aws_requests": round(total.requests.total() / ORDERS, 3),
            f"{PREFIX[kind]}.wcu": round(total.wcu / ORDERS, 3),
            f"{PREFIX[kind]}.rcu": round(total.rcu / ORDERS, 3),
        }
    return figures


def one_order(
    deployed: Deployment, cloud: InMemory, shop: Shop, supplier: Simulator, clock: Any
) -> tuple[Unit, Tally]:
    clock.ahead_ms += 1_000  # nobody waits for the turn of the one before
    now_ms = clock.time_ns() // 1_000_000
    supplier.now_ms = now_ms
    supplier.plan.fates.append(Fate())
    order = paid(cloud, shop.merchant_id, now_ms)
    unit = Unit(order.merchant_id, order.order_id, 0, 0)
    due, total = Due(unit), Tally()
    with deployed.meter.counting() as tally:
        queue_top_ups(None, OrderRecord(order, "", ()), queue=outbox.top_up_queue())
    total.add(tally)
    for _ in range(3):
        with deployed.meter.counting() as tally:
            answer = deployed.invoke("queue_top_up", Queued(encode_due(due), 0).event())
        assert answer == {"batchItemFailures": []}
        total.add(tally)
        kept = TopUps(table(cloud, "top_ups")).find(unit)
        if isinstance(found(cloud, order), DeliveredOrder):
            return unit, total
        assert kept
        due = Due(unit, kept.version)
        clock.ahead_ms += SOON_MS
    raise AssertionError("it does not end")


def looked_at(
    deployed: Deployment, units: Sequence[Unit], supplier: Simulator, clock: Any
) -> Tally:
    """Twice by the worklist, one run for all, and asked about each time."""
    total = Tally()
    for wait_ms in LOOKS_MS:
        clock.ahead_ms += wait_ms
        supplier.now_ms = clock.time_ns() // 1_000_000
        with deployed.meter.counting() as tally:
            assert deployed.invoke("schedule_follow_up", {})["due"] >= len(units)
        total.add(tally)
        for unit in units:
            clock.ahead_ms += 1_000
            with deployed.meter.counting() as tally:
                hint = Queued(encode_due(Due(unit, hint=True)), 0)
                deployed.invoke("queue_top_up", hint.event())
            total.add(tally)
    return total


def sell(cloud: InMemory, shop: Shop, kind: str) -> None:
    keys = Keys(boto3.client("kms"), cloud.values["VaultKeyArn"])
    suppliers = Suppliers(Merchants(table(cloud, "merchants")), keys, provider_http())
    suppliers.set(shop.merchant_id, kind, kind, msgspec.json.encode(SECRETS[kind]))
    Catalogue(table(cloud, "catalogue")).put_variant(
        Variant(
            merchant_id=shop.merchant_id,
            product_id="qb",
            variant_id=VARIANT,
            title="30 Q coins",
            price=PRICE,
            status=Status.ACTIVE,
            supply=Supply.UNLIMITED,
            routes=(Route(kind, KINDS[kind].sku),),
        )
    )


def _base(kind: str, supplier: Simulator) -> str:
    return msgspec.json.encode({kind: supplier.base}).decode()
