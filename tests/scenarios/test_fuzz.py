"""Generated requests against the document, both APIs: no 5xx, no answer that it does not name."""

import hmac
import itertools
import os
import secrets
import time
from typing import Any
from unittest import mock
from urllib.parse import unquote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scrip.contracts.openapi import document
from tests.oracles.stripe_server import WEBHOOK_SECRET
from tests.reselling import ResellerClient, open_account
from tests.scenarios.deployed import Deployed
from tests.share import SHARE
from tests.shop import Shop

pytestmark = [pytest.mark.cloud, pytest.mark.slow]

EXAMPLES = 30 // SHARE
"""Generated requests for each operation."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def fuzzed(open_cloud: Deployed) -> tuple[Shop, dict[str, str]]:
    """A shop to ask, and an order of it: its id and its token."""
    shop = open_cloud.open_shop(f"fuzz-{secrets.token_hex(4)}")
    shop.stock_up("card", [f"CODE-{secrets.token_hex(8)}" for _ in range(5)])
    placed = shop.place({"card": 1})
    shop.pay(placed)
    with mock.patch.dict(os.environ, open_cloud.cloud.environment()):
        open_account(open_cloud.cloud.outputs, shop.merchant_id, balance=1_000_000)
    return shop, {
        "order_id": placed.json["order"]["order_id"],
        "order_token": placed.json["order_token"],
    }


_turns, _session = itertools.count(), requests.Session()
schema = schemathesis.openapi.from_dict(document())


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_documented(
    case: Any, open_cloud: Deployed, fuzzed: tuple[Shop, dict[str, str]]
) -> None:
    shop, order = fuzzed
    if next(_turns) % 2:
        ask_for_what_is_there(case, shop, order["order_id"])
    headers = {}
    credential = credential_for(case.operation.definition.raw, shop, order)
    if credential:
        headers["Authorization"] = f"Bearer {credential}"
    request = requests.Request(
        **case.as_transport_kwargs(base_url=open_cloud.cloud.base_url, headers=headers)
    ).prepare()
    if "callbacks" in case.path:
        request.headers["Stripe-Signature"] = signature_of(request)
    if "resale" in case.path:
        request.headers.update(signed_by_reseller(request, shop))

    response = _session.send(request, timeout=30)

    case.validate_response(response, checks=CHECKS)


def ask_for_what_is_there(case: Any, shop: Shop, order_id: str) -> None:
    """Put ids that exist into path and order, so that what follows is reached too."""
    known = {
        "merchant_id": shop.merchant_id,
        "reseller_id": "outlet",
        "order_id": order_id,
        "product_id": "card",
        "variant_id": "card",
    }
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known.get(name, case.path_parameters[name])
    match case.body:
        case {"lines": [{"variant_id": str()} as line, *_]} | ({"reference": _} as line):
            line["variant_id"] = "card"


def credential_for(operation: dict[str, Any], shop: Shop, order: dict[str, str]) -> str:
    """A valid one, of a kind that the operation takes."""
    kinds = [kind for each in operation.get("security", []) for kind in each]
    if "orderToken" in kinds:
        return order["order_token"]
    if "apiKey" in kinds:
        return shop.keys["operator" if "merchant" in operation["tags"] else "storefront"]
    return ""


def signed_by_reseller(request: requests.PreparedRequest, shop: Shop) -> dict[str, str]:
    """Of the path as the server reads it."""
    body: Any = request.body or b""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    client = ResellerClient(shop.carrier, shop.merchant_id)
    return client.signed(request.method or "", unquote(request.path_url), raw)


def signature_of(request: requests.PreparedRequest) -> str:
    """A valid one also for bytes that are no text, which Stripe's own library cannot sign."""
    body: Any = request.body or b""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    now = int(time.time())
    mac = hmac.new(WEBHOOK_SECRET.encode(), f"{now}.".encode() + raw, "sha256").hexdigest()
    return f"t={now},v1={mac}"
