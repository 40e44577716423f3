"""Pulls meet sales and other pulls, at each call of either: never more on sale than the level."""

import pytest

from tests.crash.breaking import Case, meet_everywhere
from tests.crash.figures import keep
from tests.crash.sync_cases import SOON, following, tell
from tests.crash.world import World, world
from tests.oracles.stripe_server import StripeServer

LEVELS = [(100, 40), (40, 100)]
"""Before and after: less and more."""


def claimed(world: World) -> int:
    chunks = (item for item in world.items("stock") if "claimed" in item)
    return sum(len(chunk["claimed"]) for chunk in chunks)


def paying(world: World) -> Case:
    placed = world.place({"key": 3})
    event = world.paid(placed)
    return Case(lambda: world.post(event))


@pytest.mark.parametrize(("before", "level"), LEVELS)
@pytest.mark.parametrize("first", ["pull", "payment"])
def test_a_pull_meets_a_payment(
    first: str, before: int, level: int, stripe_api: StripeServer
) -> None:
    with world(stripe_api) as made:
        following(made, before)
        assert made.sync()
        sold = paying(made)
        tell(made, level)

        def expect() -> None:
            assert (made.free("key"), claimed(made)) == (level - 3, 3)

        pull = Case(made.sync, expect, pause_minutes=SOON)
        one, other = (pull, sold) if first == "pull" else (sold, pull)
        if first == "payment":
            one, other = Case(sold.event), Case(made.sync, expect)
        report = meet_everywhere(made, one, other)

    keep(f"pulling {level} after {before} and a payment, {first} first", report)


def pulls(world: World, before: int, level: int) -> tuple[Case, Case]:
    """One that asked before the level changed, and one that asks after that."""
    following(world, before)
    assert world.sync()
    world.pay(world.place({"key": 3}))
    older = before + 30

    def first() -> bool:
        world.supplier.levels["key-1"] = older
        return world.sync()

    def then() -> bool:
        world.clock.advance(1 / 60)
        tell(world, level)
        return world.sync()

    def expect() -> None:
        if world.supplier.levels["key-1"] == level:
            assert (world.free("key"), claimed(world)) == (level - 3, 3)

    world.imported["key"] = ["unit"] * older
    return Case(first, expect, pause_minutes=SOON), Case(then)


@pytest.mark.parametrize(("before", "level"), LEVELS)
def test_a_pull_meets_a_later_one(before: int, level: int, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        one, other = pulls(made, before, level)
        report = meet_everywhere(made, one, other)

    keep(f"pulling {level} while {before + 30} is pulled", report)
