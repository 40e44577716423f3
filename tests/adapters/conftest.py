"""Adapters over tables and keys in memory.

One deployment serves the whole folder, emptied before each test: building it is most of the time.
"""

from collections.abc import Iterator

import pytest
from moto.dynamodb.models import dynamodb_backends

from scrip.adapters.keys import Keys
from scrip.adapters.orders import Orders
from scrip.adapters.stock import Stock
from scrip.adapters.tables import Table
from scrip.wiring.clients import client, table
from tests.adapters.faults import Faults, faults
from tests.in_memory import REGION, InMemory, in_memory
from tests.oracles.alipay_server import AlipayServer, alipay_server
from tests.oracles.stripe_server import StripeServer
from tests.oracles.wechat_server import WechatServer, wechat_server

ACCOUNT = "123456789012"


@pytest.fixture(scope="package")
def deployed() -> Iterator[InMemory]:
    with in_memory() as everything:
        yield everything


@pytest.fixture
def cloud(deployed: InMemory) -> InMemory:
    for table_in_memory in dynamodb_backends[ACCOUNT][REGION].tables.values():
        table_in_memory.items.clear()
    return deployed


@pytest.fixture
def met() -> Iterator[Faults]:
    """Calls made and failures to meet."""
    with faults() as planned:
        yield planned


@pytest.fixture
def notes(cloud: InMemory) -> Table:
    """A table with a plain partition key, for tests of tables as such."""
    return table(cloud.values["NotificationsTable"])


@pytest.fixture
def trail(cloud: InMemory) -> Table:
    """A table with a sort key."""
    return table(cloud.values["AuditTable"])


@pytest.fixture
def stock(cloud: InMemory) -> Stock:
    return Stock(table(cloud.values["StockTable"]))


@pytest.fixture
def orders(cloud: InMemory) -> Orders:
    return Orders(table(cloud.values["OrdersTable"]))


@pytest.fixture
def keys(cloud: InMemory) -> Keys:
    return Keys(client("kms"), cloud.values["VaultKeyArn"])


@pytest.fixture
def wechat_api() -> Iterator[WechatServer]:
    with wechat_server() as server:
        yield server


@pytest.fixture
def api(stripe_api: StripeServer) -> Iterator[StripeServer]:
    """Stripe as it was before anybody asked it anything."""
    restore = stripe_api.snapshot()
    stripe_api.payments, stripe_api.objects, stripe_api.answers = {}, {}, {}
    stripe_api.requests.clear()
    yield stripe_api
    stripe_api.fail_with.clear()
    stripe_api.lose_answers.clear()
    stripe_api.skew_seconds = 0
    restore()


@pytest.fixture(scope="package")
def alipay_api() -> Iterator[AlipayServer]:
    with alipay_server() as server:
        yield server
