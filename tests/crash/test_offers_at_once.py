"""A number is put on offer while stock is claimed, let go, imported, recalled: orders placed after
it have no more, and no code is lost."""

import pytest

from tests.crash.breaking import Case, meet_everywhere
from tests.crash.figures import keep
from tests.crash.offer_cases import levels, offering
from tests.crash.test_interleavings import Meeting
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer

UNITS = PER_CHUNK + 1


def put(world: World, units: int | None = UNITS) -> Case:
    return Case(lambda: world.took(world.shop.put_offer("card", units)))


def two_numbers(world: World) -> tuple[Case, Case]:
    """Whichever was later stands, in full."""
    first = offering(world)
    free = world.free("card")

    def expect() -> None:
        assert levels(world) in ((UNITS, free - UNITS), (2, free - 2))

    return Case(first.event, expect), put(world, 2)


def payment(world: World) -> tuple[Case, Case]:
    """An order that was placed before is paid: it has its codes, and others at most so many."""
    world.stock("card", 4 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    event = world.paid(placed)

    def expect() -> None:
        assert world.order(placed).state == "delivered"
        on_offer, kept = levels(world)
        assert on_offer <= UNITS
        assert on_offer + kept == world.free("card") == 3 * PER_CHUNK - 1

    return Case(put(world).event, expect), Case(lambda: world.post(event))


def expiry(world: World) -> tuple[Case, Case]:
    """Holds of orders placed before end: their codes are kept, or were counted."""
    world.stock("card", 4 * PER_CHUNK, hold_minutes=10)
    world.place({"card": PER_CHUNK + 1})
    world.clock.advance(12)

    def expect() -> None:
        on_offer, kept = levels(world)
        assert on_offer == UNITS
        assert on_offer + kept == world.free("card") == 4 * PER_CHUNK

    return Case(put(world).event, expect), Case(world.sweep)


def expiry_under_it(world: World) -> tuple[Case, Case]:
    """A hold of an order placed under a number ends while another is set: never more than that."""
    world.stock("card", 4 * PER_CHUNK, hold_minutes=10)
    assert world.took(world.shop.put_offer("card", UNITS))
    world.place({"card": PER_CHUNK})
    world.clock.advance(12)

    def expect() -> None:
        on_offer, kept = levels(world)
        assert on_offer == 2
        assert on_offer + kept == world.free("card") == 4 * PER_CHUNK

    return Case(put(world, 2).event, expect), Case(world.sweep)


def arrival(world: World) -> tuple[Case, Case]:
    """Codes are imported: kept, or counted."""
    world.stock("card", 2)

    def hand_in() -> bool:
        return world.hand_in("card", more, "second")

    more = world.new_codes("card", 2 * PER_CHUNK)

    def expect() -> None:
        on_offer, kept = levels(world)
        assert on_offer in (2, UNITS)
        assert on_offer + kept == 2 + 2 * PER_CHUNK

    return Case(put(world).event, expect), Case(hand_in)


def recall(world: World) -> tuple[Case, Case]:
    """The batch is recalled: nothing of it is on offer or kept, wherever its codes are."""
    world.stock("card", 4 * PER_CHUNK)

    def expect() -> None:
        assert levels(world) == (0, 0)
        assert world.shop.read_batch("card").json["recalled"] == 4 * PER_CHUNK

    return Case(put(world).event, expect), Case(lambda: world.took(world.shop.recall("card")))


def turned(meeting: Meeting) -> Meeting:
    """The other one is interrupted."""

    def prepared(world: World) -> tuple[Case, Case]:
        one, other = meeting(world)
        return Case(other.event, one.expect), Case(one.event)

    return prepared


MEETINGS: dict[str, Meeting] = {
    "two numbers on offer": two_numbers,
    "a number on offer while an order is paid": payment,
    "a number on offer while holds end": expiry,
    "another number on offer while holds end": expiry_under_it,
    "a number on offer while codes are imported": arrival,
    "a number on offer while a batch is recalled": recall,
    "two numbers on offer, the other first": turned(two_numbers),
    "an order is paid while a number is put on offer": turned(payment),
    "holds end while a number is put on offer": turned(expiry),
    "holds end while another number is put on offer": turned(expiry_under_it),
    "codes are imported while a number is put on offer": turned(arrival),
    "a batch is recalled while a number is put on offer": turned(recall),
}


@pytest.mark.parametrize("name", MEETINGS)
def test_both_end_like_one_after_the_other(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)
