"""`make bench`: measure, write build/bench.json, print it against the budgets.

Exits 1 when a figure breaks its budget or could not be measured. Options: names of parts to
measure only those (callback, stock, cpu, cold_start, cost, import, file_import, vault, topup,
outage); the file holds only their figures. `million` imports a file of a million rows: it takes
minutes, and is left out of the whole.
"""

import json
import signal
import sys
import time
from collections.abc import Callable

from infra.packaging.build import ROOT
from scrip.adapters.gateways.registry import PROVIDERS
from tests.bench import (
    callback,
    callback_cpu,
    cold_start,
    cost,
    file_imports,
    imports,
    stock,
    topup,
    topup_time,
    vault,
)
from tests.bench.deployment import Deployment, Progress, deployment
from tests.bench.runtime_emulator import EmulatorAbsent
from tests.shop import Shop

REPORT = ROOT / "build/bench.json"
Figures = dict[str, float]

BUDGETS: dict[str, Figures] = {
    "callback": {
        "callback.aws_requests": 3.5,
        "callback.wcu": 2.4,
        "callback.rcu": 1.1,
        "callback.duplicate_requests": 1.2,
    },
    "stock": {
        "stock.requests": 3.5,
        "stock.wcu": 2.4,
        "stock.rcu": 1.1,
        "stock.tail_wcu": 2.8,
        "stock.growth": 1.02,
        "stock.hold_callback_wcu": 1.1,
    },
    "cpu": {f"callback.{name}.cpu_ms_ratio": 1.5 for name in PROVIDERS},
    "cold_start": {"cold_start.callback_ratio": 1.2},
    "cost": {},
    "import": {"import.wcu_per_code": 0.2},
    "file_import": {"import.file_wcu_per_code": 0.2},
    "vault": {"vault.kms_calls_per_10k_codes": 2},
    "topup": {
        "topup.aws_requests": 13.5,
        "topup.wcu": 8.5,
        "topup.at_once.aws_requests": 10,
        "topup.at_once.wcu": 7,
    },
    "outage": {
        "topup.polls_per_order.5_s": 1,
        "topup.polls_per_order.10_min": 7,
        "topup.stuck_after_recovery": 0,
        "topup.drain_ratio": 1.2,
    },
}
"""Counts and ratios: they hold on any machine. Milliseconds and dollars are shown without one."""

AT_LEAST: dict[str, Figures] = {"vault": {"vault.codes_per_second": 25.0}}
"""The other way round: ratios that must not be smaller."""


def main(arguments: list[str]) -> int:
    parts = arguments or list(BUDGETS)
    if unknown := set(parts) - set(MEASURES):
        known = ", ".join(MEASURES)
        print(f"no such part: {', '.join(sorted(unknown))} ({known})", file=sys.stderr)
        return 2
    # So that the local cloud is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {text}", file=sys.stderr, flush=True)

    figures: Figures = {}
    for part in parts:
        figures |= MEASURES[part](progress)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(figures, indent=2) + "\n")
    budgets = {name: limit for part in parts for name, limit in BUDGETS.get(part, {}).items()}
    floors = {name: limit for part in parts for name, limit in AT_LEAST.get(part, {}).items()}
    print(table(figures, budgets, floors))
    progress(f"wrote {REPORT.relative_to(ROOT)}")
    kept = [holds(figures, name, limit) for name, limit in budgets.items()]
    kept += [reaches(figures, name, limit) for name, limit in floors.items()]
    return 0 if all(kept) else 1


def holds(figures: Figures, name: str, limit: float) -> bool:
    return name in figures and figures[name] <= limit


def reaches(figures: Figures, name: str, limit: float) -> bool:
    return name in figures and figures[name] >= limit


def table(
    figures: Figures, budgets: dict[str, float], floors: dict[str, float] | None = None
) -> str:
    floors = floors or {}
    rows = [("figure", "measured", "budget", "")]
    for name in sorted({*figures, *budgets, *floors}):
        value = f"{figures[name]:g}" if name in figures else "absent"
        if name in budgets:
            verdict = "holds" if holds(figures, name, budgets[name]) else "BROKEN"
            rows.append((name, value, f"<= {budgets[name]:g}", verdict))
        elif name in floors:
            verdict = "holds" if reaches(figures, name, floors[name]) else "BROKEN"
            rows.append((name, value, f">= {floors[name]:g}", verdict))
        else:
            rows.append((name, value, "", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        f"{name:<{widths[0]}}  {value:>{widths[1]}}  {limit:<{widths[2]}}  {verdict}".rstrip()
        for name, value, limit, verdict in rows
    )


def in_a_shop(
    measure: Callable[[Deployment, Shop, Progress], Figures],
) -> Callable[[Progress], Figures]:
    """Each measure gets a local cloud and caches of its own."""

    def measured(progress: Progress) -> Figures:
        with deployment() as deployed:
            return measure(deployed, deployed.open_shop(), progress)

    return measured


def measure_cold_start(progress: Progress) -> Figures:
    try:
        return cold_start.measure_repository(progress=progress)
    except EmulatorAbsent as error:
        progress(f"cold start: not measured: {error}")
        return {}


MEASURES: dict[str, Callable[[Progress], Figures]] = {
    "callback": in_a_shop(callback.measure),
    "stock": in_a_shop(stock.measure),
    "cpu": callback_cpu.measure,
    "cost": in_a_shop(cost.measure),
    "import": in_a_shop(imports.measure),
    "file_import": in_a_shop(file_imports.measure),
    "million": in_a_shop(file_imports.measure_million),
    "vault": in_a_shop(vault.measure),
    "topup": in_a_shop(topup.measure),
    "outage": topup_time.measure,
    "cold_start": measure_cold_start,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
