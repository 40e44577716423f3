"""`make conformance`: thousands of runs of the engine at every simulated supplier, by seed.

Writes build/conformance.json, prints what each came to, and exits 1 if anybody was charged twice or
anything was lost. Options: names of suppliers to run only those; `--runs 100` for each.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from infra.packaging.build import ROOT
from scrip.domain.line import Fate
from tests.suppliers.conformance import Figures, run_many
from tests.suppliers.kinds import KINDS

REPORT = ROOT / "build/conformance.json"
RUNS = 2_000
AT_A_TIME = 100
PROCESSES = 2


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="conformance")
    parser.add_argument("suppliers", nargs="*", help=", ".join(KINDS))
    parser.add_argument("--runs", type=int, default=RUNS)
    chosen = parser.parse_args(arguments)
    names = chosen.suppliers or list(KINDS)
    if unknown := set(names) - set(KINDS):
        parser.error(f"no such supplier: {', '.join(sorted(unknown))}")
    found = run_all(names, chosen.runs)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({name: report(found[name]) for name in names}, indent=2) + "\n")
    for name in names:
        print(line(name, chosen.runs, found[name]))
    print(f"wrote {REPORT.relative_to(ROOT)}", file=sys.stderr)
    return (
        1 if any(each.charged_twice or each.lost or each.leaked for each in found.values()) else 0
    )


def run_all(names: list[str], runs: int) -> dict[str, Figures]:
    started = time.monotonic()
    found = {name: Figures() for name in names}
    with ProcessPoolExecutor(PROCESSES) as pool:
        parts = {
            pool.submit(part, name, range(first, min(first + AT_A_TIME, runs))): name
            for name in names
            for first in range(0, runs, AT_A_TIME)
        }
        for number, done in enumerate(as_completed(parts), 1):
            found[parts[done]].add(done.result())
            passed = time.monotonic() - started
            told = f"{passed:6.1f} s  {number} of {len(parts)} parts, {parts[done]}"
            print(told, file=sys.stderr, flush=True)
    return found


def part(name: str, seeds: range) -> Figures:
    return run_many(KINDS[name], seeds)


def report(figures: Figures) -> dict[str, Any]:
    return {
        **{f"units_{fate.value}": figures.ended[fate] for fate in Fate},
        "waiting_for_a_person": dict(figures.reasons),
        "charged": figures.charged,
        "charged_twice": figures.charged_twice,
        "lost": figures.lost,
        "reversals_unheard": figures.unheard,
        "codes": figures.codes,
        "leaked": figures.leaked,
        "functions_killed": figures.deaths,
        "met": {fault.name.lower(): times for fault, times in figures.met.items()},
    }


def line(name: str, runs: int, figures: Figures) -> str:
    ended = ", ".join(f"{figures.ended[fate]} {fate.value}" for fate in Fate)
    waiting = ", ".join(f"{times} {reason}" for reason, times in figures.reasons.items())
    return (
        f"{name}: {runs} runs, {figures.ended.total()} units: {ended}; for a person: "
        f"{waiting or 'none'}; {figures.charged} charges, {len(figures.charged_twice)} double, "
        f"{len(figures.lost)} lost, {figures.unheard} reversals unheard, {figures.codes} codes, "
        f"{len(figures.leaked)} leaked; {sum(figures.met.values())} faults met, "
        f"{figures.deaths} functions killed"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
