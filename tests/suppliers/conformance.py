"""Runs of the whole engine at a simulated supplier, each from a seed: whatever goes wrong on either
side, its book and our orders say the same in the end."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from random import Random

from scrip.adapters.suppliers.port import Supplier
from scrip.domain.code import Code
from scrip.domain.errors import Rejected, Retryable
from scrip.domain.goods import Kind
from scrip.domain.line import Fate
from scrip.domain.route import Route
from scrip.domain.supplier_terms import DAY_MS
from scrip.domain.top_up import Unit, unit_of
from tests.suppliers.breaking import Breaking
from tests.suppliers.engine import MERCHANT, Engine
from tests.suppliers.faults import Fault, Plan
from tests.suppliers.kinds import Conforming
from tests.suppliers.server import Simulator, simulated

ACCOUNT = "main"
DAYS = 4
"""By then everything has ended, or waits for a person: a supplier is asked for a day."""

RATES = (0.0, 0.0, 0.02, 0.1)
"""How often our own calls break, in one run or another."""


@dataclass
class Figures:
    """What all runs came to. `ended`: units by fate; `reasons`: why units wait for a person;
    `deaths`: of functions of ours, in the middle of something. `codes`: how many were handed over;
    `leaked`: those that are seen elsewhere. `unheard`: units that were taken back, of which no
    callback told and no question was answered."""

    ended: Counter[Fate] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    met: Counter[Fault] = field(default_factory=Counter)
    charged: int = 0
    deaths: int = 0
    codes: int = 0
    unheard: int = 0
    charged_twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)

    def add(self, other: "Figures") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


def run_many(kind: Conforming, seeds: Iterable[int]) -> Figures:
    figures = Figures()
    with simulated(kind.dialect) as simulator:
        supplier, began_at_ms = kind.made(simulator), simulator.now_ms
        for seed in seeds:
            simulator.now_ms = began_at_ms
            engine = run(seed, supplier, simulator, kind)
            judge(seed, engine, simulator, figures)
    return figures


def run(seed: int, supplier: Supplier, simulator: Simulator, kind: Conforming) -> Engine:
    """One order, with what this seed has in store for it, until nothing moves any more."""
    chance = Random(seed)
    faults = frozenset(fault for fault in Fault if chance.random() < 0.4)
    simulator.begin(Plan(seed, faults, share=chance.choice((0.1, 0.3, 0.6))), goods={kind.sku: 500})
    engine = Engine(
        suppliers={ACCOUNT: supplier},
        routes=[Route(ACCOUNT, kind.sku)],
        now_ms=simulator.now_ms,
        chance=chance,
        breaking=Breaking(chance, chance.choice(RATES)),
        kind=kind.kind,
    )
    engine.lost_first = chance.choice((0.0, 0.0, 0.5))

    def tick(now_ms: int) -> None:
        simulator.now_ms = now_ms
        for told in simulator.callbacks():
            try:
                reference = supplier.read_callback(told.body, told.headers, now_ms // 1000)
            except (Rejected, Retryable):
                continue
            unit = unit_of(MERCHANT, reference)
            if unit:
                engine.hint(unit)

    engine.on_tick = tick
    engine.pay(chance.choice((1, 1, 2)), **kind.filled)
    engine.run(engine.now_ms + DAYS * DAY_MS)
    simulator.now_ms = engine.now_ms
    return engine


def judge(seed: int, engine: Engine, simulator: Simulator, figures: Figures) -> None:
    figures.met += simulator.plan.met
    figures.deaths += engine.breaking.deaths
    for unit, fate in engine.units().items():
        figures.ended[fate] += 1
        charged, taken_back = book_of(simulator, unit)
        figures.charged += charged
        figures.unheard += fate is Fate.DONE and taken_back
        if charged + taken_back > 1:
            figures.charged_twice.append(f"run {seed}: {charged} and {taken_back} taken back")
        waits = engine.waits_for_a_person(unit)
        if waits:
            figures.reasons[engine.top_ups[unit].attempt.reason] += 1
        agrees = {
            Fate.DONE: charged + taken_back == 1,
            Fate.FAILED: charged == 0 or waits,
            Fate.REVERSED: (charged, taken_back) == (0, 1),
            Fate.OPEN: waits,
            Fate.CONTRADICTED: waits,
        }
        if not agrees[fate]:
            figures.lost.append(f"run {seed} is {fate.value}: {charged}, {taken_back} taken back")
    judge_codes(seed, engine, simulator, figures)


def judge_codes(seed: int, engine: Engine, simulator: Simulator, figures: Figures) -> None:
    """What was sold as a code opens to the very code of the book, and nobody else holds one."""
    if engine.kind is not Kind.BOUGHT_CODE:
        return
    for order in engine.kept.values():
        [line] = order.lines
        codes = engine.codes.open_line(order, line)
        for unit, code in zip(line.units_with_codes, codes, strict=True):
            figures.codes += 1
            sold = [
                Code(each.code, each.pin)
                for each in simulator.book.orders
                if unit_of(MERCHANT, each.reference) == (MERCHANT, order.order_id, 0, unit)
            ]
            if code not in sold:
                figures.lost.append(f"run {seed}: unit {unit} opens to another code")
    everywhere = repr((engine.kept, engine.top_ups, engine.queued, engine.advanced))
    everywhere += repr([each.facts for each in engine.advanced])
    everywhere += repr(vars(engine.codes.table)).replace("\\x", "")
    for each in simulator.book.orders:
        if each.code in everywhere or each.pin in everywhere:
            figures.leaked.append(f"run {seed}: of {each.reference}")


def book_of(simulator: Simulator, unit: Unit) -> tuple[int, int]:
    """How often an account stands charged for a unit, and how often that was taken back."""
    references = {
        order.reference
        for order in simulator.book.orders
        if unit_of(MERCHANT, order.reference) == unit
    }
    return (
        sum(simulator.book.charged(each) for each in references),
        sum(simulator.book.reversed(each) for each in references),
    )
