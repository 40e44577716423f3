"""What was broken and healed, for `build/crash.json` and the end of the test run."""

import json
from pathlib import Path
from typing import Any

from tests.crash.breaking import Report
from tests.template import ROOT

FOLDER = ROOT / "build/crash"
SUMMARY = ROOT / "build/crash.json"


def keep(name: str, report: Report) -> None:
    """One file a flow, then all of them in one: test processes in parallel do not meet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    figures = {
        "calls": report.calls,
        "points": report.total,
        "healed": report.total - report.left,
        "left": report.left,
        "by_mode": dict(report.points),
        "most_replays": report.replays,
    }
    path = FOLDER / f"{name.replace(' ', '_').replace(':', '')}.json"
    _write(path, {name: figures})
    _write(SUMMARY, {"flows": kept()})


def kept() -> dict[str, Any]:
    """Figures by flow."""
    found: dict[str, Any] = {}
    for path in sorted(FOLDER.glob("*.json")):
        found |= json.loads(path.read_text())
    return found


def forget() -> None:
    for path in FOLDER.glob("*.json"):
        path.unlink(missing_ok=True)


def _write(path: Path, value: dict[str, Any]) -> None:
    unfinished = path.with_suffix(f".{id(value)}.unfinished")
    unfinished.write_text(json.dumps(value, indent=2) + "\n")
    unfinished.replace(path)
