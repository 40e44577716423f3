"""By which route a paid unit goes, by what is known of costs and balances when it is sent."""

from collections.abc import Iterator

import pytest

from scrip.domain.route import Barred
from scrip.domain.supplier_terms import UNSENT_FOR_MS
from tests.functions.conftest import Clock
from tests.functions.test_schedule_sync_suppliers import RUN_MS, ask, sell
from tests.in_memory import InMemory, forget_adapters
from tests.outbox import publish
from tests.shop import Reply, Shop
from tests.top_ups import order_top_up
from tests.topping_up import take_queued
from tests.vendor import Book, vendors


@pytest.fixture
def book(cloud: InMemory, shop: Shop) -> Iterator[Book]:
    with vendors() as made:
        for account in ("one", "two"):
            made.open_account(cloud.values, shop.merchant_id, account)
        made.costs |= {("one", "A"): 900, ("two", "B"): 950}
        yield made


def pay(cloud: InMemory, shop: Shop) -> Reply:
    placed = order_top_up(shop)
    assert shop.pay(placed).json["outcome"] == "fulfilling"
    publish(cloud)
    return placed


def learn(cloud: InMemory, clock: Clock) -> None:
    """What is told now, known to functions that begin afterwards."""
    clock.ahead_ms += RUN_MS
    ask(cloud)
    forget_adapters()


def run(cloud: InMemory, clock: Clock) -> int:
    """All messages, when they are due. How many there were."""
    messages = take_queued(cloud)
    for message in messages:
        clock.ahead_ms += message.delay_seconds * 1000
        assert cloud.invoke("queue_top_up", message.event()) == {"batchItemFailures": []}
    return len(messages)


def state(shop: Shop, placed: Reply) -> str:
    return str(shop.read(placed).json["state"])


def test_the_cheapest_comes_first_and_what_costs_too_much_by_now_is_passed_over(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "two B", "one A")
    learn(cloud, clock)
    first = pay(cloud, shop)
    run(cloud, clock)
    book.costs["one", "A"] = 1001
    second = pay(cloud, shop)
    learn(cloud, clock)
    run(cloud, clock)

    assert book.sent == ["one", "two"]
    assert [state(shop, first), state(shop, second)] == ["delivered"] * 2


def test_what_failed_at_the_cheapest_goes_to_the_next(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "two B", "one A")
    book.fails.add("one")
    learn(cloud, clock)
    placed = pay(cloud, shop)
    while run(cloud, clock):
        pass

    assert book.sent == ["one", "two"]
    assert state(shop, placed) == "delivered"


def test_what_its_buyer_paid_counts_and_not_what_others_pay_now(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "one A", price=1200)
    placed = pay(cloud, shop)
    sell(shop, "one A", price=1000)
    book.costs["one", "A"] = 1100
    learn(cloud, clock)

    run(cloud, clock)

    assert (state(shop, placed), order_top_up(shop).problem) == ("delivered", "variant-halted")


def test_a_reserve_that_bars_new_orders_is_for_those_that_are_paid(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "one A")
    placed = pay(cloud, shop)
    book.balances["one"] = 900
    learn(cloud, clock)
    assert order_top_up(shop).problem == "variant-halted"

    run(cloud, clock)

    assert state(shop, placed) == "delivered"


def test_what_nobody_may_deliver_waits_says_why_and_goes_once_it_may(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "one A", "two B")
    placed = pay(cloud, shop)
    book.costs["one", "A"] = 1001
    book.balances["two"] = 1
    learn(cloud, clock)

    assert [run(cloud, clock) for _ in range(3)] == [1, 1, 1]

    assert book.sent == []
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/top-ups"
    [waiting] = shop.call("GET", path, key="operator").json["top_ups"]
    assert waiting["attempt"]["waits_for"] == [Barred.PRICE.value, Barred.BALANCE.value]
    assert state(shop, placed) == "fulfilling"
    book.costs["one", "A"] = 999
    learn(cloud, clock)
    run(cloud, clock)
    assert (book.sent, state(shop, placed)) == (["one"], "delivered")
    [done] = shop.call("GET", path, key="operator").json["top_ups"]
    assert done["attempt"]["waits_for"] == []


def test_what_nobody_may_deliver_for_hours_is_given_back(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "one A")
    placed = pay(cloud, shop)
    book.costs["one", "A"] = 1001
    learn(cloud, clock)
    run(cloud, clock)
    clock.ahead_ms += UNSENT_FOR_MS
    learn(cloud, clock)
    while run(cloud, clock):
        pass

    assert (book.sent, state(shop, placed)) == ([], "refund_due")
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/top-ups"
    [failed] = shop.call("GET", path, key="operator").json["top_ups"]
    assert (failed["attempt"]["reason"], failed["attempt"]["waits_for"]) == (
        "never sent",
        ["price"],
    )


def test_a_list_that_is_to_be_kept_is(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "two B", "one A", routing={"preference": "listed"})
    learn(cloud, clock)
    pay(cloud, shop)
    run(cloud, clock)

    assert book.sent == ["two"]
