"""Units that a supplier delivers, to break: from the paid order to the supplier's last word.

One message is broken in each case; what it leads to then runs on. Whatever breaks, the supplier's
book says in the end what our order says. A unit that was killed after it was written down and
before it was sent is found out to have failed, and is owed: so an order may end in another way
than the undisturbed one, if the book does.
"""

from collections.abc import Callable

from scrip.domain.order import FulfillingOrder
from scrip.domain.supplier_terms import DAY_MS, MINUTE_MS
from tests.crash.breaking import Case
from tests.crash.cases import Prepare, case
from tests.crash.topping import (
    VISIBILITY_MINUTES,
    Charging,
    charging,
    nobody_listens,
    worklist,
)
from tests.crash.world import World
from tests.suppliers.faults import Fate, Fault

SAFETY_NET_MINUTES = 21


def topping_up(*fates: Fate, begin: Callable[[Charging], None], spare: bool = False) -> Prepare:
    """One unit, with this in store for it at the supplier. `begin`: what happened already."""

    def prepare(world: World) -> Case:
        station = charging(world, *(("main", "spare") if spare else ()))
        station.queued()
        station.simulator.plan.fates.extend(fates)
        begin(station)

        def expect() -> None:
            assert station.run_out()
            station.ended("delivered")

        return Case(station.next(), expect, VISIBILITY_MINUTES, again_calls=0)

    return prepare


def nothing(_: Charging) -> None:
    """Nothing happened yet."""


def sent(station: Charging) -> None:
    assert station.next()()


def lost(station: Charging) -> None:
    """The answer to the order."""
    station.simulator.plan.script.append(Fault.LOST)
    sent(station)


def refused(station: Charging) -> None:
    """A function before met a closed door."""
    with nobody_listens(station):
        sent(station)
    assert station.simulator.book.orders == []


@case("topping up: what was paid is queued")
def queueing(world: World) -> Case:
    station = charging(world)
    station.order(2)

    def expect() -> None:
        assert len({each.body for each in station.messages()}) == 2

    return Case(world.publish, expect, again_calls=0)


for name, prepare in {
    "sent": topping_up(Fate(), begin=nothing),
    "sent again, as nobody listened": topping_up(Fate(), begin=refused),
    "asked, after the answer was lost": topping_up(Fate(takes_ms=7_000), begin=lost),
    "failed, and another supplier tries": topping_up(
        Fate(fails=True), Fate(), begin=sent, spare=True
    ),
}.items():
    case(f"topping up: {name}")(prepare)


@case("topping up: nobody knows for too long")
def for_a_person(world: World) -> Case:
    station = charging(world)
    station.queued()
    station.simulator.plan.fates.append(Fate())
    lost(station)
    world.clock.advance(DAY_MS / MINUTE_MS)

    def expect() -> None:
        [order] = station.agreed()
        assert isinstance(order, FulfillingOrder)
        assert station.messages() == []
        assert len(worklist(world)) == 1

    return Case(station.next(), expect, VISIBILITY_MINUTES, again_calls=0)


@case("topping up: the worklist finds what was lost")
def looked_after(world: World) -> Case:
    station = charging(world)
    station.queued()
    station.simulator.plan.fates.append(Fate())
    sent(station)
    station.messages().clear()
    world.clock.advance(2 * SAFETY_NET_MINUTES)

    def look() -> bool:
        return world.follow_up() and bool(station.messages())

    def expect() -> None:
        assert station.run_out()
        station.ended("delivered")

    return Case(look, expect, pause_minutes=SAFETY_NET_MINUTES)
