"""Fixtures: a deployment in memory, Stripe and a supplier over loopback, a shop in them."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.groups import group_of, name
from tests.in_memory import InMemory, in_memory
from tests.opening import open_shop
from tests.oracles.stripe_server import StripeServer, stripe_server
from tests.oracles.supplier_server import SupplierServer, supplier_server
from tests.shop import InProcess, Shop

# How long an example takes tells of the machine and what else runs on it; `make bench` measures.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What looks for secrets looks last, at what all others left."""
    items.sort(key=lambda item: item.path.name == "test_redaction.py")
    for item in items:
        if group := group_of(item):
            name(item, group if hasattr(config, "workerinput") else "")


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """A failure is told by name as it happens: a run that is cut off still says what failed."""
    if not report.failed:
        return None
    category = "failed" if report.when == "call" else "error"
    crash = getattr(report.longrepr, "reprcrash", None)
    reason = crash.message.partition("\n")[0] if crash else ""
    return category, f"\n{category}: {report.nodeid} {reason}\n", category.upper()


@pytest.fixture(scope="session")
def stripe_api() -> Iterator[StripeServer]:
    with stripe_server() as server:
        yield server


@pytest.fixture(scope="session")
def supplier_api() -> Iterator[SupplierServer]:
    with supplier_server() as server:
        yield server


@pytest.fixture
def outlet(supplier_api: SupplierServer, cloud: InMemory, shop: Shop) -> Iterator[SupplierServer]:
    """The shop has an account with it, of that name."""
    with supplier_api.registered():
        supplier_api.open_account(cloud.values, shop.merchant_id)
        yield supplier_api


@pytest.fixture
def cloud(stripe_api: StripeServer) -> Iterator[InMemory]:
    with in_memory(stripe_api.base) as deployed:
        yield deployed


@pytest.fixture
def shop(cloud: InMemory, stripe_api: StripeServer) -> Shop:
    return open_shop(InProcess(cloud), cloud.environment("api_serve_storefront"), stripe_api)
