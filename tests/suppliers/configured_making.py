"""Settings of suppliers by settings: the example of docs/suppliers.md, and one of another shape."""

import json
from copy import deepcopy
from typing import Any

import msgspec

from scrip.adapters.suppliers.configured_settings import ConfiguredSecrets
from tests.template import ROOT

PAGE = (ROOT / "docs/suppliers.md").read_text(encoding="utf-8").partition("## configured")[2]
EXAMPLE: dict[str, Any] = json.loads(PAGE.split("```json\n")[1].partition("```")[0])

REST: dict[str, Any] = {
    "api": "https://api.example.org",
    "secret": "a secret of 16 and more".replace(" ", "-"),
    "signature": {"scheme": "hmac-sha256", "over": "body", "header": "X-Signature"},
    "currency": "USD",
    "amounts": "minor",
    "send": {
        "path": "/orders",
        "fields": {"id": "{reference}", "item": "{sku}", "to": "{form.phone}", "n": "{nonce}"},
        "codes": {"ok": "state", "bad_account": "refused", "slow_down": "too_fast"},
    },
    "ask": {
        "path": "/orders/find",
        "fields": {"id": "{reference}"},
        "codes": {"ok": "state", "unknown": "not_found"},
    },
    "answers": {"code": "result", "state": "order.state", "reference": "order.id"},
    "states": {"OPEN": "taken", "DONE": "done", "DEAD": "failed"},
    "terms": {"resend": "replays", "quarantine_minutes": 5},
    "callback": {
        "reference": "order.id",
        "signature": {"scheme": "hmac-sha256", "over": "body", "header": "X-Signature"},
    },
}


def settings(of: dict[str, Any] = EXAMPLE, **changes: Any) -> ConfiguredSecrets:
    """`changes`: by path with __ for the dots; None takes away."""
    told = deepcopy(of)
    for path, value in changes.items():
        *parents, last = path.split("__")
        at = told
        for name in parents:
            at = at[name]
        at[last] = value
        if value is None:
            del at[last]
    return msgspec.json.decode(json.dumps(told), type=ConfiguredSecrets)
