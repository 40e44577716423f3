"""`make demo GATEWAY=...`: what is chosen, and how it is paid there. The rest needs a cloud."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from infra.local.cloud import Cloud
from infra.local.demo import parsed
from infra.local.gateways import PORTS, paying_at
from infra.local.process import LocalCloudError, trusting
from infra.local.purchase import Purchase
from infra.local.seed import PRODUCTS, variant_priced_in
from scrip.adapters.gateways.registry import PROVIDERS
from tests.oracles.paying import OPEN, RETURN, Provider
from tests.oracles.paypal_signer import authority, pem

CLOUD = Cloud("", "http://aws", "", "http://shop", "http://stripe", False, {}, "")
PLAYED = Provider(
    "played",
    SimpleNamespace(base="http://played"),
    {},
    "CNY",
    "qr_text",
    lambda qr_text: (qr_text.encode(), {"signature": "good"}),
    (200, "success"),
    RETURN,
)


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is posted; it is answered as the provider wants it."""
    calls: list[Any] = []

    def request(method: str, url: str, body: bytes, headers: Any, **_: Any) -> Any:
        calls.append((method, url, body, headers))
        return SimpleNamespace(status=200, data=b"success")

    monkeypatch.setattr(urllib3, "request", request)
    return calls


def test_every_provider_can_be_chosen() -> None:
    assert {parsed(["--gateway", name]).gateway for name in PROVIDERS} == set(PROVIDERS)
    assert set(PORTS) == set(OPEN) == set(PROVIDERS) - {"stripe"}
    assert len(set(PORTS.values())) == len(PORTS)


def test_it_is_stripe_unless_another_is_chosen() -> None:
    assert parsed([]).gateway == "stripe"


def test_an_unknown_provider_is_refused_with_those_that_are_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(["--gateway", "paypig"])

    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert [name for name in ("paypig", *PROVIDERS) if name not in told] == []


def test_the_shop_sells_something_in_the_money_of_each() -> None:
    with ExitStack() as opened:
        providers = [opened.enter_context(each()) for each in OPEN.values()]

        for provider in providers:
            variant_id = variant_priced_in(provider.currency)
            [ware] = [each for each in PRODUCTS if each.variant_id == variant_id]
            assert ware.currency == provider.currency


def test_the_provider_posts_what_it_signed_to_its_own_address(posted: list[Any]) -> None:
    paying = paying_at(PLAYED, CLOUD, "demo")

    paid = paying.pay({"qr_text": "weixin://code", "reference": "r"})
    assert posted == []
    told = paying.tell()

    url = "http://shop/v1/callbacks/payments/demo/played"
    assert posted == [("POST", url, b"weixin://code", {"signature": "good"})]
    assert paying.asked == RETURN
    assert "qr_text weixin://code" in paid
    assert "200 success" in told


def test_another_answer_than_the_provider_wants_is_an_error(posted: list[Any]) -> None:
    paying = paying_at(PLAYED._replace(answer=(204, "")), CLOUD, "demo")
    paying.pay({"qr_text": "weixin://code"})

    with pytest.raises(LocalCloudError, match="200"):
        paying.tell()


def test_the_report_says_by_which_provider_it_was_paid(tmp_path: Path) -> None:
    Purchase([], "wechat").write(tmp_path / "demo.json")

    assert json.loads((tmp_path / "demo.json").read_text())["gateway"] == "wechat"


def test_functions_trust_one_more_authority_and_all_the_usual_ones(tmp_path: Path) -> None:
    root = pem(authority()[0])
    asking = "from scrip.adapters.gateways.paypal_signing import trusted_roots as t; print(t())"

    def trusted(**environment: str) -> bytes:
        command = [sys.executable, "-c", asking]
        shown = subprocess.run(command, env=environment, check=True, capture_output=True).stdout
        told: bytes = eval(shown)  # noqa: S307 - our own repr
        return told

    usual = trusted()

    assert root not in usual
    assert trusted(PYTHONPATH=str(trusting(tmp_path, root))) == usual + root
