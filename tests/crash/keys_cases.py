"""Flows about generated keys, to break."""

from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import World
from tests.generated import ask, put_generated, register

ASKED = 4
"""Calls of a warm function that activates: three rates, one write of the seats."""


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

    return Case(event, expect, again_calls=ASKED)


@case("activating: freeing a seat")
def deactivating(world: World) -> Case:
    mark = sold(world, "device-0", "device-1")

    def event() -> bool:
        return world.took(ask(world.shop, "deactivate", device="device-0"))

    def expect() -> None:
        assert seats(world, mark) == 1
        assert ask(world.shop, "validate").json["status"] == "valid"

    return Case(event, expect, again_calls=ASKED)


@case("activating: asking where a key stands")
def validating(world: World) -> Case:
    mark = sold(world, "device-1")

    def event() -> bool:
        reply = ask(world.shop, "validate")
        return world.took(reply) and bool(reply.json["status"] == "valid")

    def expect() -> None:
        assert seats(world, mark) == 1

    return Case(event, expect, again_calls=ASKED)
