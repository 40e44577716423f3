"""What is kept of each provider's callback is enough to verify it again, and no probe is kept."""

import json

import boto3
import pytest

from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.domain import errors
from scrip.wiring.clients import provider_http
from tests import template
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.by_provider import pay, place, tell
from tests.in_memory import InMemory
from tests.kept import kept
from tests.oracles.paying import Provider
from tests.shop import Shop


def gateways(deployed: InMemory) -> Gateways:
    environment = deployed.environment("api_serve_storefront")
    merchants = Merchants(Table(boto3.client("dynamodb"), environment["MERCHANTS_TABLE"]))
    keys = Keys(boto3.client("kms"), environment["VAULT_KEY_ARN"])
    return Gateways(merchants, keys, provider_http(), environment["PAYMENT_API_BASES"])


def test_what_is_kept_of_a_callback_verifies_again(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    placed = place(selling, provider)
    raw, headers = pay(provider, placed)
    told = tell(selling, provider, (raw, {**headers, "cookie": "a=b"}))
    assert told.status in (200, 204)

    [found] = kept().values()

    assert f"demo/{placed.json['order']['order_id']}/" in found.kept_as
    assert (found.raw, "cookie" in found.headers) == (raw, False)
    gateway = gateways(deployed).of("demo", provider.name)
    gateway.verify_callback(found.raw, found.headers, found.received_at_ms // 1000)


@pytest.mark.parametrize("provider", ["wechat"], indirect=True)
def test_wechats_probe_is_refused_and_alarms_nobody(
    deployed: InMemory,
    selling: Shop,
    provider: Provider,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raw, headers = pay(provider, place(selling, provider))
    probe = "WECHATPAY/SIGNTEST/" + headers["wechatpay-signature"]
    capsys.readouterr()

    with nothing_changes(deployed):
        refused = tell(selling, provider, (raw, {**headers, "wechatpay-signature": probe}))

    assert is_refused(refused, errors.SignatureProbe)
    assert refused.status == 400
    assert kept() == {}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = {name for line in lines if "_aws" in line for name in line}
    assert counted >= {"CallbackRefused", "reason"}
    alarms = template.load("infra/observability.yaml")["Resources"].values()
    heard = {each.get("Properties", {}).get("MetricName") for each in alarms}
    assert "PaymentsUnmatched" in heard
    assert counted & heard == set()
    assert {line.get("level", "INFO") for line in lines} == {"INFO"}
