"""The watch counts what ended while a hold on some of it comes to its end, in either order."""

import pytest

from tests.crash.breaking import Case, meet_everywhere
from tests.crash.figures import keep
from tests.crash.watch_cases import HALF_AN_HOUR_MS, directory_of
from tests.crash.world import PER_CHUNK, World, world
from tests.ending import give_an_end
from tests.oracles.stripe_server import StripeServer


def ending_and_expiring(world: World) -> tuple[Case, Case]:
    world.stock("card", PER_CHUNK + 2, hold_minutes=40)
    world.place({"card": 2})
    give_an_end(world.cloud.table("stock"), "card", world.clock.at_ms + HALF_AN_HOUR_MS)
    world.clock.advance(41)

    def expect() -> None:
        assert directory_of(world)["ranges"] == []
        assert directory_of(world)["expired"] == PER_CHUNK + 2

    return Case(world.watch, expect), Case(world.sweep)


@pytest.mark.parametrize("first", ["watch", "sweep"])
def test_every_code_is_counted_once(first: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        watch, sweep = ending_and_expiring(made)
        if first == "sweep":
            watch, sweep = Case(sweep.event, pause_minutes=0), Case(watch.event)
        report = meet_everywhere(made, watch, sweep)

    keep(f"the watch and a hold at its end, {first} first", report)
