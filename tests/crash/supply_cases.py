"""Units that are counted, without codes."""

from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import World

UNITS = 70
"""More than two chunks."""


@case("adding: units of a counted variant")
def adding(world: World) -> Case:
    world.shop.put_variant("key", kind="generated_key", generated={"pattern": {}}, supply="counted")

    world.imported["key"] = ["unit"] * UNITS

    def event() -> bool:
        return world.took(world.shop.add_units("key", UNITS, idempotency_key="the-units"))

    def expect() -> None:
        assert world.free("key") == UNITS

    return Case(event, expect, again_calls=4)
