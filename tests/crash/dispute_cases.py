"""Disputed payments, to break."""

from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import World

AT = 1_790_000_000


def disputing(world: World, *told: str, frozen: bool) -> Case:
    """A delivered order's dispute is told of, step by step; the last one breaks."""
    world.stock("card", 3)
    placed = world.place({"card": 1})
    world.pay(placed)
    reference = placed.json["payment"]["reference"]

    def tell(status: str) -> bool:
        about = world.stripe.dispute(reference, status)
        at = AT + told.index(status)
        return world.post(world.stripe.event("charge.dispute.updated", about, created=at))

    for status in told[:-1]:
        assert tell(status)

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "delivered"
        assert order.frozen is frozen

    return Case(lambda: tell(told[-1]), expect, again_calls=4)


@case("a dispute: opened")
def opened(world: World) -> Case:
    return disputing(world, "needs_response", frozen=True)


@case("a dispute: won")
def won(world: World) -> Case:
    return disputing(world, "needs_response", "won", frozen=False)


@case("a dispute: its shop freezes the order")
def frozen_by_shop(world: World) -> Case:
    world.stock("card", 3)
    placed = world.place({"card": 1})
    world.pay(placed)

    def expect() -> None:
        [order] = world.orders()
        assert order.frozen

    return Case(lambda: world.took(world.shop.freeze(placed, frozen=True)), expect)
