"""A gateway's secrets: in through stdin or a prompt, never out."""

import json
from itertools import count, islice
from typing import Any

import boto3
import msgspec
import pytest

from infra.admin import gateways
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.gateways.stripe import StripeSecrets
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.wiring.clients import provider_http
from tests.adapters import alipay_making
from tests.admin.operator import API_URL, Operator
from tests.in_memory import InMemory
from tests.oracles import wechat_keys

KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
LIVE_KEY = "rk_live_4eC39HqLyjWDarjtT1zLIVE1"
OLD = "whsec_old0123456789abcdef012345OLD1"
NEW = "whsec_new0123456789abcdef012345NEW1"
SECRETS = (KEY, LIVE_KEY, OLD, NEW)


@pytest.fixture
def shop(operator: Operator) -> Operator:
    operator.open()
    return operator


def kept(cloud: InMemory) -> StripeSecrets:
    """The secrets as a function finds them."""
    merchants = Merchants(Table(boto3.client("dynamodb"), cloud.values["MerchantsTable"]))
    kms = Keys(boto3.client("kms"), cloud.values["VaultKeyArn"])
    secrets: StripeSecrets = Gateways(merchants, kms, provider_http()).secrets("acme", "stripe")
    return secrets


@pytest.mark.parametrize("secrets", [alipay_making.SECRETS, wechat_keys.secrets()])
def test_any_other_provider_is_set_as_json_and_nothing_of_it_is_shown(
    shop: Operator, secrets: Any
) -> None:
    name = type(secrets).__name__.removesuffix("Secrets").lower()
    text = msgspec.json.encode(secrets).decode()

    told = shop.done("gateway", "set", "acme", name, stdin=text)
    shown = shop.done("gateway", "show", "acme", name)

    assert told == shown
    assert shown["callback_url"] == f"{API_URL}/v1/callbacks/payments/acme/{name}"
    assert shown["set"]
    for value in json.loads(text).values():
        assert len(str(value)) < 8 or str(value) not in json.dumps(shown)


def test_certificates_of_two_generations_fit_and_more_are_refused(shop: Operator) -> None:
    def set_with(certificates: int) -> Any:
        several = {each.serial: each.pem for each in islice(made, certificates)}
        secrets = wechat_keys.secrets(certificates=several)
        text = msgspec.json.encode(secrets).decode()
        return shop.run("gateway", "set", "acme", "wechat", stdin=text)

    made = map(wechat_keys.certified, (f"{n:040X}" for n in count(1)))

    assert set_with(2).exit_code == 0
    refused = set_with(8)
    assert refused.exit_code == 1
    assert "too much to seal" in refused.output


def test_json_that_does_not_fit_is_refused_without_a_word_of_it(shop: Operator) -> None:
    whole = json.loads(msgspec.json.encode(alipay_making.SECRETS))
    for wrong in (
        "{",
        "[]",
        json.dumps(whole | {"app_id": "SECRET!"}),
        json.dumps({"x": "SECRET"}),
    ):
        error = shop.refused("gateway", "set", "acme", "alipay", stdin=wrong)
        assert error["type"] == "request-invalid"
        assert "SECRET" not in json.dumps(error)
    whole_text = json.dumps(whole)
    assert shop.run("gateway", "set", "acme", "alipay", "--add", stdin=whole_text).exit_code == 2


def test_secrets_are_set_and_shown_masked(shop: Operator, cloud: InMemory) -> None:
    shown = shop.done("gateway", "set", "acme", "stripe", stdin=f"{KEY}\n{OLD}\n")

    assert shown == {
        "merchant_id": "acme",
        "provider": "stripe",
        "mode": "test",
        "secret_key": "sk_test_…p7dc",
        "webhook_secrets": ["whsec_…OLD1"],
        "callback_url": f"{API_URL}/v1/callbacks/payments/acme/stripe",
    }
    assert shop.done("gateway", "show", "acme") == shown
    assert shop.done("merchant", "show", "acme")["gateways"] == ["stripe"]
    assert kept(cloud) == StripeSecrets(KEY, (OLD,))


