"""Local clouds, started once, in folders that are gone afterwards, on ports that are free.

`open_cloud`: every provider is its oracle. `enforced_cloud`: signatures and every function's IAM
policy are enforced, and Stripe is localstripe. `deployed` runs a scenario in both.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from infra.local.top_up import KIND, playing
from tests.oracles.alipay_server import AlipayServer, alipay_server
from tests.oracles.paying import ROOTS
from tests.oracles.paypal_server import PayPalServer, paypal_server
from tests.oracles.standard_bridge import StandardBridge, standard_bridge
from tests.oracles.stripe_server import StripeServer
from tests.oracles.wechat_server import WechatServer, wechat_server
from tests.scenarios.deployed import Deployed
from tests.scenarios.deployed import deployed as deploy
from tests.suppliers.server import Simulator


class Providers(NamedTuple):
    """Those that are called, beside Stripe."""

    wechat: WechatServer
    alipay: AlipayServer
    paypal: PayPalServer
    standard: StandardBridge


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    with (
        wechat_server() as wechat,
        alipay_server() as alipay,
        paypal_server() as paypal,
        standard_bridge() as standard,
    ):
        yield Providers(wechat, alipay, paypal, standard)


@pytest.fixture(autouse=True)
def on_time(providers: Providers) -> None:
    """The stand-ins look at their watches: a session lasts longer than a signature."""
    providers.wechat.now_seconds = int(time.time())
    providers.alipay.now = time.time()


@pytest.fixture(scope="session")
def open_cloud(
    tmp_path_factory: pytest.TempPathFactory, stripe_api: StripeServer, providers: Providers
) -> Iterator[Deployed]:
    others = {name: each.base for name, each in providers._asdict().items()}
    root, trusted = tmp_path_factory.mktemp("open"), ROOTS["paypal"]()
    with deploy(root, stripe_api, auth=False, others=others, roots=trusted) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def supplier() -> Iterator[Simulator]:
    """It will charge the first account it is told, and lose that answer."""
    with playing(0) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def enforced_cloud(
    tmp_path_factory: pytest.TempPathFactory, supplier: Simulator
) -> Iterator[Deployed]:
    root, suppliers = tmp_path_factory.mktemp("enforced"), {KIND: supplier.base}
    with deploy(root, None, auth=True, suppliers=suppliers) as cloud:
        yield cloud


@pytest.fixture(params=["open", "enforced"])
def deployed(request: pytest.FixtureRequest) -> Deployed:
    found: Deployed = request.getfixturevalue(f"{request.param}_cloud")
    return found
