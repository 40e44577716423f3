"""Refunds meet refunds and callbacks: what is given back is what is owed."""

import boto3
import pytest

from scrip.adapters.order_items import record_of
from scrip.adapters.orders import Orders
from scrip.adapters.refunds import Refunds
from scrip.adapters.tables import Table
from scrip.domain.order import Order
from scrip.domain.owed import next_refund
from tests.crash.breaking import Case, meet_everywhere
from tests.crash.figures import keep
from tests.crash.refund_cases import all_followed_up, elsewhere, given_back, owed, records, wish
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


def two_wishes(world: World) -> tuple[Case, Case]:
    """The higher one stands, whichever came last."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    world.pay(placed)
    assert wish(world, placed, refund_due_minor=1000)()

    def expect() -> None:
        assert owed(world) == 4000

    return Case(wish(world, placed, refund_due_minor=3000), expect), Case(
        wish(world, placed, refund_due_minor=4000)
    )


def look_at_codes(world: World) -> tuple[Case, Case]:
    """All is called off while the buyer looks: seen or sold again, and owed in full either way."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    world.pay(placed)
    shown: list[str] = []

    def look() -> bool:
        reply = world.shop.reveal(placed)
        shown[:] = [each["code"] for each in reply.json.get("codes", ())]
        return reply.status in (200, 409)

    def expect() -> None:
        order = world.order(placed)
        assert owed(world) == order.total.amount_minor
        kept = order.line(0).units_claimed
        assert world.free("card") == 2 * PER_CHUNK - kept
        assert len(shown) in (0, kept)

    everything = (PER_CHUNK + 1) * 4500
    return Case(wish(world, placed, refund_due_minor=everything), expect), Case(look)


def freezing(world: World) -> tuple[Case, Case]:
    """All is called off while the shop freezes the order: from then on nothing of it moves."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    world.pay(placed)
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}"
    frozen_as: list[Order] = []

    def ask() -> bool:
        body = {"reason": "called off", "refund_due_minor": (PER_CHUNK + 1) * 4500}
        reply = world.shop.call("PUT", f"{path}/refund-due", body, key="operator")
        return reply.problem == "order-frozen" or world.took(reply)

    def freeze() -> bool:
        body = {"reason": "odd buyer", "frozen": True}
        done = world.took(world.shop.call("PUT", f"{path}/freeze", body, key="operator"))
        frozen_as[:] = [world.order(placed)]
        return done

    def expect() -> None:
        assert [world.order(placed)] == frozen_as

    return Case(ask, expect), Case(freeze)


def a_run_and_a_wish(world: World) -> tuple[Case, Case]:
    """More is wished while a refund is on its way: in the end so much is given back."""
    placed = owing(world)
    everything = (PER_CHUNK + 2) * 4500
    world.restocked = True

    def expect() -> None:
        assert all_followed_up(world) or all_followed_up(world)
        [record] = records(world)
        assert sum(given_back(world)) == everything
        assert sum(each.money.amount_minor for each in record.refunds) == everything

    run = Case(lambda: all_followed_up(world), expect)
    return run, Case(wish(world, placed, refund_due_minor=everything))


MEETINGS: dict[str, Meeting] = {
    "two wishes": two_wishes,
    "a wish for all, and the buyer looks": look_at_codes,
    "a wish for all, and the order is frozen": freezing,
    "a run, and more is wished": a_run_and_a_wish,
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
