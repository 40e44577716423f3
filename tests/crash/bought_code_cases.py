"""Codes that a supplier sells, to break between answer, seal and the word that it is done.

Whatever breaks, a unit that is done opens to the very code of the book.
"""

from collections.abc import Callable
from dataclasses import replace
from unittest import mock

from scrip.adapters.suppliers.reloadly_api import ReloadlyApi
from scrip.adapters.suppliers.reloadly_cards import TERMS, ReloadlyCardsSupplier
from scrip.adapters.tokens import Tokens
from scrip.domain.line import Fate as UnitFate
from scrip.domain.supplier_terms import Resend
from scrip.domain.top_up import unit_of
from tests.buying_codes import (
    SKU,
    VARIANT,
    call_cards_at,
    code_of,
    kept_codes,
    open_cards_account,
    sell_cards,
)
from tests.crash.breaking import Case
from tests.crash.cases import Prepare, case
from tests.crash.topping import VISIBILITY_MINUTES, Charging
from tests.crash.world import World
from tests.suppliers.faults import Fate, Fault
from tests.suppliers.reloadly_cards import ReloadlyCardsDialect
from tests.suppliers.server import simulated


def buying(world: World) -> Charging:
    """A supplier that tells a code as soon as it is sold."""
    # The worst: who sends again buys again.
    terms = replace(TERMS, resend=Resend.NEW, quarantine_ms=30_000)
    simulator = world.exits.enter_context(simulated(ReloadlyCardsDialect(terms)))
    world.exits.enter_context(mock.patch.object(ReloadlyCardsSupplier, "terms", terms))
    at_once = mock.patch("tests.suppliers.book.LATE_CODE_MS", 0)
    world.exits.enter_context(at_once)
    simulator.now_ms = world.clock.at_ms
    simulator.book.goods = {SKU: 2500}
    call_cards_at(world.cloud, simulator.base)
    open_cards_account(world.cloud.values, world.shop.merchant_id)
    sell_cards(world.shop)
    made = Charging(world, simulator, VARIANT)
    world.also_kept.append(made.snapshot)
    return made


def as_a_cold_function(event: Callable[[], bool]) -> Callable[[], bool]:
    """Tokens outlive what tests call a cold start."""

    def cold() -> bool:
        with mock.patch.object(ReloadlyApi, "tokens", Tokens()):
            return event()

    return cold


def opens_to_what_was_sold(station: Charging) -> None:
    for order in station.agreed():
        [line] = order.lines
        codes = kept_codes(station.world.cloud).open_line(order, line)
        for number, code in zip(line.units_with_codes, codes, strict=True):
            unit = (order.merchant_id, order.order_id, 0, number)
            orders = station.simulator.book.orders
            sold = [each for each in orders if unit_of(order.merchant_id, each.reference) == unit]
            assert code in [code_of(each) for each in sold]
            assert line.fates[number] is UnitFate.DONE


def case_of(*, lost: bool = False) -> Prepare:
    def prepare(world: World) -> Case:
        station = buying(world)
        station.queued()
        station.simulator.plan.fates.append(Fate())
        if lost:
            station.simulator.plan.script.extend([Fault.LOST])
            assert station.next()()

        def expect() -> None:
            assert station.run_out()
            station.ended("delivered")
            opens_to_what_was_sold(station)

        return Case(as_a_cold_function(station.next()), expect, VISIBILITY_MINUTES, again_calls=0)

    return prepare


for name, prepare in {
    "sold and told at once": case_of(),
    "asked, after the answer was lost": case_of(lost=True),
}.items():
    case(f"buying a code: {name}")(prepare)
