"""Which tests run in one process, since they share what is dear to set up."""

from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

HERE = Path(__file__).parent


def group_of(item: pytest.Item) -> str:
    """A local cloud's tests, those that look at what a day's calls were; empty for all others."""
    if item.path == HERE / "test_policies.py":
        return "policies"
    return _cloud_of(item) if HERE / "scenarios" in item.path.parents else ""


def _cloud_of(item: pytest.Item) -> str:
    assert isinstance(item, pytest.Function)
    if "deployed" in item.fixturenames:
        return str(item.callspec.params["deployed"])
    used = [name for name in ("open", "enforced") if f"{name}_cloud" in item.fixturenames]
    return used[0] if used else ""


def name(item: pytest.Item, group: str) -> None:
    """An id of its own, also for each operation that schemathesis asks: of those that share one a
    group runs one. With the group as `--dist loadgroup` reads it: what pytest-xdist 3.8 does for
    its mark has no effect with pytest 9.2."""
    assert item.parent
    parts = [f"{item.parent.nodeid}::{item.name}", *([group] if group else [])]
    item._id = NodeId.parse("@".join(parts))
