"""Flows about generated keys, to break."""

from typing import Any

from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import World
from tests.generated import ask, look_up, put_generated, register, sell_generated
from tests.shop import Reply

ASKED = 4
"""Calls of a warm function that activates: three rates, one write of the seats."""

FREEZE = 1
"""A look whether the order that the key was sold with is frozen."""


def sold(world: World, *devices: str, limit: int = 2) -> str:
    """The mark of a key that these devices use."""
    assert put_generated(world.shop, activation_limit=limit).status == 200
    mark = register(world.cloud.values, world.shop)
    for device in devices:
        assert ask(world.shop, "activate", device=device).status == 200
    return mark


def seats(world: World, mark: str) -> int:
    [item] = [item for item in world.items("generated_keys") if item["pk"].endswith(mark)]
    return len(item["seats"])


@case("generated keys: selling them by licences")
def preparing(world: World) -> Case:
    def event() -> bool:
        return world.took(put_generated(world.shop, licence={"features": ["pro"]}))

    def expect() -> None:
        kept = [item["sk"] for item in world.items("merchants")]
        for name in ("generation-key", "registry-key", "licence-key#0001"):
            assert kept.count(name) == 1
        assert len(kept) == len(set(kept))
        assert [item["sk"] for item in world.items("catalogue")] == ["product#editor"]

    return Case(event, expect, again_calls=8)


@case("generated keys: the next signing key")
def rotating(world: World) -> Case:
    assert put_generated(world.shop, licence={}).status == 200
    path = "/v1/merchant/licence-keys"

    def event() -> bool:
        return world.took(world.shop.call("POST", path, key="operator"))

    def expect() -> None:
        kept = sorted(item["sk"] for item in world.items("merchants") if "public" in item)
        assert kept == ["licence-key#0001", "licence-key#0002"]

    return Case(event, expect, again_calls=2)


@case("activating: the last seat")
def activating(world: World) -> Case:
    mark = sold(world, "device-0")

    def event() -> bool:
        return world.took(ask(world.shop, "activate", device="device-1"))

    def expect() -> None:
        assert seats(world, mark) == 2
        assert ask(world.shop, "activate", device="device-2").problem == "activation-limit-reached"

    return Case(event, expect, again_calls=ASKED + FREEZE)


@case("activating: freeing a seat")
def deactivating(world: World) -> Case:
    mark = sold(world, "device-0", "device-1")

    def event() -> bool:
        return world.took(ask(world.shop, "deactivate", device="device-0"))

    def expect() -> None:
        assert seats(world, mark) == 1
        assert ask(world.shop, "validate").json["status"] == "valid"

    return Case(event, expect, again_calls=ASKED)


@case("activating: freeing all seats")
def freeing(world: World) -> Case:
    mark = sold(world, "device-0", "device-1")

    def event() -> bool:
        return world.took(look_up(world.shop, "free"))

    def expect() -> None:
        assert seats(world, mark) == 0

    return Case(event, expect, again_calls=4)


@case("activating: asking where a key stands")
def validating(world: World) -> Case:
    mark = sold(world, "device-1")

    def event() -> bool:
        reply = ask(world.shop, "validate")
        return world.took(reply) and bool(reply.json["status"] == "valid")

    def expect() -> None:
        assert seats(world, mark) == 1

    return Case(event, expect, again_calls=ASKED + FREEZE)


# --- sold and read


def bought(world: World, **generated: Any) -> Reply:
    sell_generated(world.shop, "editor", **generated)
    world.stock("card", 3)
    return world.place({"editor": 2, "card": 1})


@case("generated keys: paying for two, and a code")
def paying(world: World) -> Case:
    placed = bought(world)
    event = world.paid(placed)

    def expect() -> None:
        assert world.order(placed).state == "delivered"
        assert world.items("generated_keys") == []

    return Case(lambda: world.post(event), expect, again_calls=2)


@case("generated keys: reading them first")
def reading_keys(world: World) -> Case:
    return _reading(world, bought(world))


@case("generated keys: reading licences first")
def reading_licences(world: World) -> Case:
    return _reading(world, bought(world, licence={"features": ["pro"]}))


def _reading(world: World, placed: Reply) -> Case:
    """Whatever broke, everybody ever saw the same keys, and just these are registered."""
    world.pay(placed)
    seen: list[list[str]] = []

    def event() -> bool:
        reply = world.shop.reveal(placed)
        if reply.status == 200:
            seen.append([each["code"] for each in reply.json["codes"]])
        return world.took(reply)

    def expect() -> None:
        assert len(set(seen[-1])) == 3
        assert all(codes == seen[0] for codes in seen)
        registered = [item for item in world.items("generated_keys") if "seats" in item]
        order_id = placed.json["order"]["order_id"]
        assert sorted(item["sold_as"] for item in registered) == [
            f"{order_id}.0.0",
            f"{order_id}.0.1",
        ]

    return Case(event, expect, again_calls=11)
