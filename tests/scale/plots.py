"""The plots of docs/scale.md, from the figures alone: the same figures draw the same files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.use("Agg")
mpl.rcParams |= {
    "svg.hashsalt": "scrip",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
COLOURS = {"chunks": "#4477aa", "wide chunks": "#228833", "counter": "#ee6677", "rows": "#ccbb44"}
LABELS = {
    "deployed": "as deployed",
    "quotas": "quotas raised",
    "warmed": "and tables warmed",
    "wide": "and code widened",
}


def save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "tests.scale"})
    plt.close(figure)
    # A picture that ends its lines in blanks would not pass for text anywhere else.
    lines = (line.rstrip() for line in path.read_text().splitlines())
    path.write_text("\n".join(lines) + "\n")


def served(reports: Sequence[dict[str, Any]], path: Path) -> None:
    """How many orders were placed at all, by how far the shop was prepared."""
    figure, axes = plt.subplots(figsize=(7, 3))
    slow = [report for report in reports if report["delay_seconds"] >= 60]
    rates = sorted({report["rate"] for report in slow})
    steps = [(stage, "chunks") for stage in ("deployed", "quotas", "warmed", "wide")]
    steps.append(("wide", "wide chunks"))
    for place, (stage, pool) in enumerate(steps):
        shares = [100 * _of(reports, stage, pool, rate)["placed_share"] for rate in rates]
        label = LABELS[stage] if pool == "chunks" else "and 64 directories"
        axes.bar(
            [n + (place - 2) * 0.16 for n in range(len(rates))],
            shares,
            0.15,
            label=label,
            color=plt.get_cmap("viridis")(place / len(steps)),
        )
    axes.set_xticks(range(len(rates)), [f"{rate:,} orders/s" for rate in rates])
    axes.set_ylabel("% of orders placed")
    axes.legend(fontsize=7, ncols=5, loc="upper center", bbox_to_anchor=(0.5, 1.2), frameon=False)
    save(figure, path)


def designs(reports: Sequence[dict[str, Any]], path: Path) -> None:
    """Codes delivered, second by second: the same crowd, three ways to hand out codes."""
    quick = [report for report in reports if report["delay_seconds"] < 60]
    rates = sorted({report["rate"] for report in quick})
    figure, panels = plt.subplots(1, len(rates), figsize=(8, 2.8))
    for axes, rate in zip(panels, rates, strict=True):
        for pool, colour in COLOURS.items():
            series = _of(quick, "wide", pool, rate)["delivered_by_second"]
            axes.plot(series, color=colour, label=pool, linewidth=1.2)
        axes.set_title(f"{rate:,} orders/s", fontsize=9)
        axes.set_xlabel("seconds")
    panels[0].set_ylabel("codes delivered a second")
    panels[0].legend(fontsize=7, frameon=False)
    save(figure, path)


def windows(widths: Sequence[dict[str, Any]], path: Path) -> None:
    """Misses and write units by the width of the window, one line a rate."""
    figure, panels = plt.subplots(1, 2, figsize=(8, 3))
    rates = sorted({width["rate"] for width in widths})
    for place, rate in enumerate(rates):
        colour = plt.get_cmap("plasma")(place / len(rates))
        one = sorted(
            (w for w in widths if w["rate"] == rate and w["shards"] == 1), key=lambda w: w["window"]
        )
        windows = [width["window"] for width in one]
        _line(panels[0], windows, [w["misses"] for w in one], f"{rate:,}/s", colour)
        _line(panels[1], windows, [w["wcu"] for w in one], f"{rate:,}/s", colour)
        panels[0].plot(windows, [w["law"] for w in one], color=colour, linestyle=":", linewidth=1)
    for axes in panels:
        axes.set_xscale("log", base=2)
        axes.set_xlabel("chunks on sale (one directory)")
    panels[0].set_ylabel("misses an order (dotted: the law)")
    panels[1].set_ylabel("write units a code")
    panels[1].legend(
        fontsize=7, frameon=False, title="payers", title_fontsize=7, bbox_to_anchor=(1.0, 0.7)
    )
    save(figure, path)


def _line(axes: Axes, x: list[int], y: list[float], label: str, colour: Any) -> None:
    axes.plot(x, y, marker=".", linewidth=1.2, color=colour, label=label)


def _of(reports: Sequence[dict[str, Any]], stage: str, pool: str, rate: int) -> dict[str, Any]:
    return next(
        each
        for each in reports
        if (each["stage"], each["pool"], each["rate"]) == (stage, pool, rate)
        and each["codes"] >= 10**6
    )
