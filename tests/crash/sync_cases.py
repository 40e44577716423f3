"""Units that follow a supplier's level: put on sale, taken off again, while buyers buy."""

from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import World

SOON = 0.1
"""Minutes until the schedule comes again, so that the supplier counts nothing meanwhile."""


def following(world: World, level: int) -> None:
    world.shop.put_variant(
        "key",
        kind="generated_key",
        generated={"pattern": {}},
        supply="counted",
        synced_from={"supplier": "outlet", "sku": "key-1", "stale_minutes": 10},
    )
    tell(world, level)


def tell(world: World, level: int) -> None:
    """The supplier's level from now on, and what will have been put on sale of it in all."""
    world.supplier.levels["key-1"] = level
    world.imported["key"] = ["unit"] * level


@case("syncing: a first level")
def first_level(world: World) -> Case:
    following(world, 70)

    def expect() -> None:
        assert world.free("key") == 70

    return Case(world.sync, expect, pause_minutes=SOON)


@case("syncing: more, where some were sold")
def more(world: World) -> Case:
    following(world, 40)
    assert world.sync()
    world.pay(world.place({"key": 5}))
    tell(world, 100)

    def expect() -> None:
        assert world.free("key") == 95

    return Case(world.sync, expect, pause_minutes=SOON)


@case("syncing: less, where some were sold and some ordered")
def less(world: World) -> Case:
    following(world, 100)
    assert world.sync()
    world.pay(world.place({"key": 5}))
    world.place({"key": 3})
    tell(world, 20)

    def expect() -> None:
        assert world.free("key") == 15

    return Case(world.sync, expect, pause_minutes=SOON)


@case("syncing: a level that grew old")
def grown_old(world: World) -> Case:
    world.merchant_chooses(notify_email="boss@shop.example")
    following(world, 70)
    assert world.sync()
    world.pay(world.place({"key": 5}))
    world.clock.advance(11)
    world.supplier.levels["key-1"] = {"units": 70, "as_of_ms": world.clock.at_ms - 11 * 60_000}
    world.imported["key"] = ["unit"] * 5

    def expect() -> None:
        assert world.free("key") == 0
        assert world.mail()
        subjects = [mail.subject for mail in world.mails()]
        assert subjects == ["key: off sale, its supplier does not answer"]

    return Case(world.sync, expect, pause_minutes=SOON)
