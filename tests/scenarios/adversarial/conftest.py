"""Shops with an account at every provider, in the deployed cloud."""

from collections.abc import Iterator

import pytest

from tests.scenarios.adversarial import accounts
from tests.scenarios.adversarial.ground import Ground
from tests.scenarios.conftest import Providers
from tests.scenarios.deployed import Deployed


@pytest.fixture(scope="module")
def ground(open_cloud: Deployed, providers: Providers) -> Iterator[Ground]:
    known = (
        accounts.stripe(open_cloud.stripe),
        accounts.wechat(providers.wechat),
        accounts.alipay(providers.alipay),
        accounts.paypal(providers.paypal),
        accounts.standard(),
    )
    made = Ground(open_cloud, {each.provider: each for each in known})
    yield made
    made.check()
