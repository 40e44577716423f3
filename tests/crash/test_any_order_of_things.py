"""Whatever happens in whatever order, and breaks wherever it breaks: a model of counts agrees.

Every step is an event of some sender, broken at any of its calls or not at all, and sent again
until its sender is done.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.crash.breaking import REPLAYS
from tests.crash.invariants import check
from tests.crash.remote import Fault, Killed, Mode
from tests.crash.world import World, world
from tests.oracles.stripe_server import StripeServer, stripe_server
from tests.shop import Reply

HOLD = 10
WINDOW = 60
VARIANTS: dict[str, dict[str, object]] = {
    "card": {},
    "seat": {"hold_minutes": HOLD},
    "set": {"partial": False},
    "both": {"partial": False, "hold_minutes": HOLD},
}
MODES = [mode for mode in Mode if mode not in (Mode.CONFLICT, Mode.CONFLICT_ON)]
FAULTS = st.one_of(st.none(), st.builds(Fault, st.integers(1, 7), st.sampled_from(MODES)))
NAMES = st.sampled_from(sorted(VARIANTS))
LINES = st.dictionaries(NAMES, st.integers(1, 5), min_size=1, max_size=2)


@dataclass
class Sale:
    """An order as the model sees it: what it got of each variant so far."""

    placed: Reply
    lines: dict[str, int]
    due_ms: int
    got: dict[str, int] = field(default_factory=dict)
    state: str = "pending"

    @property
    def whole(self) -> bool:
        return any(not VARIANTS[each].get("partial", True) for each in self.lines)


def holds(variant: str) -> bool:
    return "hold_minutes" in VARIANTS[variant]


class Shop(RuleBasedStateMachine):
    stripe: ClassVar[StripeServer]
    sales = Bundle("sales")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.world: World = self.stack.enter_context(world(self.stripe))
        self.world.restocked = True  # the model knows better when something is sold out
        self.free = dict.fromkeys(VARIANTS, 0)
        self.all: list[Sale] = []
        self.events = 0

    def teardown(self) -> None:
        self.stack.close()

    def until_done(self, fault: Fault | None, event: Callable[[], bool]) -> None:
        with self.world.remote.watch(fault):
            try:
                done = event()
            except Killed:
                done = False
        for _ in range(REPLAYS):
            if done:
                return
            self.world.cold_start()
            done = event()
        raise AssertionError("never heals")

    @initialize()
    def open(self) -> None:
        for variant, changes in VARIANTS.items():
            self.world.shop.put_variant(variant, **changes)

    @rule(variant=NAMES, codes=st.integers(1, 8), fault=FAULTS)
    def import_codes(self, variant: str, codes: int, fault: Fault | None) -> None:
        self.events += 1
        key, fresh = f"import-{self.events}", self.world.new_codes(variant, codes)
        self.until_done(fault, lambda: self.world.hand_in(variant, fresh, key))
        self.free[variant] += codes

    @rule(target=sales, lines=LINES, fault=FAULTS)
    def place(self, lines: dict[str, int], fault: Fault | None) -> Sale | None:
        self.events += 1
        key, answers = f"order-{self.events}", list[Reply]()

        def event() -> bool:
            answers.append(self.world.shop.place(lines, idempotency_key=key))
            return answers[-1].problem == "sold-out" or self.world.took(answers[-1])

        self.until_done(fault, event)
        held = {each: count for each, count in lines.items() if holds(each)}
        if answers[-1].problem == "sold-out":
            assert any(self.free[each] < lines[each] for each in held) or not all(
                self.free[each] for each in lines
            )
            return None
        assert all(self.free[each] >= count for each, count in held.items())
        minutes = HOLD if held else WINDOW
        sale = Sale(answers[-1], lines, self.world.clock.at_ms + minutes * 60_000, held)
        for each, count in held.items():
            self.free[each] -= count
        self.all.append(sale)
        return sale

    @rule(sale=sales, fault=FAULTS)
    def pay(self, sale: Sale | None, fault: Fault | None) -> None:
        if sale is None:
            return
        event = self.world.paid(sale.placed)
        self.until_done(fault, lambda: self.world.post(event))
        if sale.state not in ("pending", "expired"):
            return  # a duplicate
        for each, count in sale.lines.items():
            more = min(count - sale.got.get(each, 0), self.free[each])
            sale.got[each] = sale.got.get(each, 0) + more
            self.free[each] -= more
        sale.state = "delivered" if sale.got == sale.lines else "refund_due"
        if sale.state == "refund_due" and sale.whole:
            self.let_go(sale)

    @rule(minutes=st.integers(1, 40), fault=FAULTS)
    def time_goes_by(self, minutes: int, fault: Fault | None) -> None:
        self.world.clock.advance(minutes)
        self.until_done(fault, self.world.sweep)
        now_ms = self.world.clock.at_ms
        for sale in self.all:
            late_ms = now_ms - sale.due_ms
            if sale.state == "pending" and late_ms >= (0 if sale.got else 60_000):
                sale.state = "expired"
                self.let_go(sale)

    @rule(sale=consumes(sales), fault=FAULTS)
    def read(self, sale: Sale | None, fault: Fault | None) -> None:
        if sale is None:
            return
        if sale.state == "pending" and sale.due_ms <= self.world.clock.at_ms:
            sale.state = "expired"
            self.let_go(sale)
        seen: list[Reply] = []

        def event() -> bool:
            seen.append(self.world.shop.read(sale.placed))
            return self.world.took(seen[-1])

        self.until_done(fault, event)
        assert seen[-1].json["state"] == sale.state

    def let_go(self, sale: Sale) -> None:
        for each, count in sale.got.items():
            self.free[each] += count
        sale.got = {}

    @invariant()
    def all_is_well(self) -> None:
        check(self.world)
        assert {each: self.world.free(each) for each in VARIANTS} == self.free
        for sale in self.all:
            assert self.world.order(sale.placed).state == sale.state

    @invariant()
    def buyers_have_codes_of_their_own(self) -> None:
        shown: list[str] = []
        for sale in self.all:
            if sale.state in ("delivered", "refund_due") and any(sale.got.values()):
                codes = self.world.shop.codes(sale.placed)
                assert len(codes) == sum(sale.got.values())
                shown += codes
        assert len(shown) == len(set(shown))
        assert set(shown) <= {code for codes in self.world.imported.values() for code in codes}


def test_any_order_of_things_agrees_with_the_model() -> None:
    with stripe_server() as stripe:
        Shop.stripe = stripe
        run_state_machine_as_test(
            Shop,
            settings=settings(
                max_examples=20,
                stateful_step_count=20,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
