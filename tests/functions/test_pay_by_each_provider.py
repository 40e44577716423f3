"""Each provider from end to end: an order is placed, paid where that provider lets one pay, and its
own signed callback delivers."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest import mock

import boto3
import msgspec
import pytest

from scrip.adapters.gateways.paypal import PayPalGateway
from scrip.adapters.gateways.paypal_signing import Certificates
from scrip.adapters.gateways.registry import PROVIDERS, Gateways, module_of
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.domain import errors
from scrip.wiring.clients import provider_http
from tests.adapters import alipay_making, paypal_making
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.in_memory import InMemory, in_memory
from tests.opening import open_shop
from tests.oracles import wechat_keys
from tests.oracles.alipay_server import alipay_server
from tests.oracles.paypal_server import paypal_server
from tests.oracles.stripe_server import StripeServer
from tests.oracles.wechat_server import wechat_server
from tests.shop import InProcess, Reply, Shop

Signed = tuple[bytes, dict[str, str]]


class Provider(NamedTuple):
    """`pay`: the buyer pays what the order's answer told; the callback that follows. `shown`: the
    field of that answer by which the buyer pays. `answer`: status and body that it wants."""

    name: str
    base: str
    secrets: Any
    currency: str
    shown: str
    pay: Callable[[Reply], Signed]
    answer: tuple[int, str]
    asked: dict[str, Any]


@contextmanager
def wechat() -> Iterator[Provider]:
    with wechat_server() as server:
        server.now_seconds = int(time.time())
        yield Provider(
            "wechat",
            server.base,
            wechat_keys.secrets(),
            "CNY",
            "qr_text",
            lambda placed: server.pay(placed.json["order"]["order_id"]),
            (204, ""),
            {},
        )


@contextmanager
def alipay() -> Iterator[Provider]:
    with alipay_server() as server:

        def pay(placed: Reply) -> Signed:
            server.visit(placed.json["payment"]["checkout_url"])
            return server.pay(placed.json["order"]["order_id"])

        yield Provider(
            "alipay",
            server.base,
            alipay_making.SECRETS,
            "CNY",
            "checkout_url",
            pay,
            (200, "success"),
            {"return_url": "https://shop.example/thanks"},
        )


@contextmanager
def paypal() -> Iterator[Provider]:
    with paypal_server() as server:
        certificates = Certificates(lambda: server.signer.roots)
        with mock.patch.object(PayPalGateway, "certificates", certificates):
            yield Provider(
                "paypal",
                server.base,
                paypal_making.SECRETS,
                "EUR",
                "checkout_url",
                lambda placed: server.pay(placed.json["payment"]["reference"]),
                (200, '{"outcome":"delivered"}'),
                {"return_url": "https://shop.example/thanks"},
            )


OPEN = {"wechat": wechat, "alipay": alipay, "paypal": paypal}


@pytest.fixture(params=OPEN)
def provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    with ExitStack() as stack:
        yield stack.enter_context(OPEN[request.param]())


@pytest.fixture
def deployed(provider: Provider, stripe_api: StripeServer) -> Iterator[InMemory]:
    with in_memory(stripe_api.base, **{provider.name: provider.base}) as made:
        yield made


@pytest.fixture
def selling(deployed: InMemory, provider: Provider, stripe_api: StripeServer) -> Shop:
    """A shop with this provider beside Stripe, and some codes."""
    environment = deployed.environment("api_serve_storefront")
    shop = open_shop(InProcess(deployed), environment, stripe_api)
    merchants = Merchants(Table(boto3.client("dynamodb"), environment["MERCHANTS_TABLE"]))
    keys = Keys(boto3.client("kms"), environment["VAULT_KEY_ARN"])
    secrets = msgspec.json.encode(provider.secrets)
    Gateways(merchants, keys, provider_http()).set("demo", provider.name, secrets)
    shop.stock_up("card", [f"CODE-{n}" for n in range(20)], currency=provider.currency)
    return shop


def place(selling: Shop, provider: Provider, **more: Any) -> Reply:
    placed = selling.place({"card": 1}, provider=provider.name, **provider.asked, **more)
    assert placed.status == 201, placed.text
    return placed


def tell(selling: Shop, provider: Provider, signed: Signed, merchant_id: str = "demo") -> Reply:
    raw, headers = signed
    path = f"/v1/callbacks/payments/{merchant_id}/{provider.name}"
    return selling.call("POST", path, raw, headers=headers)


def test_a_payment_delivers_once_and_is_answered_in_the_providers_words(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    placed = place(selling, provider)
    assert placed.json["payment"]["provider"] == provider.name
    assert placed.json["payment"][provider.shown]

    signed = provider.pay(placed)
    told = tell(selling, provider, signed)
    with nothing_changes(deployed):
        again = tell(selling, provider, signed)

    assert (told.status, told.text) == provider.answer
    assert again.status == told.status
    assert len(selling.codes(placed)) == 1


def test_a_callback_with_one_byte_changed_is_refused(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    raw, headers = provider.pay(place(selling, provider))

    with nothing_changes(deployed):
        for at in range(0, len(raw), max(1, len(raw) // 12)):
            changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            reply = tell(selling, provider, (changed, headers))
            assert 400 <= reply.status < 500, (at, reply.text)

    assert tell(selling, provider, (raw, headers)).status in (200, 204)


def test_another_merchants_address_does_not_take_it(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    signed = provider.pay(place(selling, provider))

    with nothing_changes(deployed):
        reply = tell(selling, provider, signed, merchant_id="other")

    assert is_refused(reply, errors.GatewayUnknown)


def test_another_providers_address_does_not_take_it(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    raw, headers = provider.pay(place(selling, provider))

    with nothing_changes(deployed):
        for name in (each for each in PROVIDERS if each != provider.name):
            path = f"/v1/callbacks/payments/demo/{name}"
            reply = selling.call("POST", path, raw, headers=headers)
            assert 400 <= reply.status < 500


def test_placing_again_shows_the_same_payment(selling: Shop, provider: Provider) -> None:
    first = place(selling, provider, idempotency_key="the-order")

    again = place(selling, provider, idempotency_key="the-order")

    assert again.json["order"] == first.json["order"]
    assert again.json["payment"]["reference"] == first.json["payment"]["reference"]
    assert again.json["payment"][provider.shown]


def test_the_same_key_with_another_provider_is_another_order(
    selling: Shop, provider: Provider
) -> None:
    place(selling, provider, idempotency_key="the-order")

    reply = selling.place({"card": 1}, idempotency_key="the-order", provider="stripe")

    assert is_refused(reply, errors.IdempotencyKeyReused)


def test_a_provider_the_shop_has_not_set_up_is_told(selling: Shop) -> None:
    for name in ("paypig", "registry"):
        reply = selling.place({"card": 1}, provider=name)
        assert is_refused(reply, errors.GatewayUnknown)


def test_an_unknown_way_to_pay_is_told(selling: Shop, provider: Provider) -> None:
    reply = selling.place({"card": 1}, provider=provider.name, method="barter", **provider.asked)

    assert is_refused(reply, errors.RequestInvalid)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_says_how_it_is_paid_and_answered(name: str) -> None:
    module = module_of(name)

    assert {"SECRETS", "GATEWAY", "METHODS", "ACKNOWLEDGED"} <= set(vars(module))
    assert all(isinstance(each, str) for each in module.METHODS)
