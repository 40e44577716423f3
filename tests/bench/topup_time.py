"""Top-ups in virtual time: how often a supplier is asked, and what becomes of thousands of orders
when one is gone for two hours.

The flow is that of production, on stores in memory; the supplier is an object in this process.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from scrip.domain.attempt import Said
from scrip.domain.charge import Charge
from scrip.domain.line import Fate
from scrip.domain.money import Money
from scrip.domain.route import Route
from scrip.domain.supplier_terms import DAY_MS, HOUR_MS, MINUTE_MS, Meaning, Resend, Terms
from tests.bench.deployment import Progress
from tests.suppliers.breaking import Unbroken
from tests.suppliers.engine import Engine

NOW_MS = 1_790_000_000_000
TERMS = Terms("bench", {}, Resend.REFUSES)
ACCOUNT = "main"

LATENCIES = {"5_s": 5_000, "10_min": 10 * MINUTE_MS}
POLLED = 200

OUTAGE_MS = 2 * HOUR_MS
QUEUED = 5_000
"""Orders that are paid while the supplier is gone, evenly."""

TAKEN_BEFORE = 50
"""Orders that it took in its last minute, and can be asked nothing about."""


@dataclass
class Steady:
    """Takes any order, and is done with it after so long. `gone`: from when until when nobody
    listens. `clock` in milliseconds."""

    clock: Callable[[], int]
    latency_ms: int
    gone: tuple[int, int] = (0, 0)
    terms: Terms = TERMS
    began: dict[str, int] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def send(self, charge: Charge) -> Said:
        if self._gone("send"):
            return Said(Meaning.NOT_SENT, "unreachable", trouble=True)
        assert charge.reference not in self.began, "charged twice"
        self.began[charge.reference] = self.clock()
        return Said(Meaning.TAKEN)

    def ask(self, charge: Charge) -> Said:
        if self._gone("ask"):
            return Said(Meaning.UNCLEAR, "unreachable", trouble=True)
        if charge.reference not in self.began:
            return Said(Meaning.NOT_FOUND)
        done = self.clock() >= self.began[charge.reference] + self.latency_ms
        return Said(Meaning.DONE if done else Meaning.TAKEN)

    def _gone(self, call: str) -> bool:
        gone = self.gone[0] <= self.clock() < self.gone[1]
        self.calls[f"{call}, in vain" if gone else call] += 1
        return gone


def engine_at(latency_ms: int, gone: tuple[int, int] = (0, 0)) -> tuple[Engine, Steady]:
    chance = Random(1)
    supplier = Steady(lambda: engine.now_ms, latency_ms, gone)
    engine = Engine(
        suppliers={ACCOUNT: supplier},
        routes=[Route(ACCOUNT, "gb-5", Money(500, "EUR"))],
        now_ms=NOW_MS,
        chance=chance,
        breaking=Unbroken(chance),
    )
    return engine, supplier


def measure(progress: Progress) -> dict[str, float]:
    return measure_polls(progress) | measure_outage(progress)


def measure_polls(progress: Progress) -> dict[str, float]:
    """Keys: `topup.polls_per_order.*`, `topup.known_late_s.*`: seconds from its end at the supplier
    to that of the order, on average."""
    progress(f"top-ups: {POLLED} orders each at suppliers that take 5 s and 10 min")
    figures = {}
    for name, latency_ms in LATENCIES.items():
        engine, supplier = engine_at(latency_ms)
        for _ in range(POLLED):
            engine.pay()
            engine.run(engine.now_ms + 1_000)
            engine.now_ms += 1_000
        engine.run(NOW_MS + DAY_MS)
        assert engine.fates() == {Fate.DONE: POLLED}
        late = [
            engine.ended_at_ms[unit] - supplier.began[unit.reference(0)] - latency_ms
            for unit in engine.units()
        ]
        figures[f"topup.polls_per_order.{name}"] = supplier.calls["ask"] / POLLED
        figures[f"topup.known_late_s.{name}"] = round(sum(late) / len(late) / 1000, 1)
    return figures


def measure_outage(progress: Progress) -> dict[str, float]:
    """Keys: `topup.stuck_after_recovery`: orders that have not ended, or wait for a person, a day
    later; `topup.drain_ratio`: from the moment that the supplier is back until the last order is
    done, over what its rate permits; `topup.outage.*`: what the outage costs, for each order."""
    progress(f"top-ups: a supplier gone for two hours, {QUEUED} orders")
    gone = (NOW_MS + MINUTE_MS, NOW_MS + MINUTE_MS + OUTAGE_MS)
    engine, supplier = engine_at(5_000, gone)
    for orders, until_ms in ((TAKEN_BEFORE, gone[0]), (QUEUED, gone[1])):
        began_ms = engine.now_ms
        for number in range(orders):
            at_ms = began_ms + (until_ms - began_ms) * number // orders
            engine.run(at_ms)
            engine.now_ms = at_ms
            engine.pay()
        engine.run(until_ms)
        engine.now_ms = until_ms
    assert len(supplier.began) == TAKEN_BEFORE
    spent, vain = Counter(engine.counts), Counter(supplier.calls)
    engine.run(gone[1] + DAY_MS)
    done = engine.fates()[Fate.DONE]
    last_ms = max(engine.ended_at_ms.values())
    permitted_s = QUEUED / TERMS.per_second
    return {
        "topup.stuck_after_recovery": TAKEN_BEFORE + QUEUED - done,
        "topup.drain_ratio": round((last_ms - gone[1]) / 1000 / permitted_s, 3),
        "topup.outage.messages_per_order": round(spent["queue.again"] / QUEUED, 1),
        "topup.outage.gate_writes_per_order": round(gate_writes(spent) / QUEUED, 1),
        "topup.outage.calls_in_vain": vain["send, in vain"] + vain["ask, in vain"],
    }


def gate_writes(counts: Counter[str]) -> int:
    return counts["gates.take"] + counts["gates.trouble"] + counts["gates.sense"]
