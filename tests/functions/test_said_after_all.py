"""What suppliers say once all seemed over: taken back, or charged after all."""

from collections.abc import Callable

import pytest

from scrip.adapters.merchants import Merchants
from scrip.domain import errors
from scrip.domain.attempt import AttemptState
from scrip.domain.line import Fate
from scrip.domain.order import DeliveredOrder, Order, RefundDueOrder, SettledOrder
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.functions.test_decide_top_ups import advance, decide, read
from tests.functions.test_money_events import types
from tests.in_memory import InMemory
from tests.outbox import publish
from tests.shop import Shop
from tests.topping_up import found, paid, said_after_all, stuck, table, take_queued

Ends = Callable[[str], Order]


@pytest.fixture
def ends(cloud: InMemory, shop: Shop, clock: Clock) -> Ends:
    """An order whose unit ended so."""

    def made(verdict: str) -> Order:
        order = paid(cloud, shop.merchant_id, clock.now_ms, provider="elsewhere")
        stuck(cloud, order)
        assert decide(shop, order, verdict).status == 200
        advance(cloud)
        publish(cloud)
        take_queued(cloud)
        return order

    return made


def taken_back(cloud: InMemory, order: Order) -> None:
    message = said_after_all(cloud, order, AttemptState.REVERSED)
    for _ in range(2):
        assert cloud.invoke("queue_top_up", message.event(received=2)) == {"batchItemFailures": []}


def charged_after_all(cloud: InMemory, order: Order) -> None:
    message = said_after_all(cloud, order, AttemptState.MANUAL, "contradicted: 0")
    for _ in range(2):
        assert cloud.invoke("queue_top_up", message.event(received=2)) == {"batchItemFailures": []}


def follow(cloud: InMemory, clock: Clock) -> None:
    for _ in range(2):
        clock.ahead_ms += 25 * 3_600_000
        cloud.invoke("schedule_follow_up", {})


def chooses(cloud: InMemory, shop: Shop, action: str) -> None:
    Merchants(table(cloud, "merchants")).change(shop.merchant_id, on_reversal=action)


def now(cloud: InMemory, order: Order) -> tuple[Fate, int]:
    after = found(cloud, order)
    assert isinstance(after, SettledOrder)
    return after.lines[0].fates[0], after.owed_minor


def test_what_is_taken_back_waits_for_a_person(
    cloud: InMemory, shop: Shop, ends: Ends, clock: Clock
) -> None:
    order = ends("succeeded")

    taken_back(cloud, order)
    follow(cloud, clock)

    assert now(cloud, order) == (Fate.REVERSED, 0)
    assert isinstance(found(cloud, order), DeliveredOrder)
    [unit] = read(shop, order).json["top_ups"]
    assert (unit["fate"], unit["waits"]) == ("reversed", True)
    publish(cloud)
    assert "top_up.reversed" in types(cloud)


def test_a_shop_may_choose_that_it_is_given_back_which_happens_once(
    cloud: InMemory, shop: Shop, ends: Ends, clock: Clock
) -> None:
    chooses(cloud, shop, "refund")
    order = ends("succeeded")

    taken_back(cloud, order)
    follow(cloud, clock)
    taken_back(cloud, order)
    follow(cloud, clock)

    assert now(cloud, order) == (Fate.FAILED, 3000)
    assert isinstance(found(cloud, order), RefundDueOrder)
    [unit] = read(shop, order).json["top_ups"]
    assert unit["waits"] is False
    assert is_refused(decide(shop, order, "failed"), errors.TopUpNotWaiting)
    publish(cloud)
    assert {"top_up.reversed", "refund.due"} <= set(types(cloud))


@pytest.mark.parametrize(
    ("verdict", "after"), [("failed", (Fate.FAILED, 3000)), ("succeeded", (Fate.REVERSED, 0))]
)
def test_a_person_decides_of_what_was_taken_back(
    cloud: InMemory,
    shop: Shop,
    ends: Ends,
    clock: Clock,
    verdict: str,
    after: tuple[Fate, int],
) -> None:
    order = ends("succeeded")
    taken_back(cloud, order)
    assert is_refused(decide(shop, order, "ask_again"), errors.TopUpNotWaiting)

    assert decide(shop, order, verdict).status == 200
    assert decide(shop, order, verdict).status == 200
    advance(cloud)
    chooses(cloud, shop, "refund")
    follow(cloud, clock)

    assert now(cloud, order) == after
    assert read(shop, order).json["top_ups"][0]["waits"] is False


@pytest.mark.parametrize("verdict", ["failed", "succeeded"])
def test_what_is_charged_after_its_refund_is_told_and_waits(
    cloud: InMemory, shop: Shop, ends: Ends, clock: Clock, verdict: str
) -> None:
    order = ends("failed")

    charged_after_all(cloud, order)
    follow(cloud, clock)

    assert now(cloud, order) == (Fate.CONTRADICTED, 3000)
    assert read(shop, order).json["top_ups"][0]["waits"] is True
    assert is_refused(decide(shop, order, "ask_again"), errors.TopUpNotWaiting)
    publish(cloud)
    assert "top_up.contradicted" in types(cloud)
    assert decide(shop, order, verdict).status == 200
    advance(cloud)
    assert read(shop, order).json["top_ups"][0]["waits"] is False
    assert now(cloud, order)[1] == 3000
