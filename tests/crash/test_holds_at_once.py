"""Two invocations at once, of which one holds or pays while the other lets go."""

import pytest

from tests.crash.breaking import Case, die_everywhere, meet_everywhere
from tests.crash.figures import keep
from tests.crash.test_interleavings import Meeting
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer

HOLD = 10
QUANTITY = PER_CHUNK + 1
STOCK = 2 * PER_CHUNK


def held(world: World, stock: int = STOCK) -> Case:
    """A storefront that is about to hold, and that asks again until it is told."""
    world.stock("seat", stock, hold_minutes=HOLD)

    def event() -> bool:
        return world.took(world.shop.place({"seat": QUANTITY}, idempotency_key="the-order"))

    def expect() -> None:
        [order] = world.orders()
        held_now = QUANTITY if order.state == "pending" else 0
        assert sum(line.units_claimed for line in order.lines) == held_now
        assert world.free("seat") == stock - held_now

    return Case(event, expect)


def later_sweep(world: World) -> Case:
    """The hold's time is over in the very moment."""

    def event() -> bool:
        world.clock.advance(HOLD + 2)
        return world.sweep()

    return Case(event)


def holding_while_it_ends(world: World) -> tuple[Case, Case]:
    """Who still wants to claim for a hold that is over must not get a code for it."""
    return held(world), later_sweep(world)


def holding_twice(world: World) -> tuple[Case, Case]:
    case = held(world)
    return case, case


def holding_the_last_twice(world: World) -> tuple[Case, Case]:
    """Whoever finds that nothing is left finds the order that has it."""
    case = held(world, stock=QUANTITY)
    return case, case


def paid_at_the_end(world: World) -> tuple[Case, Case]:
    world.stock("seat", STOCK, hold_minutes=HOLD)
    placed = world.place({"seat": QUANTITY})
    world.clock.advance(HOLD + 2)
    paid = world.paid(placed)

    def expect() -> None:
        assert world.order(placed).state == "delivered"
        assert world.free("seat") == STOCK - QUANTITY

    return Case(lambda: world.post(paid), expect), Case(world.sweep)


def paying_while_it_ends(world: World) -> tuple[Case, Case]:
    """Before, the codes are its own; after, it claims anew."""
    return paid_at_the_end(world)


def ending_while_it_is_paid(world: World) -> tuple[Case, Case]:
    return paid_at_the_end(world)[::-1]


def ending_twice(world: World) -> tuple[Case, Case]:
    world.stock("seat", STOCK, hold_minutes=HOLD)
    world.place({"seat": 1})
    world.place({"seat": QUANTITY})
    world.clock.advance(HOLD + 2)
    case = Case(world.sweep, lambda: _free(world, STOCK))
    return case, case


def ending_while_others_buy(world: World) -> tuple[Case, Case]:
    """What comes back and what is bought at the same moment never meet in one chunk."""
    world.stock("seat", STOCK, hold_minutes=HOLD)
    world.place({"seat": QUANTITY})
    world.clock.advance(HOLD + 2)

    def buy() -> bool:
        reply = world.shop.place({"seat": 1}, idempotency_key="another")
        return reply.problem == "sold-out" or world.took(reply)

    return Case(world.sweep), Case(buy)


def all_or_nothing_twice(world: World) -> tuple[Case, Case]:
    """One payment, twice at once, for more than there is: all comes back, once."""
    world.stock("set", QUANTITY, partial=False)
    placed = world.place({"set": QUANTITY + 1})
    paid = world.paid(placed)

    def expect() -> None:
        assert world.order(placed).state == "refund_due"
        _free(world, QUANTITY, "set")

    case = Case(lambda: world.post(paid), expect)
    return case, case


def late_payment_twice(world: World) -> tuple[Case, Case]:
    world.stock("seat", STOCK, hold_minutes=HOLD)
    placed = world.place({"seat": QUANTITY})
    world.clock.advance(HOLD + 2)
    assert world.sweep()
    paid = world.paid(placed)
    case = Case(lambda: world.post(paid), lambda: _free(world, STOCK - QUANTITY))
    return case, case


def _free(world: World, codes: int, variant: str = "seat") -> None:
    assert world.free(variant) == codes


MEETINGS: dict[str, Meeting] = {
    "all or nothing, paid twice at once": all_or_nothing_twice,
    "holding twice at once": holding_twice,
    "holding the last, twice at once": holding_the_last_twice,
    "holding while the hold ends": holding_while_it_ends,
    "a hold that ends, twice at once": ending_twice,
    "a hold that ends while it is paid": ending_while_it_is_paid,
    "a hold that ends while others buy": ending_while_others_buy,
    "a payment while the hold ends": paying_while_it_ends,
    "paid late, twice at once, after a hold": late_payment_twice,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_both_end_as_if_alone(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)


@pytest.mark.parametrize("name", ["holding while the hold ends", "a payment while the hold ends"])
def test_one_may_die_half_way_through(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = die_everywhere(made, *MEETINGS[name](made))

    keep(f"death: {name}", report)
