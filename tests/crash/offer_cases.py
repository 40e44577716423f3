"""The flows that set how much of the stock is on offer."""

from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import PER_CHUNK, World


def levels(world: World) -> tuple[int, int]:
    """On offer and kept."""
    path = "/v1/merchant/variants/card/stock"
    seen = world.shop.call("GET", path, key="operator").json
    return seen["available"], seen["kept"]


def offering_case(world: World, units: int | None) -> Case:
    free = world.free("card")
    offered = free if units is None else min(units, free)

    def expect() -> None:
        assert levels(world) == (offered, free - offered)

    return Case(lambda: world.took(world.shop.put_offer("card", units)), expect)


@case("offering: a part of a chunk")
def offering(world: World) -> Case:
    world.stock("card", 4 * PER_CHUNK)
    world.pay(world.place({"card": 2}))
    return offering_case(world, PER_CHUNK + 1)


@case("offering: fewer, of what was cut before")
def offering_fewer(world: World) -> Case:
    world.stock("card", 4 * PER_CHUNK)
    assert world.took(world.shop.put_offer("card", PER_CHUNK + 2))
    return offering_case(world, PER_CHUNK + 1)


@case("offering: everything again")
def offering_everything(world: World) -> Case:
    world.stock("card", 4 * PER_CHUNK)
    assert world.took(world.shop.put_offer("card", PER_CHUNK + 1))
    return offering_case(world, None)
