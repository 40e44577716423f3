"""A deployed local cloud as its scenarios see it: shops over HTTP, and a look behind the scenes."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import urllib3

from infra.local.cloud import NOWHERE_ELSE, Cloud, running_cloud
from infra.local.purchase import mails
from scrip.adapters.tables import Item, decode_item
from tests.in_memory import TABLES
from tests.opening import open_shop
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer
from tests.shop import Reply, Shop

WAIT_SECONDS = 30
PATIENCE_SECONDS = 0.05
SECRET_FIELDS = {"code", "pin", "order_token", "secret", "client_secret"}
TOKEN_FIELDS = {"order_token", "secret"}
"""Of these only the end cannot be guessed: their front is a merchant's name."""


@dataclass
class OverHttp:
    """Carries requests to the deployed API, and remembers every secret that passes."""

    base_url: str
    secrets: set[str] = field(default_factory=set)
    http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=40, retries=False, timeout=60.0)
    )

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        answer = self.http.request(method, self.base_url + path, headers=headers, body=body)
        found = {name.lower(): value for name, value in answer.headers.items()}
        reply = Reply(answer.status, found, answer.data.decode())
        self._remember(headers, body, reply)
        return reply

    def _remember(self, headers: dict[str, str], body: bytes, reply: Reply) -> None:
        credential = headers.get("authorization", "").removeprefix("Bearer ")
        self.secrets |= {part for part in credential.split("_") if len(part) >= 20}
        if headers.get("content-type", "").startswith("text/"):
            cells = re.split(r"[,\s]+", body.decode())
            # What a fuzzer imports may be any few symbols; they stand in many an innocent place.
            self.secrets |= {cell for cell in cells if len(cell) > 9 and len(set(cell)) > 4}
        if reply.text and reply.status < 300 and "json" in reply.headers.get("content-type", ""):
            self.secrets |= set(_secrets_in(reply.json))


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _secrets_in(each)
    if isinstance(value, dict):
        for name, each in value.items():
            if name in SECRET_FIELDS and isinstance(each, str) and each:
                yield each.rpartition("_")[2] if name in TOKEN_FIELDS else each
            else:
                yield from _secrets_in(each)


class PaymentsThere(dict[str, Any]):
    """PaymentIntents as another Stripe knows them, looked up when asked for."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def __missing__(self, reference: str) -> Any:
        headers = {"authorization": f"Bearer {SECRET_KEY}"}
        url = f"{self.url}/v1/payment_intents/{reference}"
        found = urllib3.request("GET", url, headers=headers).json()
        return {name: found[name] for name in ("id", "object", "amount", "currency", "metadata")}


@dataclass
class Deployed:
    cloud: Cloud
    stripe: StripeServer
    carrier: OverHttp

    def open_shop(self, merchant_id: str, **more: Any) -> Shop:
        environment = {
            "MERCHANTS_TABLE": self.cloud.outputs["MerchantsTable"],
            "VAULT_KEY_ARN": self.cloud.outputs["VaultKeyArn"],
        }
        with mock.patch.dict(os.environ, self.cloud.environment()):
            return open_shop(self.carrier, environment, self.stripe, merchant_id, **more)

    def invoke(self, function: str) -> Any:
        """Call a function by its logical id, as its schedule does."""
        answer = self.cloud.client("lambda").invoke(
            FunctionName=self.cloud.outputs[f"{function}Function"], Payload=b"{}"
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    def raw_items(self, table: str) -> list[dict[str, Any]]:
        pages = self.cloud.client("dynamodb").get_paginator("scan")
        name = self.cloud.outputs[f"{TABLES[table]}Table"]
        return [item for page in pages.paginate(TableName=name) for item in page["Items"]]

    def items(self, table: str, merchant_id: str) -> list[Item]:
        """A merchant's items."""
        found = (decode_item(item) for item in self.raw_items(table))
        return [item for item in found if item["pk"].partition("#")[0] == merchant_id]

    def mails(self, order_id: str) -> list[dict[str, Any]]:
        return [mail for mail in mails(self.cloud) if order_id in mail["Subject"]]

    @property
    def secrets(self) -> set[str]:
        return self.carrier.secrets | {SECRET_KEY, WEBHOOK_SECRET}


@contextmanager
def deployed(
    root: Path,
    oracle: StripeServer | None,
    *,
    auth: bool,
    others: Mapping[str, str] = NOWHERE_ELSE,
    suppliers: Mapping[str, str] = NOWHERE_ELSE,
    roots: bytes = b"",
) -> Iterator[Deployed]:
    """With `oracle` for Stripe, or localstripe without. `others`: addresses of more providers,
    `roots`: whom to trust there. `suppliers`: addresses by kind."""
    bases = {"stripe": oracle.base, **others} if oracle else others
    with running_cloud(
        root, auth=auth, api_bases=bases, supplier_bases=suppliers, roots=roots
    ) as cloud:
        stripe = oracle or StripeServer(payments=PaymentsThere(cloud.stripe_url))
        yield Deployed(cloud, stripe, OverHttp(cloud.base_url))


def wait_until(what: Callable[[], Any]) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(PATIENCE_SECONDS)
    return found
