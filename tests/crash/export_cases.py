"""The flows that take unsold codes out of the stock for good."""

from collections.abc import Callable

import boto3

from scrip.adapters.exports import Exports
from scrip.adapters.tables import Table
from scrip.domain.export import Export
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import PER_CHUNK, World
from tests.shop import Reply

SECOND = "second operator"


def ask(world: World, codes: int) -> Reply:
    asked = world.shop.ask_export("card", codes)
    assert asked.status == 201, asked.text
    return asked


def kept(world: World) -> Export:
    with world.remote.aside():
        table = Table(boto3.client("dynamodb"), world.cloud.values["ExportsTable"])
        [export] = Exports(table).all(world.shop.merchant_id)
    return export


def doing(world: World, asked: Reply, verb: str, key: str) -> Callable[[], bool]:
    return lambda: world.took(world.shop.export(asked, verb, key=key))


@case("exporting: asked for")
def asking(world: World) -> Case:
    world.stock("card", PER_CHUNK)

    def event() -> bool:
        return world.took(world.shop.ask_export("card", 2))

    def expect() -> None:
        assert kept(world).state == "requested"
        assert world.free("card") == PER_CHUNK

    return Case(event, expect, again_calls=5)


@case("exporting: approved, over several chunks")
def approving(world: World) -> Case:
    world.stock("card", 4 * PER_CHUNK)
    asked = ask(world, 2 * PER_CHUNK + 1)

    def expect() -> None:
        assert (kept(world).state, kept(world).units_claimed) == ("ready", 2 * PER_CHUNK + 1)
        assert world.free("card") == 2 * PER_CHUNK - 1

    return Case(doing(world, asked, "approve", SECOND), expect, again_calls=2)


@case("exporting: approved, and too little is left")
def approving_short(world: World) -> Case:
    world.stock("card", PER_CHUNK + 1)
    asked = ask(world, 3 * PER_CHUNK)

    def expect() -> None:
        assert (kept(world).state, kept(world).units_claimed) == ("ready", PER_CHUNK + 1)
        assert world.free("card") == 0

    return Case(doing(world, asked, "approve", SECOND), expect, again_calls=2)


@case("exporting: refused")
def refusing(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    asked = ask(world, 2)

    def expect() -> None:
        assert kept(world).state == "refused"
        assert world.free("card") == PER_CHUNK

    return Case(doing(world, asked, "refuse", SECOND), expect, again_calls=2)


@case("exporting: downloaded, after who approved died")
def downloading(world: World) -> Case:
    world.stock("card", 3 * PER_CHUNK)
    asked = ask(world, 2 * PER_CHUNK)
    _approve_and_die(world)
    files: list[list[str]] = []

    def event() -> bool:
        reply = world.shop.export(asked, "download")
        if reply.status == 200:
            files.append(reply.text.splitlines()[1:])
        return world.took(reply)

    def expect() -> None:
        assert kept(world).state == "ready"
        assert len(files[-1]) == 1 + 2 * PER_CHUNK
        again = world.shop.export(asked, "download").text
        assert again.splitlines()[1:] == files[-1]
        codes = {row.split(",")[0].strip('"') for row in files[-1][1:]}
        assert len(codes) == 2 * PER_CHUNK
        assert codes <= set(world.imported["card"])
        assert "export_downloaded" in [item["act"] for item in world.items("audit")]

    return Case(event, expect, again_calls=9)


def _approve_and_die(world: World) -> None:
    """The approval stands, and nothing was claimed for it."""
    seen = kept(world)
    with world.remote.aside():
        table = Table(boto3.client("dynamodb"), world.cloud.values["ExportsTable"])
        approver = world.shop.keys[SECOND].split("_")[2]
        Exports(table).move(seen, seen.approve(approver, world.clock.at_ms))
