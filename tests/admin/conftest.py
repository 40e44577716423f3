"""Fixtures: a deployment with a stack, an operator before it."""

import pytest

from tests.admin.operator import Operator, deploy_stack
from tests.in_memory import InMemory


@pytest.fixture
def outputs(cloud: InMemory) -> dict[str, str]:
    return deploy_stack(cloud)


@pytest.fixture
def operator(cloud: InMemory, outputs: dict[str, str]) -> Operator:
    return Operator(cloud)
