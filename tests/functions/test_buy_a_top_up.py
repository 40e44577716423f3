"""A top-up, from the storefront's form to the supplier's word and the buyer's mail."""

from collections.abc import Iterator

import pytest

from scrip.domain.supplier_terms import MINUTE_MS
from tests.functions.conftest import Clock
from tests.functions.test_queue_top_up import advance, until_it_ends
from tests.in_memory import InMemory
from tests.outbox import publish, queued_event, sent_mail
from tests.shop import Reply, Shop
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.faults import Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.top_ups import sell_top_up
from tests.topping_up import ACCOUNT, SKU, call_at, open_account, take_queued

FORM = [{"name": "account", "label": "Account", "pattern": "[0-9]{5,11}"}]
FILLED = {"qb": {"account": " 13800138000 "}}


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(KINDS["fulu"].dialect) as state:
        yield state


@pytest.fixture
def supplier(server: Simulator, cloud: InMemory, stocked: Shop, clock: Clock) -> Simulator:
    server.now_ms = clock.now_ms
    server.begin(Plan(), goods={SKU: 2790})
    call_at(cloud, server.base)
    open_account(cloud, stocked.merchant_id)
    routes = [{"supplier": ACCOUNT, "sku": SKU}]
    sell_top_up(stocked, "qb", FORM, price=3000, routes=routes)
    return server


def bought(shop: Shop, cloud: InMemory, lines: dict[str, int]) -> Reply:
    placed = shop.place(lines, filled=FILLED)
    assert placed.status == 201, placed.text
    assert shop.pay(placed).json == {"outcome": "fulfilling"}
    publish(cloud)
    return placed


def test_it_is_charged_to_the_account_and_told(
    cloud: InMemory, stocked: Shop, supplier: Simulator, clock: Clock
) -> None:
    placed = bought(stocked, cloud, {"qb": 2, "card-50": 1})
    assert len(stocked.codes(placed)) == 1

    until_it_ends(cloud, supplier, clock)

    seen = stocked.read(placed).json
    assert (seen["state"], seen["lines"][0]["top_ups"]) == ("delivered", ["done", "done"])
    assert [each.account for each in supplier.book.orders] == ["13800138000"] * 2
    receipts = seen["lines"][0]["receipts"]
    assert sorted(receipts) == [f"asix{each.number}" for each in supplier.book.orders]
    path = f"/v1/merchant/orders/{seen['order_id']}"
    assert stocked.call("GET", path, key="operator").json["lines"][0]["receipts"] == receipts
    publish(cloud)
    cloud.invoke("queue_send_mail", queued_event(cloud))
    [mail] = sent_mail()
    assert "qb for 13800138000: 2 of 2 charged" in mail.body
    assert f"  Receipts: {', '.join(receipts)}\n" in mail.body


def looked_at(cloud: InMemory, clock: Clock, minutes: int) -> list[str]:
    """By the worklist, after a while. Subjects of what its buyer is sent then."""
    clock.ahead_ms += minutes * MINUTE_MS
    cloud.invoke("schedule_follow_up", {})
    return told(cloud)


def told(cloud: InMemory) -> list[str]:
    before = len(sent_mail())
    cloud.invoke("queue_send_mail", queued_event(cloud))
    return [mail.subject for mail in sent_mail()[before:]]


def test_codes_that_can_be_read_are_told_of_once_while_a_top_up_takes_long(
    cloud: InMemory,
    stocked: Shop,
    supplier: Simulator,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.suppliers.fulu.TOLERATED_SECONDS", 24 * 3600)
    placed = bought(stocked, cloud, {"qb": 1, "card-50": 1})
    messages = take_queued(cloud)
    order = placed.json["order"]["order_id"]

    assert looked_at(cloud, clock, 19) == []
    first = looked_at(cloud, clock, 2)
    text = sent_mail()[-1].body
    again = [subject for _ in range(3) for subject in looked_at(cloud, clock, 25)]

    assert (first, again) == ([f"Your order {order}: your codes are ready"], [])
    assert "is given back" not in text
    assert "qb for 13800138000: 0 of 1 charged" in text
    take_queued(cloud)
    supplier.now_ms = clock.now_ms
    for message in messages:
        advance(cloud, message)
    until_it_ends(cloud, supplier, clock)
    publish(cloud)
    assert told(cloud) == [f"Your order {order} is ready"]


def test_of_top_ups_alone_nobody_is_told_before_they_end(
    cloud: InMemory, stocked: Shop, supplier: Simulator, clock: Clock
) -> None:
    bought(stocked, cloud, {"qb": 1})

    assert looked_at(cloud, clock, 21) == []


def test_what_the_supplier_refuses_is_given_back(
    cloud: InMemory, stocked: Shop, supplier: Simulator, clock: Clock
) -> None:
    supplier.plan.fates += [Becomes(fails=True), Becomes()]
    placed = bought(stocked, cloud, {"qb": 2})

    until_it_ends(cloud, supplier, clock)
    cloud.invoke("schedule_follow_up", {})

    seen = stocked.read(placed).json
    assert (seen["state"], sorted(seen["lines"][0]["top_ups"])) == (
        "refund_due",
        ["done", "failed"],
    )
    assert (seen["refund_due_minor"], seen["refunded_minor"]) == (3000, 3000)
