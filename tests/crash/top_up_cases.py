"""Orders with top-ups, to break while they are settled."""

from typing import Any

from scrip.domain.follow_up import SAFETY_NET_MS
from scrip.domain.line import Fate
from scrip.domain.order import FulfillingOrder, RefundDueOrder
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import PER_CHUNK, World
from tests.shop import Reply
from tests.top_ups import PHONE, open_account, order_top_up, sell_top_up


def selling(world: World, **changes: Any) -> None:
    open_account(world.cloud.values, world.shop.merchant_id)
    sell_top_up(world.shop, **changes)


def settling(world: World, placed: Reply) -> Case:
    """Every unit is open once it is paid, and it is on the worklist, once."""
    event = world.paid(placed)

    def expect() -> None:
        order = world.order(placed)
        assert isinstance(order, FulfillingOrder)
        assert order.lines[0].fates == (Fate.OPEN,) * 2
        assert order.lines[0].filled == (("phone", PHONE),)
        [item] = [item for item in world.items("orders") if "follow_up" in item]
        assert item["follow_up_at"] == order.delivered_at_ms + SAFETY_NET_MS

    return Case(lambda: world.post(event), expect, again_calls=2)


@case("paying: a top-up")
def paying_top_up(world: World) -> Case:
    selling(world)
    return settling(world, order_top_up(world.shop, 2))


@case("paying: a top-up and codes")
def paying_top_up_and_codes(world: World) -> Case:
    selling(world)
    world.stock("card", 2 * PER_CHUNK)
    return settling(world, order_top_up(world.shop, 2, {"card": PER_CHUNK + 1}))


@case("paying: a top-up and codes that others took, in full or not at all")
def paying_whole(world: World) -> Case:
    world.stock("card", PER_CHUNK, partial=False)
    selling(world, partial=False)
    placed = order_top_up(world.shop, 2, {"card": 2})
    for _ in range(PER_CHUNK - 1):
        world.pay(world.place({"card": 1}))
    event = world.paid(placed)

    def expect() -> None:
        order = world.order(placed)
        assert isinstance(order, RefundDueOrder)
        assert order.owed_minor == order.total.amount_minor
        assert order.lines[0].fates == (Fate.FAILED,) * 2
        assert world.free("card") == 1

    return Case(lambda: world.post(event), expect)
