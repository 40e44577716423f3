"""What suppliers have to tell: it makes a question due, and decides nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from scrip.domain.line import Fate
from scrip.domain.order import DeliveredOrder, FulfillingOrder
from scrip.domain.top_up import open_units
from tests.functions.conftest import Clock
from tests.functions.test_queue_top_up import advance, queued
from tests.in_memory import InMemory
from tests.shop import InProcess, Shop
from tests.suppliers.dialect import Callback
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.faults import Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.topping_up import SKU, call_at, found, offer, open_account, paid, take_queued


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(KINDS["fulu"].dialect) as state:
        yield state


@pytest.fixture
def supplier(server: Simulator, cloud: InMemory, shop: Shop, clock: Clock) -> Simulator:
    server.now_ms = clock.now_ms
    server.begin(Plan(), goods={SKU: 2790})
    call_at(cloud, server.base)
    open_account(cloud, shop.merchant_id)
    offer(cloud, shop.merchant_id)
    return server


@pytest.fixture
def shop(shop: Shop, cloud: InMemory) -> Shop:
    """Suppliers are answered in their words, which no document of ours has."""
    return replace(shop, carrier=InProcess(cloud))


def taken(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock, **fate: bool
) -> FulfillingOrder:
    """An order that the supplier has, and its next look in a while, which never comes."""
    order = paid(cloud, shop.merchant_id, clock.now_ms)
    supplier.plan.fates.append(Becomes(takes_ms=2_000, **fate))
    [first] = [each for each in queued(cloud) if order.order_id in each.body]
    advance(cloud, first)
    take_queued(cloud)
    supplier.now_ms += 2_000
    return order


def told(supplier: Simulator) -> Callback:
    [callback] = supplier.callbacks()
    return callback


def test_what_a_supplier_tells_makes_us_ask_at_once(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = taken(cloud, shop, supplier, clock)

    callback = told(supplier)
    reply = shop.hear(callback.body, callback.headers)

    assert (reply.status, reply.text) == (200, "success")
    [hint] = take_queued(cloud)
    assert hint.delay_seconds == 0
    advance(cloud, hint)
    assert isinstance(found(cloud, order), DeliveredOrder)


def test_what_contradicts_the_truth_changes_nothing(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = taken(cloud, shop, supplier, clock, contradicted=True)

    callback = told(supplier)
    assert b"failed" in callback.body
    shop.hear(callback.body, callback.headers)
    [hint] = take_queued(cloud)
    advance(cloud, hint)

    assert found(cloud, order).lines[0].fates == (Fate.DONE,)


def test_news_before_anything_was_sent_are_dropped(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms)
    [unit] = open_units(order)
    taken(cloud, shop, supplier, clock)
    callback = told(supplier)
    theirs = json.loads(callback.body)["customer_order_no"]
    assert theirs != unit.reference(0)

    shop.hear(callback.body, callback.headers)
    shop.hear(callback.body, callback.headers)
    for hint in take_queued(cloud):
        advance(cloud, hint)

    assert len(supplier.book.orders) == 1
    assert isinstance(found(cloud, order), FulfillingOrder)


def test_of_a_reference_that_is_not_ours_nothing_is_asked(
    cloud: InMemory, shop: Shop, supplier: Simulator
) -> None:
    supplier.book.send("ANOTHER-SHOPS-ORDER", SKU, "1380013")
    [order] = supplier.book.orders
    callback = supplier.dialect.callback(order, order.state(supplier.now_ms), supplier.now_ms)
    assert callback

    reply = shop.hear(callback.body, callback.headers)

    assert reply.status == 200
    assert take_queued(cloud) == []


def test_what_is_signed_wrongly_or_for_nobody_is_refused(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    taken(cloud, shop, supplier, clock)
    callback = told(supplier)
    changed = callback.body.replace(b"success", b"succesx")

    assert shop.hear(changed, callback.headers).problem == "signature-invalid"
    assert shop.hear(b"{", callback.headers).problem == "request-malformed"
    assert shop.hear(callback.body, callback.headers, "nobody").problem == "supplier-unknown"
    assert take_queued(cloud) == []
