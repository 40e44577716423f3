"""The sales that docs/scale.md shows, and what is read off them."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.scale.cloud import Function, Quota, SimTable
from tests.scale.limits import Limits, raised
from tests.scale.pools import Chunks, Counter, Pool, Rows
from tests.scale.sale import Load, Outcome, Sale, Tuning

CODES = 1_000_000
SECONDS = {1_000: 40, 10_000: 6, 50_000: 2}
"""How long buyers come, by orders a second. Their payments take minutes more."""

WIDE = Tuning(index_partitions=256, cached_seconds=10.0)
WIDE_SHARDS = 64

SOLD_OUT_CODES = 30_000
"""A stock that six seconds of 10 000 orders a second want more than."""

QUICK_SECONDS = 3.0
"""To pay with a wallet: codes are claimed as fast as orders come."""

GIVES_WAY = 0.01
"""Share of a second's requests refused from which on a gate counts as given way."""

Report = dict[str, float | str | dict[str, float] | list[float]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`stage`: how far the operator has prepared; see STAGES."""

    stage: str
    rate: int
    pool: str = "chunks"
    codes: int = CODES
    delay_seconds: float = 60.0

    @property
    def name(self) -> str:
        return f"{self.stage} {self.pool} {self.rate}"


POOLS: dict[str, Callable[[int], Pool]] = {
    "chunks": Chunks,
    "counter": Counter,
    "rows": Rows,
    "wide chunks": lambda codes: Chunks(codes, WIDE_SHARDS),
}

STAGES: dict[str, tuple[Callable[[int], Limits], Tuning]] = {
    "deployed": (lambda rate: Limits(), Tuning()),
    "quotas": (lambda rate: raised(rate, tables_too=False), Tuning()),
    "warmed": (lambda rate: raised(rate, tables_too=True), Tuning()),
    "wide": (lambda rate: raised(rate, tables_too=True), WIDE),
}
"""deployed: a new account, the template as it is. quotas: every quota raised and functions warm.
warmed: the tables' warm throughput raised, too. wide: and what the code would have to change."""


def all_scenarios() -> list[Scenario]:
    return [
        *(Scenario(stage, rate) for stage in STAGES for rate in SECONDS),
        *(Scenario("wide", rate, "wide chunks") for rate in SECONDS),
        *(
            Scenario("wide", rate, pool, codes, QUICK_SECONDS)
            for rate, codes in ((1_000, CODES), (10_000, CODES), (10_000, SOLD_OUT_CODES))
            for pool in POOLS
        ),
    ]


def run(scenario: Scenario) -> Report:
    limits_of, tuning = STAGES[scenario.stage]
    orders = scenario.rate * SECONDS[scenario.rate]
    load = Load(scenario.rate, orders, scenario.codes, delay_seconds=scenario.delay_seconds)
    sale = Sale(load, POOLS[scenario.pool], limits_of(scenario.rate), tuning)
    return report_of(scenario, sale, sale.run())


def report_of(scenario: Scenario, sale: Sale, outcome: Outcome) -> Report:
    delivered = outcome.delivered.total()
    placed = outcome.placed.total()
    waits = sorted(outcome.waits) or [0.0]
    spent, per = outcome.spent, max(1, delivered)
    return {
        "name": scenario.name,
        "stage": scenario.stage,
        "pool": scenario.pool,
        "rate": scenario.rate,
        "codes": scenario.codes,
        "delay_seconds": scenario.delay_seconds,
        "orders": sale.load.orders,
        "placed_share": round(placed / sale.load.orders, 4),
        "turned_away_share": round(outcome.turned_away / sale.load.orders, 4),
        "delivered": delivered,
        "peak_delivered_per_second": max(outcome.delivered.values(), default=0),
        "late": outcome.sold_out_when_paid,
        "unanswered": outcome.unanswered,
        "leaked": sale.pool.leaked,
        "misses_per_order": round(
            sum(o.misses for o in outcome.paid) / max(1, len(outcome.paid)), 3
        ),
        "requests_per_code": round(spent["requests"] / per, 3),
        "wcu_per_code": round(spent["half_wcu"] / 2 / per, 3),
        "rcu_per_code": round(spent["half_rcu"] / 2 / per, 3),
        "paid_to_delivered_p50": round(waits[len(waits) // 2], 3),
        "paid_to_delivered_p99": round(waits[len(waits) * 99 // 100], 3),
        "peak_concurrency": sale.placing.account.peak,
        "gave_way_at": gave_way(sale),
        "refused_share": refused_shares(sale),
        "hot_keys": hot_keys(sale),
        "delivered_by_second": [outcome.delivered[second] for second in range(60)],
    }


def gave_way(sale: Sale) -> dict[str, float]:
    """Gates by the second in which they first refused more than a hundredth."""
    found = {gate.name: _first_second(gate) for gate in sale.gates()}
    given = {name: second for name, second in found.items() if second is not None}
    return dict(sorted(given.items(), key=lambda item: item[1]))


def _first_second(gate: Quota | Function | SimTable) -> float | None:
    for second in sorted(gate.refused):
        if gate.refused[second] > GIVES_WAY * gate.asked[second]:
            return second
    return None


def refused_shares(sale: Sale) -> dict[str, float]:
    shares = {gate.name: gate.refused.total() / max(1, gate.asked.total()) for gate in sale.gates()}
    return {name: round(share, 4) for name, share in shares.items() if share >= 0.0001}


def hot_keys(sale: Sale) -> dict[str, float]:
    """Kinds of items that were refused, by the share of refusals."""
    tables = [gate for gate in sale.gates() if isinstance(gate, SimTable)]
    kinds = {
        f"{table.name}: {kind}": count
        for table in tables
        for kind, count in table.refused_keys.items()
    }
    whole = sum(kinds.values())
    return {kind: round(count / whole, 3) for kind, count in sorted(kinds.items())}
