"""What suppliers tell, and what is sold by it: halted, sold again, each told once."""

from typing import Any

import msgspec

from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import World
from tests.top_ups import order_top_up, sell_top_up
from tests.vendor import Book, vendors

SOON = 0.1
"""Minutes until the schedule comes again."""


def selling(world: World) -> Book:
    """A variant by one account, which has enough of all."""
    world.merchant_chooses(notify_email="boss@shop.example")
    book = world.exits.enter_context(vendors())
    book.open_account(world.cloud.values, world.shop.merchant_id, "one")
    book.costs["one", "A"] = 900
    sell_top_up(world.shop, routes=[{"supplier": "one", "sku": "A"}])
    return book


def told(world: World) -> list[Any]:
    """Types of all events so far, each mailed once."""
    bodies = [each["body"] for each in world.items("notifications") if "body" in each]
    found = sorted(msgspec.json.decode(body)["type"] for body in bodies)
    assert world.mail()
    assert len(world.mails()) == len(found)
    return found


def halts(world: World) -> list[Any]:
    return [item["halt"] for item in world.items("catalogue") if "halt" in item]


@case("asking suppliers: an account that is low, and nobody else has it")
def halted(world: World) -> Case:
    selling(world).balances["one"] = 1

    def expect() -> None:
        [(why, _, is_told)] = halts(world)
        assert (why, is_told) == (["balance"], True)
        assert told(world) == ["supplier.balance_low", "variant.halted"]
        assert order_top_up(world.shop).problem == "variant-halted"

    return Case(world.sync_suppliers, expect, pause_minutes=SOON)


@case("asking suppliers: somebody has it again")
def resumed(world: World) -> Case:
    book = selling(world)
    book.gone.add("A")
    assert world.sync_suppliers()
    book.gone.clear()
    world.clock.advance(5)

    def expect() -> None:
        assert halts(world) == []
        assert told(world) == ["variant.halted", "variant.resumed"]

    return Case(world.sync_suppliers, expect, pause_minutes=SOON)
