"""Every flow survives a fault at every call it makes: found by running it, none listed by hand."""

import importlib
from pathlib import Path

import pytest

from tests.crash.breaking import crash_everywhere
from tests.crash.cases import CASES
from tests.crash.figures import keep
from tests.crash.world import world
from tests.oracles.stripe_server import StripeServer

for path in sorted(Path(__file__).parent.glob("*_cases.py")):
    importlib.import_module(f"tests.crash.{path.stem}")  # adds its own to CASES


@pytest.mark.parametrize("name", CASES)
def test_it_ends_as_if_nothing_had_broken(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = crash_everywhere(made, CASES[name](made))

    assert report.total >= len(report.calls) > 0
    keep(name, report)
