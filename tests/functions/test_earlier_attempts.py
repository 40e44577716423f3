"""A supplier said that it failed, another was tried; then the first says that it charged."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from scrip.adapters.orders import Orders
from scrip.domain.attempt import AttemptState
from scrip.domain.line import Fate
from scrip.domain.order import DeliveredOrder, FulfillingOrder, Order, SettledOrder
from scrip.domain.top_up import all_units
from tests.functions.conftest import Clock
from tests.functions.test_api_hear_supplier import server as server
from tests.functions.test_api_hear_supplier import shop as shop
from tests.functions.test_api_hear_supplier import supplier as supplier
from tests.functions.test_decide_top_ups import decide, kept, read
from tests.functions.test_money_events import types
from tests.functions.test_queue_top_up import advance, queued, until_it_ends
from tests.in_memory import InMemory
from tests.outbox import publish
from tests.shop import Shop
from tests.suppliers.book import OrderState
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.server import Simulator
from tests.topping_up import found, offer, open_account, paid, table, take_queued

GoesOn = Callable[..., Order]


@pytest.fixture
def goes_on(cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock) -> GoesOn:
    """An order whose first attempt failed, and whose second one becomes that."""

    def made(second: Becomes) -> Order:
        open_account(cloud, shop.merchant_id, "spare")
        offer(cloud, shop.merchant_id, "main", "spare")
        order = paid(cloud, shop.merchant_id, clock.now_ms, provider="elsewhere")
        supplier.plan.fates.extend([Becomes(fails=True), second])
        for message in queued(cloud):
            advance(cloud, message)
        return order

    return made


def charged_after_all(supplier: Simulator) -> None:
    """The first order, as its supplier has it now."""
    supplier.book.orders[0] = replace(supplier.book.orders[0], fate=Becomes())


def tells_of_the_first(cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock) -> None:
    """By a callback, three seconds later."""
    clock.ahead_ms += 3_000
    supplier.now_ms = clock.now_ms
    callback = supplier.dialect.callback(supplier.book.orders[0], OrderState.DONE, supplier.now_ms)
    assert callback
    shop.hear(callback.body, callback.headers)


def heard(cloud: InMemory) -> None:
    for message in take_queued(cloud):
        advance(cloud, message)


def fate(cloud: InMemory, order: Order) -> Fate:
    return found(cloud, order).lines[0].fates[0]


def test_two_suppliers_charged_for_one_unit(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock, goes_on: GoesOn
) -> None:
    order = goes_on(Becomes())
    until_it_ends(cloud, supplier, clock)
    publish(cloud)
    charged_after_all(supplier)

    for _ in range(2):
        tells_of_the_first(cloud, shop, supplier, clock)
        heard(cloud)

    first = all_units(order)[0].reference(0)
    assert isinstance(found(cloud, order), DeliveredOrder)
    assert fate(cloud, order) is Fate.TWICE
    [unit] = read(shop, order).json["top_ups"]
    assert (unit["fate"], unit["waits"]) == ("twice", True)
    assert unit["attempt"]["reason"] == f"contradicted: {first}"
    [tried] = unit["attempt"]["tried"]
    assert (tried["reference"], tried["reason"]) == (first, "contradicted: success")
    publish(cloud)
    assert types(cloud) == ["top_up.twice"]


@pytest.mark.parametrize(
    ("verdict", "after"), [("succeeded", (Fate.TWICE, 0)), ("failed", (Fate.FAILED, 3000))]
)
def test_a_person_decides_of_it_once(
    cloud: InMemory,
    shop: Shop,
    supplier: Simulator,
    clock: Clock,
    goes_on: GoesOn,
    verdict: str,
    after: tuple[Fate, int],
) -> None:
    order = goes_on(Becomes())
    until_it_ends(cloud, supplier, clock)
    charged_after_all(supplier)
    tells_of_the_first(cloud, shop, supplier, clock)
    heard(cloud)
    take_queued(cloud)

    assert decide(shop, order, verdict).status == 200
    heard(cloud)
    tells_of_the_first(cloud, shop, supplier, clock)  # again: nobody is bothered with it
    asked = len(supplier.requests)
    heard(cloud)

    assert len(supplier.requests) == asked
    now = found(cloud, order)
    assert isinstance(now, SettledOrder)
    assert (now.lines[0].fates[0], now.owed_minor) == after
    assert read(shop, order).json["top_ups"][0]["waits"] is False


def test_what_all_suppliers_failed_is_owed_and_stays_owed(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock, goes_on: GoesOn
) -> None:
    order = goes_on(Becomes(fails=True))
    until_it_ends(cloud, supplier, clock)
    charged_after_all(supplier)

    tells_of_the_first(cloud, shop, supplier, clock)
    heard(cloud)

    assert fate(cloud, order) is Fate.CONTRADICTED
    now = found(cloud, order)
    assert isinstance(now, SettledOrder)
    assert now.owed_minor == 3000


def test_what_was_not_sent_to_the_second_is_not_sent_any_more(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock, goes_on: GoesOn
) -> None:
    order = goes_on(Becomes())
    [question] = take_queued(cloud)
    clock.ahead_ms += question.delay_seconds * 1000
    supplier.now_ms = clock.now_ms
    advance(cloud, question)  # it failed: the second is begun
    [second] = take_queued(cloud)
    charged_after_all(supplier)

    tells_of_the_first(cloud, shop, supplier, clock)
    heard(cloud)
    advance(cloud, second)

    assert kept(cloud, order).attempt.state is AttemptState.MANUAL
    assert len(supplier.book.orders) == 1
    assert isinstance(found(cloud, order), FulfillingOrder)
    assert decide(shop, order, "succeeded").status == 200
    heard(cloud)
    assert fate(cloud, order) is Fate.DONE


def test_what_ends_at_that_very_moment_is_found_by_who_looks_a_minute_later(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock, goes_on: GoesOn
) -> None:
    order = goes_on(Becomes(takes_ms=60_000))
    until_second = take_queued(cloud)
    clock.ahead_ms += 6_000
    supplier.now_ms = clock.now_ms
    for message in until_second:
        advance(cloud, message)
    heard(cloud)  # the second is sent
    take_queued(cloud)
    charged_after_all(supplier)
    tells_of_the_first(cloud, shop, supplier, clock)
    heard(cloud)
    [net] = take_queued(cloud)
    assert (net.delay_seconds, fate(cloud, order)) == (60, Fate.OPEN)
    seen = found(cloud, order)
    assert isinstance(seen, FulfillingOrder)
    from_another_run = seen.end_unit(0, 0, Fate.DONE, clock.now_ms)
    Orders(table(cloud, "orders")).end_unit(seen, from_another_run, clock.now_ms)

    advance(cloud, net)

    assert fate(cloud, order) is Fate.TWICE


@pytest.mark.parametrize("still", [Becomes(fails=True), Becomes(takes_ms=10**9)])
def test_a_failure_that_stands_changes_nothing(
    cloud: InMemory,
    shop: Shop,
    supplier: Simulator,
    clock: Clock,
    goes_on: GoesOn,
    still: Becomes,
) -> None:
    order = goes_on(Becomes())
    until_it_ends(cloud, supplier, clock)
    supplier.book.orders[0] = replace(supplier.book.orders[0], fate=still)
    asked = len(supplier.requests)

    tells_of_the_first(cloud, shop, supplier, clock)
    [hint] = take_queued(cloud)
    for _ in range(5):
        advance(cloud, hint)  # whoever sends them: one a second is followed

    assert len(supplier.requests) == asked + 1
    assert fate(cloud, order) is Fate.DONE
    assert kept(cloud, order).attempt.state is AttemptState.DONE
    assert take_queued(cloud) == []
