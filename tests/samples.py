"""Sample events: events/<function>/<case>.json, with `${name}` where a value is made by a run."""

import json
import re
from typing import Any

from tests.template import ROOT

HOLE = re.compile(r"\$\{(\w+)\}")


def sample(function: str, case: str, **fill: object) -> dict[str, Any]:
    """The event with its holes filled. Every hole needs a value, every value a hole."""
    text = (ROOT / "events" / function / f"{case}.json").read_text(encoding="utf-8")
    assert set(HOLE.findall(text)) == set(fill), f"{function}/{case} wants {HOLE.findall(text)}"
    event: dict[str, Any] = json.loads(
        HOLE.sub(lambda hole: _inside_text(str(fill[hole[1]])), text)
    )
    return event


def _inside_text(value: str) -> str:
    return json.dumps(value)[1:-1]
