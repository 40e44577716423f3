"""The flows that take codes back: a batch recalled."""

from tests.crash.breaking import Case
from tests.crash.cases import case, let_expire
from tests.crash.world import PER_CHUNK, World


@case("recalling: a batch that is partly sold")
def recalling(world: World) -> Case:
    world.stock("card", 4 * PER_CHUNK)
    world.pay(world.place({"card": PER_CHUNK + 1}))
    return recalling_case(world, unsold=3 * PER_CHUNK - 1)


@case("recalling: a batch of which codes came back")
def recalling_returned(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK, hold_minutes=10)
    world.place({"card": PER_CHUNK + 1})
    let_expire(world)
    return recalling_case(world, unsold=2 * PER_CHUNK)


def recalling_case(world: World, unsold: int) -> Case:
    def expect() -> None:
        seen = world.shop.read_batch("card").json
        assert (seen["state"], seen["complete"], seen["recalled"]) == ("recalled", True, unsold)
        assert "recalled" in [item["act"] for item in world.items("audit")]

    return Case(lambda: world.took(world.shop.recall("card")), expect, again_calls=3)
