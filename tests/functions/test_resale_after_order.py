"""What a reseller may do with an order: call it off in time, read its codes."""

from collections.abc import Iterator
from typing import Any

import pytest

from scrip.domain import errors, resale_refusals
from tests.contents import nothing_changes
from tests.documented import Documented, is_refused
from tests.functions.conftest import CODES, Clock
from tests.functions.test_queue_top_up import until_it_ends
from tests.in_memory import InMemory
from tests.outbox import publish
from tests.reselling import Desk, ResellerClient, open_account
from tests.shop import InProcess, Shop
from tests.suppliers.faults import Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.top_ups import sell_top_up
from tests.topping_up import ACCOUNT, SKU, call_at, take_queued
from tests.topping_up import open_account as open_supplier

FORM = [{"name": "account", "label": "Account", "pattern": "[0-9]{5,11}"}]
FILLED = {"account": "13800138000"}


@pytest.fixture
def desk(cloud: InMemory, stocked: Shop) -> Desk:
    return open_account(cloud.values, balance=100_000)


@pytest.fixture
def client(cloud: InMemory, desk: Desk, clock: Clock) -> ResellerClient:
    return ResellerClient(Documented(InProcess(cloud)), now=lambda: clock.now_ms / 1000)


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(KINDS["fulu"].dialect) as state:
        yield state


@pytest.fixture
def supplier(server: Simulator, cloud: InMemory, stocked: Shop, clock: Clock) -> Simulator:
    server.now_ms = clock.now_ms
    server.begin(Plan(), goods={SKU: 2790})
    call_at(cloud, server.base)
    open_supplier(cloud, stocked.merchant_id)
    routes = [{"supplier": ACCOUNT, "sku": SKU}]
    sell_top_up(stocked, "qb", FORM, price=3000, routes=routes)
    return server


def test_a_top_up_is_charged(
    cloud: InMemory, desk: Desk, client: ResellerClient, supplier: Simulator, clock: Clock
) -> None:
    client.order("qb", 2, filled=FILLED)
    publish(cloud)

    until_it_ends(cloud, supplier, clock)

    told = client.read().json
    assert (told["state"], told["units_delivered"]) == ("delivered", 2)
    assert [each.account for each in supplier.book.orders] == ["13800138000"] * 2
    assert desk.moved() == [100_000, -6000]
    assert is_refused(client.cancel(), resale_refusals.TooLateToCancel)
    assert is_refused(client.codes(), errors.OrderNotReadable)


def test_what_was_not_sent_is_called_off_and_given_back(
    cloud: InMemory, desk: Desk, client: ResellerClient, supplier: Simulator, clock: Clock
) -> None:
    client.order("qb", 2, filled=FILLED)
    publish(cloud)

    told = client.cancel()

    assert (told.json["state"], told.json["reason"]) == ("failed", "not_charged")
    with nothing_changes(cloud):
        assert client.cancel().json == told.json
    until_it_ends(cloud, supplier, clock)
    assert supplier.book.orders == []
    cloud.invoke("schedule_follow_up", {})
    assert client.read().json["refunded_minor"] == 6000
    assert desk.proved() == 100_000


def test_who_dies_before_the_order_is_told_calls_off_again(
    cloud: InMemory,
    client: ResellerClient,
    supplier: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The unit is written down by then: nobody sends it any more."""
    client.order("qb", 1, filled=FILLED)
    publish(cloud)

    def dies(*_: Any, **__: Any) -> None:
        raise errors.StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr("scrip.flows.cancel_resale.end_unit", dies)
        assert client.cancel().status == 503
    for message in take_queued(cloud):
        cloud.invoke("queue_top_up", message.event())

    assert supplier.book.orders == []
    assert client.read().json["state"] == "underway"
    assert client.cancel().json["state"] == "failed"


def test_of_several_those_are_called_off_that_were_not_sent(
    cloud: InMemory, desk: Desk, client: ResellerClient, supplier: Simulator, clock: Clock
) -> None:
    client.order("qb", 2, filled=FILLED)
    publish(cloud)
    first, _ = take_queued(cloud)
    cloud.invoke("queue_top_up", first.event())

    told = client.cancel()
    clock.ahead_ms = 60_000
    supplier.now_ms = clock.now_ms
    for message in take_queued(cloud):
        cloud.invoke("queue_top_up", message.event())

    assert (told.json["state"], told.json["top_ups"]) == ("underway", ["open", "failed"])
    ended = client.read().json
    assert (ended["state"], ended["units_delivered"]) == ("partly", 1)
    assert ended["refund_due_minor"] == 3000
    assert len(supplier.book.orders) == 1


def test_what_was_sent_is_not_called_off(
    cloud: InMemory, client: ResellerClient, supplier: Simulator
) -> None:
    client.order("qb", 1, filled=FILLED)
    publish(cloud)
    [only] = take_queued(cloud)
    cloud.invoke("queue_top_up", only.event())

    with nothing_changes(cloud):
        refused = client.cancel()

    assert is_refused(refused, resale_refusals.TooLateToCancel)
    assert is_refused(client.cancel("A-9"), errors.OrderUnknown)


def test_codes_are_revealed_and_that_is_written_down(
    cloud: InMemory, stocked: Shop, client: ResellerClient
) -> None:
    placed = client.order("card-50", 2).json
    assert not any(code in str(placed) for code in CODES)
    assert is_refused(client.cancel(), resale_refusals.TooLateToCancel)

    shown = client.codes()

    assert {each["code"] for each in shown.json["codes"]} < {*CODES}
    assert len(shown.json["codes"]) == 2
    assert client.codes().json == shown.json
    entries = cloud.table("audit").scan()["Items"]
    assert [(each["act"], each["by"]) for each in entries] == [("revealed", "reseller:outlet")] * 2
    stocked.call(
        "PUT",
        f"/v1/merchant/orders/{placed['order_id']}/freeze",
        {"frozen": True, "reason": "stolen"},
        key="operator",
    )
    assert is_refused(client.codes(), errors.OrderFrozen)
