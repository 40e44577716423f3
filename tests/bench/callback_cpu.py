"""What our own code adds to a warm callback: its CPU over that of what cannot be left out.

What cannot be left out: the provider's signature, checked bare, and the callback's own requests,
sent again as bare calls of the same clients with the very same parameters: to DynamoDB, to S3 and,
where a provider is asked, to the provider. In between the order and its chunk are put back to
where they were, so both get the same answers. Both run in turn.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import boto3
import msgspec

from scrip.adapters.gateways.paypal import PayPalGateway
from scrip.adapters.gateways.paypal_signing import Certificates
from scrip.adapters.gateways.registry import PROVIDERS, Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.wiring import clients
from tests.bench.bare_checks import CHECKS
from tests.bench.callback import warm
from tests.bench.deployment import Deployment, Progress, deployment
from tests.bench.meter import Tally
from tests.oracles.paying import OPEN, Provider
from tests.oracles.stripe_server import sign
from tests.shop import Reply, Shop, http_event

SAMPLES = 200
WARM_UP = 20

METHODS = {"GetItem": "get_item", "UpdateItem": "update_item"}
SIGNED = ("GET", "PUT")
"""What is sent to S3 without a client."""

Headers = dict[str, str]
Pay = Callable[[Reply], tuple[bytes, Headers]]


def measure(progress: Progress) -> dict[str, float]:
    """Keys: `callback.<provider>.cpu_ms_ratio`, the two medians behind it in CPU milliseconds, and
    Stripe's once more as `callback.cpu_ms_ratio`."""
    figures: dict[str, float] = {}
    with ExitStack() as opened:
        others = {name: opened.enter_context(OPEN[name]()) for name in OPEN}
        bases = {name: each.base for name, each in others.items()}
        deployed = opened.enter_context(deployment(**bases))
        roots = others["paypal"].server.signer.roots
        opened.enter_context(
            mock.patch.object(PayPalGateway, "certificates", Certificates(lambda: roots))
        )
        shop = deployed.open_shop()
        for name in PROVIDERS:
            progress(
                f"callback: CPU of {SAMPLES} warm callbacks and of their bare requests: {name}"
            )
            figures |= of_provider(deployed, shop, name, others.get(name))
    figures["callback.cpu_ms_ratio"] = figures["callback.stripe.cpu_ms_ratio"]
    return figures


def of_provider(
    deployed: Deployment, shop: Shop, name: str, provider: Provider | None
) -> dict[str, float]:
    """`provider`: None for Stripe, which the shop has anyway."""
    variant, codes = f"bench-{name}", [f"{name}{n:012}" for n in range(2 * SAMPLES)]
    asked: dict[str, str] = {}
    if provider is None:
        shop.stock_up(variant, codes)
        warm(shop)
    else:
        asked = {"provider": name, **provider.asked}
        shop.stock_up(variant, codes, currency=provider.currency)
        set_secrets(shop.merchant_id, provider)
    pay = by_stripe(shop) if provider is None else by_other(provider)
    timings = []
    for number in range(SAMPLES + WARM_UP):
        key = f"{variant}-{number}"
        placed = shop.place({variant: 1}, idempotency_key=key, **asked)
        assert placed.status == 201, placed.text
        timings.append(sample(deployed, shop, name, placed, pay))
    whole_ms, bare_ms = map(statistics.median, zip(*timings[WARM_UP:], strict=True))
    return {
        f"callback.{name}.cpu_ms_ratio": round(whole_ms / bare_ms, 3),
        f"callback.{name}.cpu_ms": round(whole_ms, 2),
        f"callback.{name}.cpu_bare_ms": round(bare_ms, 2),
    }


def set_secrets(merchant_id: str, provider: Provider) -> None:
    merchants = Merchants(Table(boto3.client("dynamodb"), os.environ["MERCHANTS_TABLE"]))
    keys = Keys(boto3.client("kms"), os.environ["VAULT_KEY_ARN"])
    secrets = msgspec.json.encode(provider.secrets)
    Gateways(merchants, keys, clients.provider_http()).set(merchant_id, provider.name, secrets)


def by_stripe(shop: Shop) -> Pay:
    def pay(placed: Reply) -> tuple[bytes, Headers]:
        raw = shop.stripe.paid(placed.json["payment"]["reference"])
        return raw, {"stripe-signature": sign(raw)}

    return pay


def by_other(provider: Provider) -> Pay:
    return lambda placed: provider.pay(placed.json["payment"][provider.shown])


def sample(
    deployed: Deployment, shop: Shop, provider: str, placed: Reply, pay: Pay
) -> tuple[float, float]:
    """CPU milliseconds of one callback, and of its bare counterpart."""
    raw, headers = pay(placed)
    path = f"/v1/callbacks/payments/{shop.merchant_id}/{provider}"
    function, event = http_event("POST", path, headers, raw)
    before = Before(shop.merchant_id, placed.json["order"]["order_id"], f"bench-{provider}")

    with deployed.meter.counting() as tally, asked_of_provider() as asked:
        ours, answer = cpu_ms(lambda: deployed.invoke(function, event))
    assert answer["statusCode"] in (200, 204), answer

    before.restore()
    with deployed.meter.counting():
        theirs, _ = cpu_ms(lambda: bare_callback(provider, raw, headers, tally, asked))
    return ours, theirs


@contextmanager
def asked_of_provider() -> Iterator[list[Any]]:
    http, sent = clients.provider_http(), []
    send = http.send

    def recorded(request: Any) -> Any:
        sent.append(request)
        return send(request)

    with mock.patch.object(http, "send", recorded):
        yield sent


def bare_callback(
    provider: str, raw: bytes, headers: Headers, tally: Tally, asked: list[Any]
) -> None:
    CHECKS[provider](raw, headers)
    for request in asked:
        assert clients.provider_http().send(request).content
    client = clients.client("dynamodb")
    for operation, parameters in tally.calls:
        if operation in SIGNED:
            getattr(parameters["bucket"], operation.lower())(*parameters["given"])
        else:
            getattr(client, METHODS[operation])(**parameters)


def cpu_ms(act: Callable[[], Any]) -> tuple[float, Any]:
    """Of this thread only: the stand-ins for providers run in others."""
    started = time.thread_time()
    answer = act()
    return (time.thread_time() - started) * 1000, answer


class Before:
    """An order, the chunk it points to and the directory, as they are now."""

    def __init__(self, merchant_id: str, order_id: str, variant: str) -> None:
        self.dynamodb = boto3.client("dynamodb")
        orders, stock = os.environ["ORDERS_TABLE"], os.environ["STOCK_TABLE"]
        key = {"pk": {"S": f"{merchant_id}#{order_id}"}}
        order = self.dynamodb.get_item(TableName=orders, Key=key)["Item"]
        chunk = order["order_lines"]["L"][0]["M"]["chunk"]["L"]
        name = f"{merchant_id}#{variant}#{chunk[0]['S']}#{chunk[1]['N']}"
        keys = [name, f"{merchant_id}#{variant}#directory"]
        self.items = [(orders, order)]
        for pk in keys:
            found = self.dynamodb.get_item(TableName=stock, Key={"pk": {"S": pk}})
            self.items.append((stock, found["Item"]))

    def restore(self) -> None:
        for table, item in self.items:
            self.dynamodb.put_item(TableName=table, Item=item)
