"""Says at the end of a run how many crash points there were."""

import os
from typing import Any

import pytest

from tests.crash import figures


def pytest_collection_finish(session: pytest.Session) -> None:
    first = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0"
    if first and not session.config.option.collectonly:
        figures.forget()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    kept = figures.kept()
    if not kept:
        return
    terminalreporter.section("crash points, all healed")
    for name, flow in kept.items():
        line = f"{flow['points']:5}  {name} ({len(flow['calls'])} calls)"
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"{sum(flow['points'] for flow in kept.values()):5}  in total")
