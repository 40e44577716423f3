"""The provider that docs/payments.md adds: one module, and one name in the registry."""

import importlib.util
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import msgspec
import pytest
from botocore.httpsession import URLLib3Session
from standardwebhooks import Webhook

from scrip.adapters.gateways import registry
from scrip.adapters.gateways.http import HttpAnswer
from scrip.adapters.gateways.port import Gateway
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.domain.bill import BillKind
from scrip.domain.errors import (
    BillNotReady,
    GatewayUnknown,
    PaymentMerchantMismatch,
    PaymentModeMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    RequestMalformed,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)
from scrip.domain.money import Money
from scrip.domain.notice import IgnoredNotice, PaymentNotice, RefundNotice, UnpaidNotice
from scrip.domain.payment import Payment, Unpaid
from scrip.domain.refund import RefundState
from scrip.wiring.clients import table
from tests.adapters.stripe_account import asked, refunding, request
from tests.domain.making import NOW_MS, ORDER_ID
from tests.in_memory import InMemory
from tests.template import ROOT
from tests.test_architecture import vague, violations

EXAMPLE = ROOT / "docs/examples/examplepay.py"
NAME = "scrip.adapters.gateways.examplepay"
NOW = NOW_MS // 1000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = {
    "account": "acct_demo1",
    "api_key": "test_0123456789abcdef",
    "webhook_secrets": [SECRET],
}


class Provider:
    """What stands at the other end: objects under the ids that they were put under."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.status = 0

    def send(
        self,
        http: URLLib3Session,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> HttpAnswer:
        assert headers["Authorization"] == f"Bearer {SECRETS['api_key']}"
        path = url.removeprefix("https://api.examplepay.example")
        if method == "PUT":
            self.kept.setdefault(path, self.made(path, json.loads(body)))
        if method == "DELETE" and self.kept[path]["status"] == "open":
            self.kept[path]["status"] = "closed"
        status = self.status or (200 if path in self.kept else 404)
        return HttpAnswer(status, {}, json.dumps(self.kept.get(path)).encode())

    def made(self, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
        _, kind, name = path.split("/")
        if kind == "payments":
            more = {"id": f"ep_{name}", "order": name, "status": "open", "page_url": "https://e.x"}
        else:
            more = {"id": f"er_{name}", "order": ORDER_ID, "refund": name, "status": "sent"}
        return {"account": "acct_demo1", "at_ms": NOW_MS, "currency": "EUR", **wanted, **more}

    def pay(self) -> dict[str, Any]:
        payment = self.kept[f"/payments/{ORDER_ID}"]
        payment["status"] = "paid"
        return payment


@pytest.fixture
def examplepay(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module where a provider's module belongs, and its name in the registry."""
    spec = importlib.util.spec_from_file_location(NAME, EXAMPLE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, NAME, module)
    monkeypatch.setattr(registry, "PROVIDERS", (*registry.PROVIDERS, "examplepay"))
    return module


@pytest.fixture
def provider(examplepay: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Provider:
    made = Provider()
    monkeypatch.setattr(examplepay, "send", made.send)
    return made


@pytest.fixture
def account(provider: Provider, cloud: InMemory, keys: Keys) -> Gateway:
    merchants = Merchants(table(cloud.values["MerchantsTable"]))
    gateways = Gateways(merchants, keys, URLLib3Session())
    with pytest.raises(GatewayUnknown):
        gateways.of("demo", "examplepay")
    gateways.set("demo", "examplepay", msgspec.json.encode(SECRETS))
    return gateways.of("demo", "examplepay")


def signed(body: object, secret: str = SECRET, at: int = NOW) -> tuple[bytes, dict[str, str]]:
    """By the library of Standard Webhooks itself."""
    raw = json.dumps(body).encode()
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), raw.decode())
    return raw, {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1a,x {signature}",
    }


def test_the_example_keeps_the_rules_of_the_house() -> None:
    source = EXAMPLE.read_text(encoding="utf-8")

    assert violations("adapters/gateways/examplepay.py", source) == []
    assert vague(EXAMPLE.relative_to(ROOT)) == []


def test_a_payment_is_opened_once_asked_about_and_closed(
    account: Gateway, provider: Provider
) -> None:
    opened = account.open_payment(request())

    assert account.open_payment(request()) == opened
    assert account.read_payment(request(), opened.reference) == opened
    assert (opened.reference, opened.checkout_url) == (ORDER_ID, "https://e.x")
    assert account.query_payment(asked(ORDER_ID)) == Unpaid()
    assert account.close_payment(asked(ORDER_ID)) == Unpaid(closed=True)
    with pytest.raises(RequestInvalid):
        account.open_payment(request(method="shells"))


