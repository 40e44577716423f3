"""What starting costs: handlers import little, and importing does nothing."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import template
from tests.template import ROOT

FUNCTIONS = sorted(template.functions())
LAYER = ROOT / "layers/scrip/python"

HEAVY = ("aws_xray_sdk", "boto3", "pydantic", "pynamodb", "requests", "s3transfer", "yaml")
"""Nobody needs these at run time; each costs tens of milliseconds of a cold start."""

SEALERS = frozenset(
    {
        "api_serve_merchant",
        "api_serve_resellers",
        "api_serve_storefront",
        "queue_import_file",
        "queue_send_mail",
        "queue_top_up",
    }
)
"""Functions that make or open seals of codes. The others must not pay for cryptography."""

PROBE = """
import importlib, json, os, sys, threading
sys.modules["OpenSSL"] = None  # botocore takes it where it is: here, for tests, but not deployed
import botocore.client, botocore.httpsession, botocore.session

made, asked = [], []
botocore.session.Session.__init__ = lambda *a, **k: made.append("session")
botocore.client.ClientCreator.create_client = lambda *a, **k: made.append("client")
botocore.httpsession.URLLib3Session.__init__ = lambda *a, **k: made.append("connections")

class Environment(dict):
    def __getitem__(self, name):
        asked.append(name)
        return super().__getitem__(name)

os.environ = Environment(os.environ)
for name in sys.argv[1:]:
    importlib.import_module(name)
made += ["thread"] * (threading.active_count() - 1)
print(json.dumps([sorted(sys.modules), made, asked]))
"""


class Imported(NamedTuple):
    """`made`: sessions, clients, connection pools and threads. `asked`: variables that had to be
    there."""

    modules: frozenset[str]
    made: list[str]
    asked: list[str]


@cache
def imported(*names: str) -> Imported:
    """What importing does in a fresh process with an empty environment."""
    site = [each for each in sys.path if Path(each).name in ("site-packages", "dist-packages")]
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROBE, *names],
        env={"PYTHONPATH": ":".join([str(LAYER), str(ROOT), *site])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    modules, made, asked = json.loads(done.stdout)
    return Imported(frozenset(modules), made, [name for name in asked if name != "PYTHONPATH"])


def handler(function: str) -> Imported:
    return imported(f"functions.{function}.handler")


def modules_of_scrip() -> list[str]:
    files = sorted((LAYER / "scrip").rglob("*.py"))
    names = [".".join(path.relative_to(LAYER).with_suffix("").parts) for path in files]
    return [name.removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_imports_nothing_heavy(function: str) -> None:
    modules = handler(function).modules

    assert f"functions.{function}.handler" in modules
    assert modules & set(HEAVY) == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_who_seals_imports_cryptography(function: str) -> None:
    assert ("cryptography" in handler(function).modules) == (function in SEALERS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_who_imports_files_imports_the_readers_of_spreadsheets(function: str) -> None:
    """They are in a layer that no other function has."""
    assert ("openpyxl" in handler(function).modules) == (function == "queue_import_file")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_imports_its_own_wiring_only(function: str) -> None:
    wiring = {name for name in handler(function).modules if name.startswith("scrip.wiring.")}

    assert len(wiring - {"scrip.wiring.clients"}) == 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_handler_makes_no_client_and_needs_no_environment(function: str) -> None:
    assert handler(function).made == []
    assert handler(function).asked == []


def test_importing_every_module_makes_no_client_and_needs_no_environment() -> None:
    names = modules_of_scrip()

    everything = imported(*names)

    assert len(names) > 50
    assert set(names) <= everything.modules
    assert everything.made == []
    assert everything.asked == []
    assert everything.modules & set(HEAVY) == set()


def test_the_domain_needs_nothing_installed() -> None:
    names = [name for name in modules_of_scrip() if name.startswith("scrip.domain")]
    imports = "\n".join(f"import {name}" for name in names)

    done = subprocess.run(
        [sys.executable, "-S", "-c", imports],
        env={"PYTHONPATH": str(LAYER)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stderr == ""
