"""Imports of files to break: the bucket's message comes again until it is acknowledged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from scrip.adapters.keys import Keys
from scrip.adapters.stock_items import batch_of, unpack
from scrip.adapters.vault import Vault
from scrip.domain.import_job import State
from scrip.flows.import_file import RESERVE_MS
from scrip.wiring.clients import client
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import PER_CHUNK, World
from tests.in_memory import Context

PART_CODES = 4
UNTIL = "2999-12-31"


@contextmanager
def small_parts(parts_a_run: int = 99) -> Iterator[None]:
    """Parts of a few codes; an invocation has time for so many of them."""
    looks = 0

    def time_left(context: Context) -> int:
        nonlocal looks
        looks += 1
        return RESERVE_MS if looks <= parts_a_run else RESERVE_MS - 1

    with (
        mock.patch("scrip.domain.import_job.PART_CODES", PART_CODES),
        mock.patch.object(Context, "get_remaining_time_in_millis", time_left),
    ):
        yield


def open_import(world: World, key: str, **body: Any) -> dict[str, Any]:
    reply = world.shop.call(
        "POST",
        "/v1/merchant/variants/card/imports",
        {"file_name": "codes.csv", **body},
        key="operator",
        headers={"idempotency-key": key},
    )
    assert reply.status == 200, reply.text
    opened: dict[str, Any] = reply.json
    return opened


def uploaded(world: World, rows: list[str], key: str = "file", **body: Any) -> dict[str, Any]:
    """An import whose file has been uploaded."""
    opened = open_import(world, key, **body)
    content = "\n".join(["code,valid_until", *rows]).encode()
    world.put_objects({**world.objects(), opened["upload"]["fields"]["key"]: content})
    return opened


def told(world: World, opened: dict[str, Any], parts_a_run: int = 99) -> bool:
    """The queue hands over the bucket's message, then what the import told itself."""
    key = opened["upload"]["fields"]["key"]
    body = json.dumps({"Records": [{"s3": {"object": {"key": key}}}]})
    with small_parts(parts_a_run):
        if not _hand_over(world, body):
            return False
    while messages := list(world.queued("import")):
        with small_parts(parts_a_run):
            if not _hand_over(world, messages[0].body):
                return False
        if messages[0] in world.queued("import"):
            world.queued("import").remove(messages[0])
    return True


def _hand_over(world: World, body: str) -> bool:
    event = {"Records": [{"messageId": "message", "body": body}]}
    answer: dict[str, Any] = world.cloud.invoke("queue_import_file", event)
    return answer == {"batchItemFailures": []}


def job(world: World, opened: dict[str, Any]) -> dict[str, Any]:
    [found] = [
        item for item in world.items("imports") if item["sk"] == f"job#{opened['import_id']}"
    ]
    return found


def codes_in_stock(world: World) -> list[str]:
    """Every code of every batch, opened."""
    keys = Keys(client("kms"), world.cloud.values["VaultKeyArn"])
    vault, found = Vault(keys), []
    stock = {item["pk"]: item for item in world.items("stock")}
    for pk, chunk in stock.items():
        if "free" not in chunk:
            continue
        merchant, variant, lane, _ = pk.split("#")
        batch_id = lane.partition(".")[0]
        batch_item = stock[f"{merchant}#{variant}#batch#{batch_id}"]
        batch = batch_of(merchant, variant, batch_id, batch_item)
        packed = [*chunk["free"], *chunk["claimed"].values()]
        codes = [vault.open(vault.key_of(batch), batch, unpack(each)) for each in packed]
        found += [code.code for code in codes]
    return sorted(found)


def importing(
    world: World, rows: list[str], figures: list[int], parts_a_run: int = 99, **body: Any
) -> Case:
    """`figures`: taken, duplicates, known, refused."""
    opened = uploaded(world, rows, **body)
    before = codes_in_stock(world)
    new = [row.split(",")[0] for row in rows]
    if not body.get("dry_run"):
        held = world.imported.setdefault("card", [])
        held += [code for code in dict.fromkeys(new) if code and code not in held]

    def expect() -> None:
        ended = job(world, opened)
        assert ended["state"] == State.DONE.value, ended
        assert ended["figures"] == [len(rows) + 1, *figures]
        assert "sealed_key" not in ended
        assert not [name for name in world.objects() if name.startswith("uploads/")]
        [result] = [world.objects()[f"results/demo/{opened['import_id']}.csv"]]
        assert len(result.splitlines()) == 1 + sum(figures[1:])
        assert len(codes_in_stock(world)) == len(before) + (
            0 if body.get("dry_run") else figures[0]
        )
        assert codes_in_stock(world) == sorted(world.imported.get("card", ()))

    return Case(lambda: told(world, opened, parts_a_run), expect, again_calls=2)


def rows_of(codes: list[str], *, dated: int = 0) -> list[str]:
    """Every `dated`-th row has an end."""
    return [
        f"{code},{UNTIL if dated and not number % dated else ''}"
        for number, code in enumerate(codes)
    ]


@case("opening an import")
def opening(world: World) -> Case:
    world.shop.put_variant("card")
    ids: list[str] = []

    def event() -> bool:
        reply = world.shop.call(
            "POST",
            "/v1/merchant/variants/card/imports",
            {"file_name": "codes.csv"},
            key="operator",
            headers={"idempotency-key": "the-import"},
        )
        if reply.status == 200:
            ids.append(reply.json["import_id"])
        return world.took(reply)

    def expect() -> None:
        kept = [item["sk"] for item in world.items("imports")]
        assert sorted(each.partition("#")[0] for each in kept) == ["job", "key"]
        assert f"job#{ids[-1]}" in kept

    return Case(event, expect, again_calls=8)


@case("importing a file: two lanes, over several parts")
def importing_lanes(world: World) -> Case:
    world.shop.put_variant("card")
    rows = rows_of(world.new_codes("card", 2 * PER_CHUNK), dated=3)
    return importing(world, [*rows[:5], rows[1], ",", *rows[5:]], [len(rows), 1, 0, 0])


@case("importing a file: behind others, some of it known, some refused")
def importing_known(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    known = rows_of(world.imported["card"][:2])
    rows = rows_of(world.new_codes("card", 2))
    return importing(world, [*rows, *known, ",2999-01-01"], [len(rows), 0, 2, 1])


def importing_chained(world: World) -> Case:
    """Each part in an invocation of its own."""
    world.shop.put_variant("card")
    rows = rows_of(world.new_codes("card", PART_CODES + 1))
    return importing(world, rows, [len(rows), 0, 0, 0], parts_a_run=1)


@case("importing a file: trying it out")
def trying_out(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    rows = rows_of([*world.new_codes("card", PER_CHUNK), world.imported["card"][0]])
    return importing(world, [*rows, rows[0]], [PER_CHUNK, 1, 1, 0], dry_run=True)
