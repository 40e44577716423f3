"""docs/resale.md tells the truth: its example is run, by the programs that it names."""

import json
import re
import subprocess
from typing import get_args

from scrip.contracts import resale as wire
from tests.in_memory import InMemory
from tests.reselling import SECRET, open_account
from tests.shop import InProcess, Shop
from tests.template import ROOT

PAGE = (ROOT / "docs" / "resale.md").read_text(encoding="utf-8")
[(SCRIPT, SHOWN)] = re.findall(r"```sh\n(.+?)\n```\n```json\n(.+?)\n```", PAGE, re.DOTALL)
TELLS = 'curl() { printf "%s\\0" "$@"; }\n'
"""In place of curl: what it was to send."""


def test_the_example_answers_what_the_page_shows(cloud: InMemory, shop: Shop) -> None:
    shop.stock_up("steam-50", ["CODE-1", "CODE-2"])
    desk = open_account(cloud.values, balance=10_000)
    desk.resellers.change("demo", "outlet", {"discount_bp": 250})

    done = subprocess.run(
        ["bash", "-euc", TELLS + SCRIPT],
        env={"SECRET": SECRET, "API": "", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )

    flags, method, path, *rest = done.stdout.strip("\0").split("\0")
    given = list(zip(rest[::2], rest[1::2], strict=True))
    headers = dict(value.split(": ") for name, value in given if name == "-H")
    [body] = [value for name, value in given if name == "-d"]
    reply = InProcess(cloud).send(method, path, headers, body.encode())
    assert flags == "-X"
    shown = json.loads(SHOWN)
    anew = {"order_id", "placed_at_ms", "ended_at_ms"}
    assert {name: reply.json[name] for name in shown if name not in anew} == {
        name: value for name, value in shown.items() if name not in anew
    }
    assert list(reply.json) == list(shown)


def test_every_state_and_reason_is_explained() -> None:
    for word in (*get_args(wire.ResaleStateName), *get_args(wire.ReasonName)):
        assert f"`{word}`" in PAGE