def test_a_webhook_secret_is_rotated_with_two_valid_meanwhile(
    shop: Operator, cloud: InMemory
) -> None:
    shop.done("gateway", "set", "acme", "stripe", stdin=f"{KEY}\n{OLD}\n")

    both = shop.done("gateway", "set", "acme", "stripe", "--keep-key", "--add", stdin=NEW)

    assert both["webhook_secrets"] == ["whsec_…OLD1", "whsec_…NEW1"]
    assert kept(cloud) == StripeSecrets(KEY, (OLD, NEW))

    shop.done("gateway", "set", "acme", "stripe", "--keep-key", stdin=NEW)

    assert kept(cloud) == StripeSecrets(KEY, (NEW,))


def test_secrets_are_asked_for_at_a_terminal_and_not_echoed(
    shop: Operator, cloud: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "somebody_types", lambda: True)

    result = shop.run("gateway", "set", "acme", "stripe", stdin=f"{LIVE_KEY}\n{OLD}\n{NEW}\n\n")

    assert result.exit_code == 0, result.output
    assert kept(cloud) == StripeSecrets(LIVE_KEY, (OLD, NEW))
    assert "Secret key" in result.stderr
    assert "mode             live" in result.stdout
    assert not any(secret in result.output for secret in SECRETS)


def test_a_dash_reads_stdin_even_at_a_terminal(
    shop: Operator, cloud: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "somebody_types", lambda: True)

    shop.done("gateway", "set", "acme", "stripe", "-", stdin=f"{OLD}\n{KEY}\n")

    assert kept(cloud) == StripeSecrets(KEY, (OLD,))


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ("", ()),
        (KEY, ()),
        (OLD, ()),
        (f"{KEY}\n{LIVE_KEY}\n{OLD}", ()),
        (f"{KEY}\n{OLD}", ("--keep-key",)),
        (f"{KEY}\npk_test_0123456789abcdef\n{OLD}", ()),
        (f"{KEY}\nwhsec_short", ()),
        (f"sk_4eC39HqLyjWDarjtT1zdp7dc\n{OLD}", ()),
        (f"sk_test_4eC39Hq%LyjWDarjtT1z\n{OLD}", ()),
        ("\n".join([KEY, *(f"whsec_{n:032d}" for n in range(5))]), ()),
    ],
)
def test_secrets_that_do_not_fit_are_refused_without_being_told(
    shop: Operator, cloud: InMemory, given: str, arguments: tuple[str, ...]
) -> None:
    shop.done("gateway", "set", "acme", "stripe", stdin=f"{KEY}\n{NEW}\n")

    result = shop.run("gateway", "set", "acme", "stripe", *arguments, "--json", stdin=given)

    assert result.exit_code == 1
    assert '"type": "request-invalid"' in result.stdout
    assert not any(line in result.output for line in given.split() if line)
    assert kept(cloud) == StripeSecrets(KEY, (NEW,))


def test_no_secret_is_taken_as_an_argument(shop: Operator) -> None:
    result = shop.run("gateway", "set", "acme", "stripe", KEY, OLD, stdin=NEW)

    assert result.exit_code == 2
    assert not any(secret in result.output for secret in SECRETS)
    assert shop.done("merchant", "show", "acme")["gateways"] == []


def test_a_gateway_nobody_set_is_said_to_be_missing(shop: Operator) -> None:
    show = shop.refused("gateway", "show", "acme")
    add = shop.refused("gateway", "set", "acme", "stripe", "--add", stdin=OLD)
    nobody = shop.refused("gateway", "show", "nobody")

    assert show["type"] == add["type"] == "gateway-unknown"
    assert nobody["type"] == "merchant-unknown"


def test_a_short_secret_shows_none_of_its_end() -> None:
    assert gateways.masked("whsec_0123456789") == "whsec_…"
    assert gateways.masked("sk_test_oracle") == "sk_test_…"
