"""Refunds meet refunds and callbacks: what is given back is what is owed."""

import boto3
import pytest

from scrip.adapters.order_items import record_of
from scrip.adapters.orders import Orders
from scrip.adapters.refunds import Refunds
from scrip.adapters.tables import Table
from scrip.domain.owed import next_refund
from tests.crash.breaking import Case, meet_everywhere
from tests.crash.figures import keep
from tests.crash.refund_cases import all_followed_up, elsewhere, given_back, records
from tests.crash.test_interleavings import Meeting
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer
from tests.shop import Reply

OWED = 9000


def owing(world: World) -> Reply:
    world.stock("card", PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 2})
    world.pay(placed)
    return placed


def all_given_back(world: World) -> None:
    [record] = records(world)
    assert sum(given_back(world)) == OWED
    assert sum(each.money.amount_minor for each in record.refunds) == OWED


def two_runs(world: World) -> tuple[Case, Case]:
    owing(world)
    run = Case(lambda: all_followed_up(world), lambda: all_given_back(world))
    return run, Case(lambda: all_followed_up(world))


def one_begun_elsewhere(world: World) -> tuple[Case, Case]:
    """Whichever is known first counts; what the provider does not have it refuses."""
    event = elsewhere(world, owing(world), 4000)

    def expect() -> None:
        [record] = records(world)
        ours = sum(each.money.amount_minor for each in record.refunds if not each.foreign)
        assert ours in (OWED, OWED - 4000)
        assert sum(given_back(world)) == ours + 4000

    run = Case(lambda: all_followed_up(world), expect)
    return run, Case(lambda: world.post(event))


MEETINGS: dict[str, Meeting] = {
    "two runs of the schedule": two_runs,
    "a run, and a refund begun elsewhere is told": one_begun_elsewhere,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_it_ends_as_if_one_came_after_the_other(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total > 0
    keep(f"meeting: {name}", report)


def test_twenty_that_saw_the_same_begin_one(stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        owing(made)
        [item] = [item for item in made.items("orders") if "state" in item]
        record, refunds = record_of(item), Refunds(Table(boto3.client("dynamodb"), "Orders"))
        due = next_refund(record, made.clock.at_ms)
        assert due

        begun = [refunds.begin(record.order, due, 0) for _ in range(20)]

        assert begun.count(True) == 1
        orders = Orders(Table(boto3.client("dynamodb"), "Orders"))
        found = orders.find_record("demo", record.order.order_id, consistent=True)
        assert found
        assert found.refunds == (due,)
        assert next_refund(found, made.clock.at_ms) is None
