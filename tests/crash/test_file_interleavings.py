"""Two imports of files at once, and one that dies in the middle of the other."""

import pytest

from tests.crash.breaking import Case, die_everywhere, meet_everywhere
from tests.crash.figures import keep
from tests.crash.import_cases import (
    PART_CODES,
    codes_in_stock,
    importing,
    importing_chained,
    job,
    rows_of,
    told,
    uploaded,
)
from tests.crash.test_interleavings import Meeting, duplicate
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer


def two_files_that_share_codes(world: World) -> tuple[Case, Case]:
    """Each shared code goes on sale once, whichever takes it."""
    world.shop.put_variant("card")
    codes = world.new_codes("card", 3 * PER_CHUNK)
    world.imported["card"] = codes
    first = uploaded(world, rows_of(codes[: 2 * PER_CHUNK]), "first")
    second = uploaded(world, rows_of(codes[PER_CHUNK:]), "second")

    def expect() -> None:
        ended = [job(world, each) for each in (first, second)]
        assert [each["state"] for each in ended] == ["done", "done"]
        taken, known = ended[0]["figures"][1:4:2], ended[1]["figures"][1:4:2]
        assert [a + b for a, b in zip(taken, known, strict=True)] == [len(codes), PER_CHUNK]
        assert codes_in_stock(world) == sorted(codes)

    return Case(lambda: told(world, first), expect), Case(lambda: told(world, second))


def file_and_request(world: World) -> tuple[Case, Case]:
    """A small import gets ahead of a part."""
    world.shop.put_variant("card")
    codes = world.new_codes("card", PART_CODES + PER_CHUNK)
    opened = uploaded(world, rows_of(codes[: PART_CODES + 1]))
    world.imported["card"] = list(codes)

    def expect() -> None:
        assert codes_in_stock(world) == sorted(codes)

    return (
        Case(lambda: told(world, opened), expect),
        Case(lambda: world.hand_in("card", codes[1:], "request")),
    )


def twice(world: World) -> tuple[Case, Case]:
    """The message is delivered twice, to two invocations."""
    world.shop.put_variant("card")
    rows = rows_of(world.new_codes("card", PART_CODES + 1))
    case = importing(world, rows, [len(rows), 0, 0, 0])
    return case, case


def chained_twice(world: World) -> tuple[Case, Case]:
    case = importing_chained(world)
    return case, case


MEETINGS: dict[str, Meeting] = {
    "importing a file twice at once": chained_twice,
    "two files that share codes": two_files_that_share_codes,
    "a file and a request that share codes": file_and_request,
    "opening an import twice at once": duplicate("opening an import"),
}


@pytest.mark.parametrize("name", MEETINGS)
def test_two_at_once_end_like_one_after_the_other(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)


def test_one_dies_in_the_middle_of_the_other(stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = die_everywhere(made, *twice(made))

    assert report.total > len(report.calls) > 0
    keep("death: importing a file twice at once", report)
