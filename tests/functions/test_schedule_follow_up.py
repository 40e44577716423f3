"""The worklist of orders to follow up: each is taken by one run at a time, tried again less and
less often, and given up to a person in the end."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from scrip.adapters.follow_ups import FollowUps
from scrip.adapters.tables import Table
from scrip.domain.errors import PaymentProviderUnavailable
from scrip.domain.follow_up import LEASE_MS, Backoff
from scrip.flows.follow_up import Errand
from tests.contents import nothing_changes
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.samples import sample
from tests.shop import Shop

MINUTE_MS = 60_000
TICK = sample("schedule_follow_up", "tick")
BACKOFF = Backoff(((10 * MINUTE_MS, 2 * MINUTE_MS), (60 * MINUTE_MS, 20 * MINUTE_MS)))


def follow(cloud: InMemory) -> int:
    return int(cloud.invoke("schedule_follow_up", TICK)["due"])


@pytest.fixture
def follow_ups(cloud: InMemory) -> FollowUps:
    return FollowUps(Table(boto3.client("dynamodb"), cloud.values["OrdersTable"]))


@pytest.fixture
def order_id(stocked: Shop) -> str:
    return str(stocked.place({"card-50": 1}).json["order"]["order_id"])


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return errand(monkeypatch, lambda: False)


def errand(
    monkeypatch: pytest.MonkeyPatch, left: Callable[[], bool], name: str = "test"
) -> list[str]:
    """The only errand there is; the orders it ran for."""
    found: list[str] = []

    def run(_merchant_id: str, order_id: str, _now_ms: int) -> Backoff | None:
        found.append(order_id)
        return BACKOFF if left() else None

    made = (Errand(name, run, BACKOFF),)
    monkeypatch.setattr("functions.schedule_follow_up.handler.errands", lambda _: made)
    return found


def test_nothing_to_follow_up_is_nothing_written(cloud: InMemory, order_id: str) -> None:
    with nothing_changes(cloud):
        assert follow(cloud) == 0


def test_an_order_is_followed_up_once_and_is_as_before(
    cloud: InMemory, order_id: str, follow_ups: FollowUps, clock: Clock, ran: list[str]
) -> None:
    with nothing_changes(cloud):
        assert follow_ups.add("demo", order_id, clock.now_ms)
        assert [follow(cloud), follow(cloud)] == [1, 0]

    assert ran == [order_id]
    assert not follow_ups.add("demo", "0" * 16, clock.now_ms), "there is no such order"


def test_the_oldest_comes_first_and_what_is_not_due_waits(
    cloud: InMemory, stocked: Shop, follow_ups: FollowUps, clock: Clock, ran: list[str]
) -> None:
    placed = [stocked.place({"card-50": 1}).json["order"]["order_id"] for _ in range(6)]
    for number, order_id in enumerate(placed):
        follow_ups.add("demo", order_id, clock.now_ms - 1000 * number)
    follow_ups.add("demo", placed[0], clock.now_ms + MINUTE_MS)

    assert follow(cloud) == 5

    assert ran == placed[:0:-1]
    assert len(follow_ups.due(clock.now_ms + 2 * MINUTE_MS, 10)) == 1


def test_what_is_left_is_tried_less_and_less_often_and_then_given_up(
    cloud: InMemory,
    order_id: str,
    follow_ups: FollowUps,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran, tried_at = errand(monkeypatch, lambda: True), []
    follow_ups.add("demo", order_id, clock.now_ms)

    for minute in range(90):
        clock.ahead_ms = minute * MINUTE_MS + 1000
        if follow(cloud):
            tried_at.append(minute)

    assert tried_at == [0, 2, 4, 6, 8, 10, 30, 50, 70]
    assert len(ran) == 9
    assert capsys.readouterr().out.count('"FollowUpsGivenUp":[1') == 2, "in total, and by name"
    assert follow_ups.due(clock.now_ms + 10**9, 10) == []


def test_a_provider_that_does_not_answer_is_asked_again(
    cloud: InMemory,
    order_id: str,
    follow_ups: FollowUps,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent() -> bool:
        raise PaymentProviderUnavailable("no answer")

    errand(monkeypatch, silent)
    follow_ups.add("demo", order_id, clock.now_ms)

    assert [follow(cloud), follow(cloud)] == [1, 0]

    ran = errand(monkeypatch, lambda: False)
    clock.ahead_ms = 2 * MINUTE_MS + 1000
    assert [follow(cloud), follow(cloud)] == [1, 0]
    assert ran == [order_id]


def test_a_bug_stops_no_other_order_and_is_told(
    cloud: InMemory,
    stocked: Shop,
    follow_ups: FollowUps,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = (stocked.place({"card-50": 1}).json["order"]["order_id"] for _ in range(2))
    outcomes = iter((True, False))

    def bug() -> bool:
        if next(outcomes):
            raise LookupError("a bug")
        return False

    ran = errand(monkeypatch, bug)
    follow_ups.add("demo", first, clock.now_ms - 1)
    follow_ups.add("demo", second, clock.now_ms)

    follow(cloud)

    assert ran == [first, second]
    assert '"FollowUpsFailed":[1' in capsys.readouterr().out
    assert [each.order_id for each in follow_ups.due(clock.now_ms + LEASE_MS, 10)] == [first]


def test_two_runs_do_not_follow_up_the_same(
    cloud: InMemory,
    order_id: str,
    follow_ups: FollowUps,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def again() -> bool:
        seen.append(follow(cloud))
        return False

    ran = errand(monkeypatch, again)
    follow_ups.add("demo", order_id, clock.now_ms)

    follow(cloud)

    assert seen == [0]
    assert ran == [order_id]


@pytest.mark.parametrize("left", [True, False])
def test_what_is_put_there_meanwhile_is_not_lost(
    cloud: InMemory,
    order_id: str,
    follow_ups: FollowUps,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    left: bool,
) -> None:
    def more() -> bool:
        follow_ups.add("demo", order_id, clock.now_ms)
        return left

    errand(monkeypatch, more)
    follow_ups.add("demo", order_id, clock.now_ms - 10)

    follow(cloud)

    ran = errand(monkeypatch, lambda: False)
    clock.ahead_ms = 1000
    assert follow(cloud) == 1
    assert ran == [order_id]


def test_a_run_that_has_no_more_time_leaves_the_rest_to_the_next(
    cloud: InMemory,
    stocked: Shop,
    follow_ups: FollowUps,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def slow() -> bool:
        clock.ahead_ms += 30_000
        return False

    ran = errand(monkeypatch, slow)
    for _ in range(3):
        placed = stocked.place({"card-50": 1}).json["order"]["order_id"]
        follow_ups.add("demo", placed, clock.now_ms)

    assert follow(cloud) == 3
    assert len(ran) == 2
    assert '"FollowUpsCutShort":[1' in capsys.readouterr().out
    assert follow(cloud) == 1
    assert len(set(ran)) == 3
