"""Units that suppliers deliver: from the paid order to the supplier's last word."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from scrip.adapters.top_ups import TopUps
from scrip.domain.attempt import AttemptState
from scrip.domain.gate import TROUBLES
from scrip.domain.line import Fate
from scrip.domain.order import DeliveredOrder, FulfillingOrder, Order, RefundDueOrder
from scrip.domain.supplier_terms import DAY_MS
from scrip.domain.top_up import TopUp, open_units
from tests.functions.conftest import Clock
from tests.in_memory import InMemory, forget_adapters
from tests.outbox import publish
from tests.samples import sample
from tests.shop import Shop
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.faults import Fault, Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.topping_up import (
    PHONE,
    SKU,
    Queued,
    call_at,
    found,
    offer,
    open_account,
    paid,
    table,
    take_queued,
)

DONE: dict[str, list[Any]] = {"batchItemFailures": []}


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


def advance(cloud: InMemory, message: Queued, received: int = 1) -> None:
    assert cloud.invoke("queue_top_up", message.event(received=received)) == DONE


def until_it_ends(cloud: InMemory, supplier: Simulator, clock: Clock, most: int = 200) -> None:
    """Messages come when they are due, one after the other."""
    for _ in range(most):
        waiting = take_queued(cloud)
        if not waiting:
            return
        for message in waiting:
            clock.ahead_ms += message.delay_seconds * 1000
            supplier.now_ms = clock.now_ms
            advance(cloud, message)
    raise AssertionError("it goes on for ever")


@contextmanager
def nobody_listens(cloud: InMemory, supplier: Simulator) -> Iterator[None]:
    """Where the supplier is called."""
    call_at(cloud, f"http://127.0.0.1:{supplier.deaf}")
    forget_adapters()
    yield
    call_at(cloud, supplier.base)
    forget_adapters()


def queued(cloud: InMemory) -> list[Queued]:
    """After the stream told of what was paid."""
    publish(cloud)
    return take_queued(cloud)


def top_up(cloud: InMemory, order: Order) -> TopUp:
    [unit] = open_units(order)
    kept = TopUps(table(cloud, "top_ups")).find(unit)
    assert kept
    return kept


def test_a_paid_order_is_charged_and_delivered(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms)
    supplier.plan.fates.append(Becomes(takes_ms=12_000))

    [first] = queued(cloud)
    advance(cloud, first)

    [later] = waiting = take_queued(cloud)
    assert later.delay_seconds == 5
    assert top_up(cloud, order).attempt.state is AttemptState.TAKEN
    clock.ahead_ms += 12_000
    supplier.now_ms = clock.now_ms
    [message] = waiting
    advance(cloud, message)
    after = found(cloud, order)
    assert isinstance(after, DeliveredOrder)
    assert after.lines[0].fates == (Fate.DONE,)
    assert supplier.book.charged(top_up(cloud, order).attempt.reference) == 1
    assert take_queued(cloud) == []


def test_an_order_is_counted_once_when_its_last_unit_ends(
    cloud: InMemory,
    shop: Shop,
    supplier: Simulator,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paid(cloud, shop.merchant_id, clock.now_ms, units=2)
    supplier.plan.fates.extend([Becomes(), Becomes()])

    for message in queued(cloud):
        advance(cloud, message)
    until_it_ends(cloud, supplier, clock)

    told = capsys.readouterr().out
    assert told.count('"OrdersDelivered":[1.0]') == 1
    assert told.count('"reason":"done"') == 2


def test_each_unit_is_charged_once_under_a_reference_of_its_own(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms, units=3)

    messages = queued(cloud)
    for message in [*messages, *messages]:
        advance(cloud, message)
    until_it_ends(cloud, supplier, clock)

    assert isinstance(found(cloud, order), DeliveredOrder)
    assert len({each.reference for each in supplier.book.orders}) == 3
    assert len(supplier.book.orders) == 3


def test_what_failed_is_owed_to_its_buyer(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms, units=2)
    supplier.plan.fates.extend([Becomes(fails=True), Becomes()])

    for message in queued(cloud):
        advance(cloud, message)
    until_it_ends(cloud, supplier, clock)

    after = found(cloud, order)
    assert isinstance(after, RefundDueOrder)
    assert after.owed_minor == 3000
    assert sorted(each.value for each in after.lines[0].fates) == ["done", "failed"]


def test_an_answer_that_is_lost_after_the_charge_charges_nobody_twice(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms)
    supplier.plan.script.append(Fault.LOST)

    [first] = queued(cloud)
    advance(cloud, first)
    assert top_up(cloud, order).attempt.state is AttemptState.UNKNOWN
    until_it_ends(cloud, supplier, clock)

    assert isinstance(found(cloud, order), DeliveredOrder)
    assert len(supplier.book.orders) == 1


def test_a_second_supplier_is_tried_once_the_first_has_failed_for_certain(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    open_account(cloud, shop.merchant_id, "spare")
    offer(cloud, shop.merchant_id, "main", "spare")
    order = paid(cloud, shop.merchant_id, clock.now_ms)
    supplier.plan.fates.extend([Becomes(fails=True), Becomes()])

    [first] = queued(cloud)
    advance(cloud, first)
    until_it_ends(cloud, supplier, clock)

    assert isinstance(found(cloud, order), DeliveredOrder)
    kept = top_up(cloud, order)
    assert (kept.attempt.supplier, [each.supplier for each in kept.tried]) == ("spare", ["main"])
    assert [each.state(supplier.now_ms).value for each in supplier.book.orders] == [
        "failed",
        "done",
    ]
    assert [each.reference[-2:] for each in supplier.book.orders] == ["00", "01"]


def test_while_one_supplier_is_left_alone_orders_go_to_another(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    open_account(cloud, shop.merchant_id, "spare")
    offer(cloud, shop.merchant_id, "main", "spare")
    for _ in range(TROUBLES):
        paid(cloud, shop.merchant_id, clock.now_ms)
    messages = queued(cloud)
    with nobody_listens(cloud, supplier):
        for message in messages:
            advance(cloud, message)
    assert supplier.book.orders == []

    until_it_ends(cloud, supplier, clock)

    assert len(supplier.book.orders) == TROUBLES


def test_what_nobody_knows_for_too_long_is_for_a_person_and_told_every_day(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms)
    supplier.plan.script.append(Fault.LOST)
    [first] = queued(cloud)
    advance(cloud, first)
    [waiting] = take_queued(cloud)
    clock.ahead_ms += DAY_MS
    supplier.now_ms = clock.now_ms

    advance(cloud, waiting)

    kept = top_up(cloud, order)
    assert (kept.attempt.state, kept.attempt.reason) == (
        AttemptState.MANUAL,
        "unknown for too long",
    )
    assert take_queued(cloud) == []
    assert isinstance(found(cloud, order), FulfillingOrder)
    cloud.invoke("schedule_follow_up", {})
    assert take_queued(cloud) == []


def test_a_unit_whose_message_was_lost_is_found_by_the_worklist(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms - 21 * 60_000)
    publish(cloud)
    take_queued(cloud)  # and lose it

    cloud.invoke("schedule_follow_up", {})
    until_it_ends(cloud, supplier, clock)

    assert isinstance(found(cloud, order), DeliveredOrder)


def test_a_unit_that_was_sent_and_then_lost_is_asked_about_and_its_late_message_void(
    cloud: InMemory,
    shop: Shop,
    supplier: Simulator,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.suppliers.fulu.TOLERATED_SECONDS", 3600)
    order = paid(cloud, shop.merchant_id, clock.now_ms)
    [first] = queued(cloud)
    advance(cloud, first)
    [late] = take_queued(cloud)
    clock.ahead_ms += 40 * 60_000
    supplier.now_ms = clock.now_ms

    cloud.invoke("schedule_follow_up", {})

    [found_again] = take_queued(cloud)
    asked = len(supplier.requests)
    advance(cloud, late)
    assert len(supplier.requests) == asked
    assert take_queued(cloud) == []
    advance(cloud, found_again)
    assert isinstance(found(cloud, order), DeliveredOrder)


def test_what_waits_for_a_supplier_that_is_gone_has_one_message(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    for _ in range(TROUBLES):
        paid(cloud, shop.merchant_id, clock.now_ms)
    with nobody_listens(cloud, supplier):
        for message in queued(cloud):
            advance(cloud, message)
        waiting = take_queued(cloud)
        began_ms = clock.now_ms
        while clock.now_ms < began_ms + 50 * 60_000:
            clock.ahead_ms += max(each.delay_seconds for each in waiting) * 1000
            for message in waiting:  # the first one tries, all others wait
                advance(cloud, message)
            waiting = take_queued(cloud)
            assert len(waiting) == TROUBLES

            cloud.invoke("schedule_follow_up", {})

            assert take_queued(cloud) == []
    assert supplier.book.orders == []


def test_messages_carry_ids_only(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms)

    [first] = queued(cloud)
    advance(cloud, first)
    [later] = take_queued(cloud)

    assert json.loads(first.body) == {
        "merchant_id": "demo",
        "order_id": order.order_id,
        "line": 0,
        "unit": 0,
    }
    assert json.loads(later.body)["version"] == 2
    assert PHONE not in first.body + later.body
    kept = cloud.table("top_ups").scan()["Items"]
    assert kept
    assert PHONE not in repr(kept)


def test_the_sample_event_advances_its_unit(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms)

    event = sample("queue_top_up", "ok", order_id=order.order_id)

    assert cloud.invoke("queue_top_up", event) == DONE
    assert supplier.book.orders


def test_a_message_that_does_not_fit_is_left_for_the_dead_letter_queue(cloud: InMemory) -> None:
    failed = cloud.invoke("queue_top_up", Queued('{"unit": "x"}', 0).event())

    assert failed == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
