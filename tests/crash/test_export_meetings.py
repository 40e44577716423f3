"""Exports beside other exports and sales: no code goes both ways, none is lost."""

from collections.abc import Callable

import pytest

from tests.crash.breaking import Case, die_everywhere, meet_everywhere
from tests.crash.export_cases import SECOND, ask, doing, kept
from tests.crash.figures import keep
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer

Meeting = Callable[[World], tuple[Case, Case]]


def approved_twice(world: World) -> tuple[Case, Case]:
    world.stock("card", 3 * PER_CHUNK)
    case = Case(doing(world, ask(world, PER_CHUNK + 1), "approve", SECOND), _ready(world))
    return case, case


def approved_and_downloaded(world: World) -> tuple[Case, Case]:
    """Who asked downloads as soon as it stands approved: both claim the same codes."""
    world.stock("card", 3 * PER_CHUNK)
    asked = ask(world, PER_CHUNK + 1)

    def download() -> bool:
        reply = world.shop.export(asked, "download")
        return reply.problem == "export-not-open" or world.took(reply)

    return Case(doing(world, asked, "approve", SECOND), _ready(world)), Case(download)


def approved_and_refused(world: World) -> tuple[Case, Case]:
    world.stock("card", PER_CHUNK)
    asked = ask(world, 2)

    def told(verb: str, key: str) -> Callable[[], bool]:
        def event() -> bool:
            reply = world.shop.export(asked, verb, key=key)
            return reply.problem == "export-not-open" or world.took(reply)

        return event

    def expect() -> None:
        claimed = {"ready": 2, "refused": 0}[kept(world).state]
        assert kept(world).units_claimed == claimed
        assert world.free("card") == PER_CHUNK - claimed

    return Case(told("approve", SECOND), expect), Case(told("refuse", "operator"))


def approved_and_sold(world: World) -> tuple[Case, Case]:
    """A buyer pays for codes that the export wants, too."""
    world.stock("card", PER_CHUNK + 1)
    placed = world.place({"card": 2})
    asked, paid = ask(world, PER_CHUNK), world.paid(placed)

    def expect() -> None:
        [line] = world.order(placed).lines
        assert kept(world).units_claimed + line.units_claimed == PER_CHUNK + 1
        assert world.free("card") == 0

    return (
        Case(doing(world, asked, "approve", SECOND), expect),
        Case(lambda: world.post(paid)),
    )


def sold_and_approved(world: World) -> tuple[Case, Case]:
    approve, pay = approved_and_sold(world)
    return pay, approve


def _ready(world: World) -> Callable[[], None]:
    def expect() -> None:
        assert (kept(world).state, kept(world).units_claimed) == ("ready", PER_CHUNK + 1)

    return expect


MEETINGS: dict[str, Meeting] = {
    "approved twice at once": approved_twice,
    "downloaded while it is approved": approved_and_downloaded,
    "refused while it is approved": approved_and_refused,
    "sold while it is approved": approved_and_sold,
    "approved while it is sold": sold_and_approved,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_two_at_once_end_like_one_after_the_other(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: an export {name}", report)


def test_one_approval_dies_in_the_middle_of_the_other(stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = die_everywhere(made, *approved_twice(made))

    assert report.total > len(report.calls) > 0
    keep("death: an export approved", report)
