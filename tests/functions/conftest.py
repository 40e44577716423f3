"""Fixtures of function tests: every answer is held against the documented operations."""

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import boto3
import msgspec
import pytest
from botocore.loaders import JSONFileLoader
from moto.kms.utils import generate_private_key

from scrip.adapters.gateways.paypal import PayPalGateway
from scrip.adapters.gateways.paypal_signing import Certificates
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.wiring.clients import provider_http
from tests.documented import Documented
from tests.in_memory import InMemory, in_memory
from tests.opening import open_shop
from tests.oracles.paying import OPEN, Provider
from tests.oracles.stripe_server import StripeServer
from tests.shop import InProcess, Shop


@pytest.fixture(scope="session", autouse=True)
def _what_never_differs_is_made_once() -> Iterator[None]:
    """Each test starts cold; parsing the same service models again, and making RSA keys that
    nobody uses, would be most of its time."""
    with pytest.MonkeyPatch.context() as patch:
        known: dict[str, Any] = {}
        read = JSONFileLoader.load_file

        def load_file(self: JSONFileLoader, file_path: str) -> Any:
            if file_path not in known:
                known[file_path] = read(self, file_path)
            return known[file_path]

        patch.setattr(JSONFileLoader, "load_file", load_file)
        patch.setattr("moto.kms.models.generate_private_key", cache(generate_private_key))
        yield


@pytest.fixture
def open_another(cloud: InMemory, stripe_api: StripeServer) -> Callable[..., Shop]:
    """Opens a merchant by its id."""

    def opened(merchant_id: str, **options: Any) -> Shop:
        carrier = Documented(InProcess(cloud))
        environment = cloud.environment("api_serve_storefront")
        return open_shop(carrier, environment, stripe_api, merchant_id, **options)

    return opened


@pytest.fixture
def shop(open_another: Callable[..., Shop], stripe_api: StripeServer) -> Shop:
    stripe_api.fail_with.clear()
    return open_another("demo")


class Clock:
    """What handlers take for now: real time, moved on by `ahead_ms`."""

    ahead_ms = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.ahead_ms * 1_000_000

    def sleep(self, seconds: float) -> None:
        self.ahead_ms += round(seconds * 1000)

    @property
    def now_ms(self) -> int:
        return self.time_ns() // 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr("scrip.chance.time", moved)
    return moved


CODES = [f"CODE-{number:04d}" for number in range(40)]


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """The shop with all of `CODES` on sale as card-50, at 45.00 EUR."""
    shop.stock_up("card-50", CODES)
    return shop


# --- a shop that sells by a provider other than Stripe


@pytest.fixture(params=OPEN)
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with OPEN[request.param]() as opened:
        if opened.name == "paypal":
            certificates = Certificates(lambda: opened.server.signer.roots)
            monkeypatch.setattr(PayPalGateway, "certificates", certificates)
        yield opened


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
    shop.stock_up("card", [f"CODE-{n}" for n in range(60)], currency=provider.currency)
    return shop
