"""The engine at suppliers that are simply down, or whose account is gone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from scrip.adapters.suppliers.fulu import TERMS
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge
from scrip.domain.line import Fate
from scrip.domain.route import Route
from scrip.domain.scorecard import Ending
from scrip.domain.supplier_terms import DAY_MS, HOUR_MS, UNSENT_FOR_MS, Meaning
from scrip.domain.top_up import Due, open_units
from scrip.flows.advance_top_up import advance_top_up
from scrip.steps.supplier_turn import Supplier
from tests.suppliers.breaking import Unbroken
from tests.suppliers.engine import Engine

NOW_MS = 1_790_000_000_000
UNCLEAR = Said(Meaning.UNCLEAR)
NOTHING_LEFT = Said(Meaning.NOT_SENT, "refused", trouble=True)


@dataclass
class Scripted:
    """Answers all orders and all questions alike."""

    sent: Said
    asked: Said = UNCLEAR
    charges: list[str] = field(default_factory=list)
    terms = TERMS

    def send(self, charge: Charge) -> Said:
        self.charges.append(charge.reference)
        return self.sent

    def ask(self, _: Charge) -> Said:
        return self.asked


def engine(**suppliers: Supplier) -> Engine:
    routes = [Route(account, "1") for account in suppliers]
    chance = Random(1)
    return Engine(suppliers, routes, NOW_MS, chance, Unbroken(chance))


def test_who_cannot_be_reached_for_hours_has_the_money_given_back() -> None:
    made = engine(main=Scripted(NOTHING_LEFT))
    for _ in range(20):
        made.pay()

    made.run(NOW_MS + DAY_MS)

    assert made.fates() == {Fate.FAILED: 20}
    late_ms = [ended - NOW_MS - UNSENT_FOR_MS for ended in made.ended_at_ms.values()]
    assert min(late_ms) >= 0
    assert max(late_ms) < 5 * 60_000
    # While its gate is closed one call a minute tries, and nobody else.
    assert made.counts["supplier.send"] < 2 * UNSENT_FOR_MS / 60_000


def test_who_has_another_supplier_does_not_wait_for_one_that_is_down() -> None:
    spare = Scripted(Said(Meaning.DONE, "ok"))
    made = engine(main=Scripted(NOTHING_LEFT), spare=spare)
    for _ in range(20):
        made.pay()

    made.run(NOW_MS + HOUR_MS)

    assert made.fates() == {Fate.DONE: 20}
    assert len(set(spare.charges)) == len(spare.charges) == 20


def test_an_account_that_is_gone_before_anything_was_sent_gives_the_money_back() -> None:
    made = engine(main=Scripted(NOTHING_LEFT))
    made.suppliers = {}
    made.pay()

    made.run(NOW_MS + DAY_MS)

    assert made.fates() == {Fate.FAILED: 1}


def test_an_account_that_is_gone_afterwards_is_for_a_person() -> None:
    made = engine(main=Scripted(Said(Meaning.TAKEN)))
    order = made.pay()
    made.run(NOW_MS + 1)
    made.suppliers = {}

    made.run(NOW_MS + DAY_MS)

    [unit] = made.units()
    assert made.waits_for_a_person(unit)
    assert made.top_ups[unit].attempt.reason == "the account with its supplier is gone"
    assert order.order_id in made.kept


def test_each_attempt_is_scored_once_however_often_its_message_comes() -> None:
    made = engine(main=Scripted(Said(Meaning.FAILED)), spare=Scripted(Said(Meaning.DONE)))
    for _ in range(10):
        for unit in open_units(made.pay()):
            made.push(Due(unit), 0)

    made.run(NOW_MS + HOUR_MS)

    assert made.scored == {("main", Ending.FAILED): 10, ("spare", Ending.DONE): 10}


class Slow(Scripted):
    """Before it answers an order, `meanwhile` happens."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def send(self, charge: Charge) -> Said:
        said = super().send(charge)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return said


def test_an_answer_that_comes_after_the_next_attempt_was_begun_is_not_taken_for_that_one() -> None:
    late = Slow(Said(Meaning.REFUSED, "no"), asked=Said(Meaning.FAILED, "gone"))
    spare = Scripted(UNCLEAR, asked=Said(Meaning.DONE))
    made = engine(main=late, spare=spare)
    [unit] = open_units(made.pay())

    def others_ask_and_go_elsewhere() -> None:
        made.now_ms += 10_000
        for version in (1, 3):
            advance_top_up(Due(unit, version), made.means())

    late.meanwhile = others_ask_and_go_elsewhere
    made.run(NOW_MS + HOUR_MS)

    assert made.fates() == {Fate.DONE: 1}
    assert made.top_ups[unit].attempt.supplier == "spare"
    assert (len(late.charges), len(spare.charges)) == (1, 1)


def test_an_answer_that_comes_late_and_says_that_the_first_is_done_is_for_a_person() -> None:
    late = Slow(Said(Meaning.DONE, "ok"), asked=Said(Meaning.FAILED, "gone"))
    made = engine(main=late, spare=Scripted(UNCLEAR, asked=Said(Meaning.DONE)))
    [unit] = open_units(made.pay())

    def others_ask_and_go_elsewhere() -> None:
        made.now_ms += 10_000
        for version in (1, 3):
            advance_top_up(Due(unit, version), made.means())

    late.meanwhile = others_ask_and_go_elsewhere
    made.run(NOW_MS + HOUR_MS)

    assert made.waits_for_a_person(unit)
    assert made.top_ups[unit].attempt.reason == f"contradicted: {unit.reference(0)}"
    assert made.scored == {("main", Ending.FAILED): 1}


def test_who_finds_no_route_gives_up_only_what_nobody_sends() -> None:
    spare = Slow(Said(Meaning.DONE))
    made = engine(spare=spare)
    [unit] = open_units(made.pay())

    def routes_are_taken_away() -> None:
        made.routes = []
        advance_top_up(Due(unit), made.means())

    spare.meanwhile = routes_are_taken_away
    made.run(NOW_MS + HOUR_MS)

    assert made.fates() == {Fate.DONE: 1}


def test_without_a_route_the_money_is_given_back() -> None:
    made = engine(main=Scripted(Said(Meaning.DONE)))
    made.routes = []
    made.pay()

    made.run(NOW_MS + HOUR_MS)

    assert made.fates() == {Fate.FAILED: 1}
    assert made.counts["supplier.send"] == 0


def test_a_route_that_comes_back_is_not_tried_once_the_price_is_to_be_owed() -> None:
    main, spare = Scripted(Said(Meaning.FAILED)), Scripted(Said(Meaning.DONE))
    made = engine(main=main, spare=spare)
    both, made.routes = made.routes, made.routes[:1]
    [unit] = open_units(made.pay())

    class Meeting(Unbroken):
        """Just before the order is written, another message comes, and then the next."""

        def call(self, name: str, do: Callable[[], Any]) -> Any:
            if name == "orders.end" and made.routes != both:
                made.routes = both
                for version in (3, 4):
                    advance_top_up(Due(unit, version, again=True), made.means())
            return do()

    made.breaking = Meeting(made.chance)
    made.run(NOW_MS + HOUR_MS)

    assert made.fates() == {Fate.FAILED: 1}
    assert spare.charges == []
