"""`python -m tests.scale`: simulate, write docs/scale/figures.json and the plots beside it.

Takes a quarter of an hour on two cores. `widths` and `sales` run one part only, `plots` draws anew
from the figures that are there.
"""

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from scrip.domain.directory import WINDOW
from tests.scale import plots
from tests.scale.pools import PER_CHUNK
from tests.scale.scenarios import Scenario, all_scenarios, run
from tests.scale.window import law, measure
from tests.template import ROOT

FOLDER = ROOT / "docs/scale"
FIGURES = FOLDER / "figures.json"
DELAY_SECONDS = 60.0
HOLD_SECONDS = 0.05
WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)
CODES_BY_RATE = {1: 20_000, 10: 50_000, 100: 150_000, 1_000: 300_000, 10_000: 600_000}
SHARDS = (4, 16, 64)


def width(job: tuple[int, int, float, int]) -> dict[str, Any]:
    window, rate, delay, shards = job
    found = measure(window, rate, CODES_BY_RATE[rate], delay, shards=shards)
    return {
        "window": window,
        "rate": rate,
        "delay_seconds": delay,
        "shards": shards,
        "law": round(law(rate * delay, window * shards * PER_CHUNK), 4),
        "misses": round(found.misses, 4),
        "directory_bytes": round(found.directory_bytes),
        "closing_wcu": round(found.closing_wcu, 4),
        "peak_wcu": found.peak_wcu,
        "wcu": round(found.wcu, 3),
    }


def jobs() -> list[tuple[int, int, float, int]]:
    one = [
        (window, rate, DELAY_SECONDS, 1)
        for rate in CODES_BY_RATE
        for window in (WINDOWS if rate < 10_000 else WINDOWS[1::2])
    ]
    sharded = [
        (WINDOW, rate, DELAY_SECONDS, shards) for rate in (100, 1_000, 10_000) for shards in SHARDS
    ]
    held = [(WINDOW, 10_000, HOLD_SECONDS, shards) for shards in (1, *SHARDS)]
    return [*one, *sharded, *held]


def timed(scenario: Scenario) -> dict[str, Any]:
    started = time.monotonic()
    report: dict[str, Any] = run(scenario)
    print(f"{scenario.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return report


def simulate(parts: Sequence[str]) -> dict[str, Any]:
    """The figures that are there, with these parts anew."""
    figures: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    with ProcessPoolExecutor(2) as workers:
        if "widths" in parts:
            figures["widths"] = list(workers.map(width, jobs()))
        if "sales" in parts:
            figures["sales"] = list(workers.map(timed, all_scenarios()))
    return figures


def render(figures: dict[str, Any]) -> str:
    """JSON with a line for each report."""
    parts = (
        f'"{part}": [\n' + ",\n".join(json.dumps(each) for each in figures[part]) + "\n]"
        for part in sorted(figures)
    )
    return "{" + ",\n".join(parts) + "}\n"


def draw(figures: dict[str, Any]) -> None:
    sales = figures["sales"]
    plots.served(sales, FOLDER / "served.svg")
    plots.designs(sales, FOLDER / "designs.svg")
    held = [width for width in figures["widths"] if width["delay_seconds"] == DELAY_SECONDS]
    plots.windows(held, FOLDER / "window.svg")


def main(arguments: list[str]) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not set(arguments) <= {"widths", "sales", "plots"}:
        print("usage: python -m tests.scale [widths] [sales] [plots]", file=sys.stderr)
        return 2
    if arguments != ["plots"]:
        figures = simulate(arguments or ("widths", "sales"))
        FIGURES.write_text(render(figures))
    draw(json.loads(FIGURES.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
