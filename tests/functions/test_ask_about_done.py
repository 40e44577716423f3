"""What is done may be taken back a day later, and not every supplier says so: it is asked again."""

from collections.abc import Iterator

import pytest

from scrip.domain.gate import TROUBLES
from scrip.domain.line import Fate
from scrip.domain.order import DeliveredOrder, Order
from scrip.domain.supplier_terms import DAY_MS, HOUR_MS, MINUTE_MS
from tests.functions.conftest import Clock
from tests.functions.test_queue_top_up import advance, queued, until_it_ends
from tests.in_memory import InMemory, forget_adapters
from tests.shop import Shop
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.faults import Fault, Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.topping_up import (
    SKU,
    call_at,
    found,
    offer,
    open_account,
    paid,
    take_queued,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(KINDS["dtone"].dialect) as state:
        yield state


@pytest.fixture
def supplier(server: Simulator, cloud: InMemory, shop: Shop, clock: Clock) -> Simulator:
    server.now_ms = clock.now_ms
    server.begin(Plan(), goods={SKU: 2790})
    call_at(cloud, server.base, "dtone")
    open_account(cloud, shop.merchant_id, kind="dtone")
    offer(cloud, shop.merchant_id)
    return server


def delivered(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock, *fates: Becomes
) -> Order:
    supplier.plan.fates.extend(fates)
    order = paid(cloud, shop.merchant_id, clock.now_ms, units=len(fates))
    for message in queued(cloud):
        advance(cloud, message)
    until_it_ends(cloud, supplier, clock)
    assert isinstance(found(cloud, order), DeliveredOrder)
    return order


def look(cloud: InMemory, supplier: Simulator, clock: Clock, after_ms: int) -> int:
    """The worklist's look after a while. How many questions it made."""
    clock.ahead_ms += after_ms
    supplier.now_ms = clock.now_ms
    cloud.invoke("schedule_follow_up", {})
    messages, before = take_queued(cloud), len(supplier.requests)
    for message in messages:
        advance(cloud, message)
    assert take_queued(cloud) == []
    return len(supplier.requests) - before


def on_worklist(cloud: InMemory) -> int:
    return sum("follow_up" in item for item in cloud.table("orders").scan()["Items"])


def test_it_is_asked_about_an_hour_and_a_day_later_and_then_no_more(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = delivered(cloud, shop, supplier, clock, Becomes())

    asked = [look(cloud, supplier, clock, wait) for wait in (HOUR_MS - MINUTE_MS, 2 * MINUTE_MS)]
    asked += [look(cloud, supplier, clock, 25 * HOUR_MS - 3 * MINUTE_MS)]
    assert on_worklist(cloud) == 1
    asked += [look(cloud, supplier, clock, wait) for wait in (4 * MINUTE_MS, DAY_MS)]

    assert asked == [0, 1, 0, 1, 0]
    assert on_worklist(cloud) == 0
    assert found(cloud, order).lines[0].fates == (Fate.DONE,)


def test_what_was_taken_back_without_a_word_is_found(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = delivered(cloud, shop, supplier, clock, Becomes(reversed_ms=DAY_MS))

    look(cloud, supplier, clock, HOUR_MS + MINUTE_MS)
    assert found(cloud, order).lines[0].fates == (Fate.DONE,)
    look(cloud, supplier, clock, 25 * HOUR_MS)

    assert found(cloud, order).lines[0].fates == (Fate.REVERSED,)


def test_each_unit_is_asked_about_by_its_own_time(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    fates = Becomes(), Becomes(takes_ms=40 * MINUTE_MS)

    delivered(cloud, shop, supplier, clock, *fates)
    asked = [look(cloud, supplier, clock, wait * MINUTE_MS) for wait in (18, 2, 40)]

    assert sum(asked) == 2


def test_a_look_waits_for_a_supplier_that_is_gone_and_is_void_once_it_was_heard_of(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = delivered(cloud, shop, supplier, clock, Becomes(reversed_ms=MINUTE_MS))
    call_at(cloud, f"http://127.0.0.1:{supplier.deaf}", "dtone")
    forget_adapters()
    for _ in range(TROUBLES):
        paid(cloud, shop.merchant_id, clock.now_ms)
    for message in queued(cloud):
        advance(cloud, message)  # until the supplier is left alone
    take_queued(cloud)
    clock.ahead_ms += HOUR_MS
    cloud.invoke("schedule_follow_up", {})
    due = take_queued(cloud)
    [look] = [each for each in due if order.order_id in each.body]
    advance(cloud, next(each for each in due if each != look))  # tries: all others wait for it
    take_queued(cloud)

    for _ in range(2):
        advance(cloud, look)
    waiting = take_queued(cloud)
    call_at(cloud, supplier.base, "dtone")
    forget_adapters()
    clock.ahead_ms += 3 * MINUTE_MS
    supplier.now_ms, asked = clock.now_ms, len(supplier.requests)
    for message in waiting:
        advance(cloud, message)
        clock.ahead_ms += 2_000

    assert len(waiting) == 2
    assert found(cloud, order).lines[0].fates == (Fate.REVERSED,)
    assert len(supplier.requests) == asked + 1


def test_a_look_that_is_not_answered_is_made_again_until_a_day_after_the_last(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = delivered(cloud, shop, supplier, clock, Becomes(reversed_ms=30 * HOUR_MS))
    clock.ahead_ms += 27 * HOUR_MS
    supplier.now_ms = clock.now_ms
    cloud.invoke("schedule_follow_up", {})
    supplier.plan.script.extend([Fault.GARBAGE] * 2)

    waits = []
    while messages := take_queued(cloud):
        [message] = messages
        waits.append(message.delay_seconds)
        clock.ahead_ms += 6 * HOUR_MS
        supplier.now_ms = clock.now_ms
        advance(cloud, message)

    assert waits == [0, 900, 900]
    assert found(cloud, order).lines[0].fates == (Fate.REVERSED,)

    late = delivered(cloud, shop, supplier, clock, Becomes())
    clock.ahead_ms += 51 * HOUR_MS
    supplier.now_ms = clock.now_ms
    cloud.invoke("schedule_follow_up", {})
    supplier.plan.script.append(Fault.GARBAGE)
    [message] = [each for each in take_queued(cloud) if late.order_id in each.body]
    advance(cloud, message)

    assert take_queued(cloud) == []
