"""The house rules, read from the source by ast: who may import whom, and what each room may use.

A rule that changes is changed first, as data (`tests/rooms.py`).
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.rooms import DOMAIN_EDGES, OUTSIDE, PLAIN, ROOMS
from tests.template import ROOT

PACKAGE = ROOT / "layers/scrip/python/scrip"
HANDLERS = ROOT / "functions"
SOURCES = (PACKAGE, HANDLERS, ROOT / "infra", ROOT / "tests")

PURE = frozenset({"domain", "flows", "steps"})
IMPURE_NAMES = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open", "print"})
CLIENT_MAKERS = frozenset({"create_client", "get_session", "get_default_session"})

MAX_LINES = 400
MAX_FUNCTION_LINES = 75
MAX_HANDLER_FUNCTION_LINES = 22
TRIGGERS = ("api", "object", "queue", "schedule", "stream")
VAGUE = frozenset({"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"})


def room_of(path: str) -> str:
    """`path`: `functions/x/handler.py`, or below the package: `adapters/keys.py`, `serving.py`."""
    return path.split("/")[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names: `scrip.domain.money.Money`, `io.StringIO`, `time`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names)


def import_violations(tree: ast.Module, room: str) -> Iterator[str]:
    allowed = PLAIN | OUTSIDE[room]
    for name in imports(tree):
        parts = name.split(".")
        if parts[0] == "scrip":
            if parts[1] not in ROOMS[room]:
                yield f"{room} imports {name}"
        elif not any(".".join(parts[: n + 1]) in allowed for n in range(len(parts))):
            yield f"{room} imports {name}"
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in top:
            yield f"an import hides in line {node.lineno}"


def use_violations(tree: ast.Module, path: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in IMPURE_NAMES and room_of(path) in PURE:
            yield f"{room_of(path)} uses {node.id}"
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in CLIENT_MAKERS and path != "wiring/clients.py":
                yield f"{name} outside of wiring/clients.py"
            if name in ("environ", "getenv") and path != "settings.py":
                yield f"{name} outside of settings.py"
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"bare except in line {node.lineno}"


def size_violations(tree: ast.Module, source: str, longest: int) -> Iterator[str]:
    if len(source.splitlines()) > MAX_LINES:
        yield f"more than {MAX_LINES} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.end_lineno:
            lines = node.end_lineno - node.lineno + 1
            if lines > longest:
                yield f"{node.name} has {lines} lines, more than {longest}"


def handler_violations(tree: ast.Module) -> Iterator[str]:
    """A handler passes on: it decides nothing, builds nothing, hides no error."""
    wired = {name for name in imports(tree) if name.startswith("scrip.wiring")}
    if len(wired) != 1:
        yield f"a handler has one wiring module, not {sorted(wired)}"
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.Try | ast.While | ast.Match | ast.DictComp):
                yield f"{type(node).__name__} in {function.name}"
            if isinstance(node, ast.Dict) and len(node.keys) > 1:
                yield f"{type(node).__name__} in {function.name}"
            if isinstance(node, ast.If | ast.For) and not all(map(_tells, node.body)):
                yield f"{type(node).__name__} in {function.name} does more than telemetry"


def _tells(statement: ast.stmt) -> bool:
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    told = ast.unparse(statement.value.func)
    return told in ("count", "count_by_reason", "milliseconds") or told.startswith("logger.")


def violations(path: str, source: str) -> list[str]:
    """What a module of the package (or a handler) does against the rules."""
    tree, room = ast.parse(source), room_of(path)
    if room not in ROOMS:
        return [f"no rule for {room}"]
    found = [*import_violations(tree, room), *use_violations(tree, path)]
    if room in ("functions", "answers") and not path.endswith("__init__.py"):
        found += handler_violations(tree)
        found += size_violations(tree, source, MAX_HANDLER_FUNCTION_LINES)
    else:
        found += size_violations(tree, source, MAX_FUNCTION_LINES)
    if not ast.get_docstring(tree):
        found.append("says not what it is")
    return found


def modules() -> dict[str, Path]:
    found = {str(path.relative_to(PACKAGE)): path for path in PACKAGE.rglob("*.py")}
    del found["__init__.py"]
    return found | {str(path.relative_to(ROOT)): path for path in HANDLERS.rglob("*.py")}


def vague(path: Path) -> list[str]:
    """Parts of a path whose names say nothing."""
    parts = [part.removesuffix(".py") for part in path.parts]
    return [part for part in parts if part not in ("__init__",) and set(part.split("_")) & VAGUE]


def domain_edges() -> dict[str, frozenset[str]]:
    found = {}
    for path in (PACKAGE / "domain").glob("[!_]*.py"):
        names = (name.split(".") for name in imports(ast.parse(path.read_text(encoding="utf-8"))))
        known = frozenset(parts[2] for parts in names if parts[:2] == ["scrip", "domain"])
        if known:
            found[path.stem] = known
    return found


@pytest.mark.parametrize("path", sorted(modules()))
def test_module_keeps_the_rules(path: str) -> None:
    source = modules()[path].read_text(encoding="utf-8")

    assert violations(path, source) == []


def test_domain_modules_know_each_other_as_written_down() -> None:
    assert domain_edges() == DOMAIN_EDGES
    TopologicalSorter(DOMAIN_EDGES).prepare()  # raises CycleError


def test_every_source_file_is_of_a_size_to_read() -> None:
    files = [path for folder in SOURCES for path in folder.rglob("*.py")]

    long = {str(p.relative_to(ROOT)): len(p.read_text("utf-8").splitlines()) for p in files}

    assert len(files) > 80
    assert {name: lines for name, lines in long.items() if lines > MAX_LINES} == {}


def test_names_say_what_a_file_is_about() -> None:
    files = [path.relative_to(ROOT) for folder in SOURCES for path in folder.rglob("*.py")]

    assert {str(path): vague(path) for path in files if vague(path)} == {}


def test_function_folders_are_named_by_trigger_and_verb() -> None:
    for folder in sorted({path.parent for path in HANDLERS.rglob("*.py")}):
        trigger, *rest = folder.name.split("_")

        assert trigger in TRIGGERS, folder.name
        assert len(rest) >= 2, folder.name
        assert {path.name for path in folder.glob("*.py")} == {"handler.py"}


# The rules themselves: each of these was once a way to go wrong.

BAD: dict[str, tuple[str, str]] = {
    "domain asks the clock": ("domain/x.py", "import time"),
    "domain asks the date": ("domain/x.py", "from datetime import datetime"),
    "domain reads the environment": ("domain/x.py", "import os"),
    "domain rolls dice": ("domain/x.py", "from random import random"),
    "domain draws secrets": ("domain/x.py", "import secrets"),
    "domain opens files": ("domain/x.py", "def f():\n    return open('x')"),
    "domain opens files by io": ("domain/x.py", "from io import open"),
    "domain knows the wire": ("domain/x.py", "import msgspec"),
    "domain knows an adapter": ("domain/x.py", "from scrip.adapters.keys import Keys"),
    "flow knows a flow": ("flows/x.py", "from scrip.flows.place_order import place_order"),
    "step knows a step": ("steps/x.py", "from scrip.steps.claim import claim_lines"),
    "step knows a flow": ("steps/x.py", "from scrip.flows.place_order import place_order"),
    "step asks the clock": ("steps/x.py", "from time import time_ns"),
    "flow knows a flow, relatively": ("flows/x.py", "from .place_order import place_order"),
    "flow knows an adapter": ("flows/x.py", "from scrip.adapters import orders"),
    "flow knows the wire": ("flows/x.py", "import scrip.contracts.http"),
    "flow asks the clock": ("flows/x.py", "from time import time_ns"),
    "contract knows an adapter": ("contracts/x.py", "from scrip.adapters.keys import Keys"),
    "adapter reads settings": ("adapters/x.py", "from scrip.settings import load"),
    "adapter knows a flow": ("adapters/x.py", "from scrip.flows import place_order"),
    "adapter makes clients": ("adapters/x.py", "def f(s):\n    return s.create_client('sqs')"),
    "adapter reads the environment": ("adapters/x.py", "import os\nx = os.environ['A']"),
    "adapter uses boto3": ("adapters/x.py", "import boto3"),
    "wiring knows a flow": ("wiring/x.py", "from scrip.flows import place_order"),
    "serving knows an adapter": ("serving.py", "from scrip.adapters.orders import Orders"),
    "handler knows an adapter": ("functions/x/handler.py", "from scrip.adapters import orders"),
    "handler reads settings": ("functions/x/handler.py", "from scrip import settings"),
    "handler uses boto3": ("functions/x/handler.py", "import boto3"),
    "handler uses pynamodb": ("functions/x/handler.py", "from pynamodb.models import Model"),
    "handler uses json": ("functions/x/handler.py", "import json"),
    "handler hides errors": ("functions/x/handler.py", "def f():\n try: g()\n except: pass"),
    "handler decides": ("functions/x/handler.py", "def f(x):\n if x:\n  return 1\n return 2"),
    "handler builds": ("functions/x/handler.py", "def f(x):\n return {'a': x, 'b': x}"),
    "handler is long": ("functions/x/handler.py", "def f():\n" + " g()\n" * 30),
    "import hides": ("wiring/x.py", "def f():\n    import functools"),
    "file is long": ("flows/x.py", "x = 1\n" * 401),
    "function is long": ("flows/x.py", "def f():\n" + " g()\n" * 100),
    "a room nobody made a rule for": ("shed/x.py", ""),
}
LEGAL_HANDLER = '''"""Fine."""
from scrip.wiring import mail
from scrip.telemetry import count
def f(x):
    if x:
        count("A")
'''


@pytest.mark.parametrize("case", sorted(BAD))
def test_checker_refuses(case: str) -> None:
    path, source = BAD[case]
    head = (
        '"""Fine."""\nfrom scrip.wiring import mail\n' if "functions" in path else '"""Fine."""\n'
    )

    assert violations(path, head + source) != []


def test_checker_lets_a_lean_handler_pass() -> None:
    assert violations("functions/x/handler.py", LEGAL_HANDLER) == []


def test_checker_wants_a_docstring() -> None:
    assert violations("flows/x.py", "x = 1") == ["says not what it is"]


@pytest.mark.parametrize(
    "name", ["utils.py", "common/x.py", "order_helpers.py", "base_table.py", "key_manager.py"]
)
def test_checker_refuses_vague_names(name: str) -> None:
    assert vague(Path("layers") / name) != []
