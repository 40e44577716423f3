"""Local clouds, started once, in folders that are gone afterwards, on ports that are free.

`open_cloud`: Stripe is the oracle. `enforced_cloud`: signatures and every function's IAM policy are
enforced, and Stripe is localstripe. `deployed` runs a scenario in both.
"""

from collections.abc import Iterator

import pytest

from tests.oracles.stripe_server import StripeServer
from tests.scenarios.deployed import Deployed
from tests.scenarios.deployed import deployed as deploy


@pytest.fixture(scope="session")
def open_cloud(
    tmp_path_factory: pytest.TempPathFactory, stripe_api: StripeServer
) -> Iterator[Deployed]:
    with deploy(tmp_path_factory.mktemp("open"), stripe_api, auth=False) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def enforced_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deploy(tmp_path_factory.mktemp("enforced"), None, auth=True) as cloud:
        yield cloud


@pytest.fixture(params=["open", "enforced"])
def deployed(request: pytest.FixtureRequest) -> Deployed:
    found: Deployed = request.getfixturevalue(f"{request.param}_cloud")
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks for secrets looks last, at what all others left."""
    items.sort(key=lambda item: item.path.name == "test_redaction.py")
