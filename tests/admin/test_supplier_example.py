"""The operator's page shows what the commands answer about an account with a supplier."""

import json
import re
import shlex
from collections.abc import Iterator

import msgspec
import pytest

from scrip.adapters.suppliers.reloadly import TERMS
from tests.admin.operator import Operator, deploy_stack
from tests.in_memory import InMemory
from tests.suppliers.reloadly import ReloadlyDialect
from tests.suppliers.reloadly_asking import SECRETS
from tests.suppliers.server import Simulator, simulated
from tests.template import ROOT

PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
EXAMPLE = re.search(r"## Accounts with suppliers\n\n```\n(.+?)```", PAGE, re.DOTALL)


@pytest.fixture
def reloadly() -> Iterator[Simulator]:
    with simulated(ReloadlyDialect(TERMS)) as server:
        server.begin(server.plan, goods={"NG:341:10": 1000}, balance_minor=481_250)
        yield server


def test_the_example_answers_what_the_page_shows(cloud: InMemory, reloadly: Simulator) -> None:
    cloud.values["SupplierApiBases"] = json.dumps({"reloadly": reloadly.base})
    deploy_stack(cloud)
    operator = Operator(cloud)
    operator.open("acme")
    secrets = msgspec.json.encode(SECRETS).decode()
    assert EXAMPLE

    for shown in EXAMPLE[1].split("$ scrip-admin ")[1:]:
        command, _, told = shown.partition("\n")
        result = operator.run(*shlex.split(command.split(" < ")[0]), stdin=secrets)
        assert result.output == told
