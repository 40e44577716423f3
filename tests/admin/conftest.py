"""Fixtures: a deployment with a stack, an operator before it, a shop in it."""

import pytest

from tests.admin.operator import Operator, deploy_stack
from tests.in_memory import InMemory
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer
from tests.shop import InProcess, Shop


@pytest.fixture
def outputs(cloud: InMemory) -> dict[str, str]:
    return deploy_stack(cloud)


@pytest.fixture
def operator(cloud: InMemory, outputs: dict[str, str]) -> Operator:
    return Operator(cloud)


@pytest.fixture
def acme(operator: Operator, stripe_api: StripeServer) -> Shop:
    """A shop that was opened by commands alone."""
    operator.open("acme")
    secrets = f"{SECRET_KEY}\n{WEBHOOK_SECRET}\n"
    operator.done("gateway", "set", "acme", "stripe", stdin=secrets)
    keys = {
        scope: operator.done("key", "issue", "acme", "--scope", scope, "--label", "test")["secret"]
        for scope in ("storefront", "operator")
    }
    return Shop(InProcess(operator.cloud), "acme", keys, stripe_api)