def test_a_payment_made_is_told_alike_by_callback_and_when_asked(
    account: Gateway, provider: Provider
) -> None:
    account.open_payment(request())
    payment = Payment("examplepay", f"ep_{ORDER_ID}", Money(4500, "EUR"), False, NOW_MS)

    raw, headers = signed({"type": "payment.paid", "data": provider.pay()})

    assert account.read_callback(raw, headers, NOW) == PaymentNotice("demo", ORDER_ID, payment)
    assert account.query_payment(asked(ORDER_ID)) == payment
    assert account.close_payment(asked(ORDER_ID)) == payment


def test_a_refund_is_made_once(account: Gateway, provider: Provider) -> None:
    account.open_payment(request())
    provider.pay()
    payment = account.query_payment(asked(ORDER_ID))
    assert isinstance(payment, Payment)
    wanted = refunding(ORDER_ID, payment, refund_id="R1")

    assert account.query_refund(wanted) is None
    provider.kept["/refunds/R1"] = provider.made(
        "/refunds/R1", {"merchant": "demo", "amount": 1500, "payment": payment.transaction_id}
    )
    told = account.refund(wanted)
    assert (told.state, told.money) == (RefundState.PENDING, Money(1500, "EUR"))
    for status, state in (("done", RefundState.SUCCEEDED), ("?", RefundState.STUCK)):
        provider.kept["/refunds/R1"]["status"] = status
        found = account.query_refund(wanted)
        event = {"type": "refund.moved", "data": provider.kept["/refunds/R1"]}
        assert found
        assert found.state is state
        notice = RefundNotice("demo", ORDER_ID, payment.transaction_id, found)
        assert account.read_callback(*signed(event), NOW) == notice


def test_a_bill_tells_payments_and_refunds(account: Gateway, provider: Provider) -> None:
    with pytest.raises(BillNotReady):
        account.download_bill("2026-11-22")
    account.open_payment(request())
    refund = provider.made("/refunds/R1", {"merchant": "demo", "amount": 100, "payment": "ep_1"})
    provider.kept["/bills/2026-11-22"] = [provider.pay() | {"fee": 155}, refund]  # type: ignore[assignment]

    paid, back = account.download_bill("2026-11-22")

    assert paid[:4] == (BillKind.PAYMENT, f"ep_{ORDER_ID}", ORDER_ID, "")
    assert back[:5] == (BillKind.REFUND, "ep_1", ORDER_ID, "R1", Money(100, "EUR"))
    assert (paid.fee_minor, back.fee_minor) == (155, 0)


@pytest.mark.parametrize(
    ("status", "error"), [(429, PaymentProviderUnavailable), (403, PaymentProviderRefused)]
)
def test_a_failed_call_tells_whether_to_ask_again(
    account: Gateway, provider: Provider, status: int, error: type[Exception]
) -> None:
    provider.status = status

    with pytest.raises(error, match=str(status)):
        account.query_payment(asked(ORDER_ID))


def test_only_what_is_signed_and_meant_for_this_shop_is_believed(
    account: Gateway, provider: Provider
) -> None:
    account.open_payment(request())
    data = provider.pay()
    event = {"type": "payment.paid", "data": data}
    raw, headers = signed(event)
    cases = [
        (raw, {}, SignatureMissing),
        (raw, headers | {"webhook-signature": "v1,AAAA"}, SignatureInvalid),
        (raw.replace(b"4500", b"4501"), headers, SignatureInvalid),
        (raw, headers | {"webhook-id": "msg_2"}, SignatureInvalid),
        (*signed(event, "whsec_" + SECRET[:5:-1]), SignatureInvalid),
        (*signed(event, at=NOW - 301), SignatureExpired),
        (*signed({"type": "payment.paid"}), RequestInvalid),
        (*signed({**event, "data": data | {"account": "acct_other"}}), PaymentMerchantMismatch),
        (*signed({**event, "data": data | {"live": True}}), PaymentModeMismatch),
    ]

    for body, sent, error in cases:
        with pytest.raises(error):
            account.read_callback(body, sent, NOW)
    unpaid = account.read_callback(*signed({**event, "type": "payment.closed"}), NOW)
    assert isinstance(unpaid, UnpaidNotice)
    assert isinstance(
        account.read_callback(*signed({**event, "type": "account.renamed"}), NOW), IgnoredNotice
    )


def test_a_signed_body_that_is_no_json_is_refused(account: Gateway) -> None:
    raw = b"{"
    _, headers = signed({})
    moment = datetime.fromtimestamp(NOW, UTC)
    headers["webhook-signature"] = Webhook(SECRET).sign("msg_1", moment, raw.decode())

    with pytest.raises(RequestMalformed):
        account.read_callback(raw, headers, NOW)


@pytest.mark.parametrize("field", list(SECRETS))
def test_secrets_are_never_empty_nor_shown(examplepay: ModuleType, field: str) -> None:
    shown = repr(msgspec.convert(SECRETS, examplepay.SECRETS))

    assert str(SECRETS[field]) not in shown
    for empty in ("", [], [""], "x"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**SECRETS, field: empty}, examplepay.SECRETS)
