"""An account with Reloadly: its tokens, its balance, quotes and callbacks."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers import reloadly as adapter
from scrip.adapters.suppliers.reloadly import TERMS, ReloadlySupplier
from scrip.adapters.suppliers.reloadly_api import ReloadlySecrets
from scrip.adapters.tokens import Tokens
from scrip.domain.attempt import Said
from scrip.domain.errors import (
    RequestInvalid,
    RequestMalformed,
    SignatureInvalid,
    SignatureMissing,
    SupplierAnswerInvalid,
    SupplierUnavailable,
)
from scrip.domain.money import Money
from scrip.domain.supplier_terms import Meaning
from tests.adapters.test_gateway_http import answering, whole
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.reloadly import (
    CLIENT_ID,
    CLIENT_SECRET,
    ReloadlyDialect,
    signed,
)
from tests.suppliers.reloadly_asking import (
    GOODS,
    REFERENCE,
    SECRETS,
    SKU,
    charge,
    encoded,
    made,
    supplier,
)
from tests.suppliers.server import Simulator, simulated


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(ReloadlyDialect(TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(), currency="USD", goods=GOODS)
    return server


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> Tokens:
    kept = Tokens()
    monkeypatch.setattr(ReloadlySupplier, "tokens", kept)
    return kept


def dialect(server: Simulator) -> ReloadlyDialect:
    assert isinstance(server.dialect, ReloadlyDialect)
    return server.dialect


# --- tokens


def test_one_token_serves_until_it_ends(shop: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(ReloadlySupplier, "tokens", Tokens(lambda: now[0]))
    supplier(shop).balance()
    supplier(shop).balance()
    now[0] = 86_400 - 301
    supplier(shop).balance()
    assert shop.requests.count(("POST", "/oauth/token")) == 1

    now[0] += 2
    supplier(shop).balance()

    assert shop.requests.count(("POST", "/oauth/token")) == 2


def test_a_token_that_was_revoked_is_replaced_once(shop: Simulator) -> None:
    shop.plan.fates.append(Fate())
    supplier(shop).balance()

    dialect(shop).tokens.append("another")
    assert supplier(shop).send(charge()).meaning is Meaning.TAKEN
    dialect(shop).tokens.append("yet another")
    assert supplier(shop).ask(charge()).meaning is Meaning.DONE

    assert len(shop.book.orders) == 1
    assert shop.requests.count(("POST", "/oauth/token")) == 3


def test_a_good_token_that_is_refused_ends_it(
    shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect(shop), "believes", False)

    assert supplier(shop).send(charge()) == Said(Meaning.REFUSED, "INVALID_TOKEN")
    assert shop.requests.count(("POST", "/oauth/token")) == 2
    assert supplier(shop).ask(charge()).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        whole(b"{}"),
        whole(b"<html>"),
        whole(b'{"access_token": "t"}'),
    ],
)
def test_without_a_token_nothing_of_an_order_leaves(answer: bytes) -> None:
    with answering(answer) as base:
        assert made(base, known=False).send(charge()).meaning is Meaning.NOT_SENT
    with answering(answer) as base:
        assert made(base, known=False).ask(charge()).meaning is Meaning.UNCLEAR
    with answering(answer) as base, pytest.raises(SupplierUnavailable) as told:
        made(base, known=False).balance()
    assert CLIENT_SECRET not in repr(told.value)


def test_a_changed_secret_is_told(shop: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect(shop), "client_secret", "another")

    assert supplier(shop).send(charge()).meaning is Meaning.NOT_SENT
    assert shop.book.orders == []


def test_the_sandbox_has_its_own_audience() -> None:
    sandbox = ReloadlySupplier(
        ReloadlySecrets(CLIENT_ID, CLIENT_SECRET, True), "", URLLib3Session()
    )

    assert sandbox.url == sandbox.audience == "https://topups-sandbox.reloadly.com"
    assert sandbox.auth == "https://auth.reloadly.com"


# --- balance, quotes, callbacks


def test_balance_and_quote(shop: Simulator) -> None:
    assert supplier(shop).balance() == Money(1_000_000_000, "USD")
    assert supplier(shop).quote("NG:341:2.5") == (Money(250, "USD"), True)
    assert supplier(shop).quote("NG:341:2.50") == (Money(250, "USD"), True)
    assert supplier(shop).quote("NG:341:3") == (Money(300, "USD"), False)
    assert supplier(shop).quote("NG:341:4655:local") == (Money(1000, "USD"), True)

    with pytest.raises(SupplierAnswerInvalid, match="404"):
        supplier(shop).quote("NG:5:1")
    shop.plan.script.append(Fault.LOST)
    with pytest.raises(SupplierUnavailable):
        supplier(shop).balance()


@pytest.mark.parametrize(
    ("sku", "told", "cost", "available"),
    [
        (SKU, {"minAmount": 1, "maxAmount": 50}, 1000, True),
        (SKU, {"minAmount": 11, "maxAmount": 50}, 1000, False),
        (SKU, {"minAmount": 1, "maxAmount": 50, "status": "INACTIVE"}, 1000, False),
        (SKU, {"localMinAmount": 1, "localMaxAmount": 50}, 1000, False),
        (f"{SKU}:local", {"localMinAmount": 1, "localMaxAmount": 50}, 334, True),
        (f"{SKU}:local", {"localFixedAmounts": [10.0]}, 334, True),
    ],
)
def test_quotes(sku: str, told: dict[str, Any], cost: int, available: bool) -> None:
    operator = {"operatorId": 341, "senderCurrencyCode": "USD", "fx": {"rate": 3}, **told}
    with answering(whole(encoded(operator))) as base:
        assert made(base).quote(sku) == (Money(cost, "USD"), available)


@pytest.mark.parametrize(
    "told",
    [
        {"operatorId": 342},
        {"senderCurrencyCode": "usd"},
        {"fx": {"rate": 0}},
        {"fx": {"rate": "NaN"}},
        {"localMinAmount": "NaN", "localMaxAmount": 1},
        {"fx": None},
    ],
)
def test_quotes_that_make_no_sense(told: dict[str, Any]) -> None:
    operator = {"operatorId": 341, "senderCurrencyCode": "USD", "fx": {"rate": 3}, **told}
    with (
        answering(whole(encoded(operator))) as base,
        pytest.raises(SupplierAnswerInvalid),
    ):
        made(base).quote(f"{SKU}:local")


def test_a_debt_is_no_balance() -> None:
    owed = {"balance": -5.5, "currencyCode": "USD"}
    with answering(whole(encoded(owed))) as base:
        assert made(base).balance() == Money(0, "USD")


def test_a_callback_names_its_order_and_proves_no_more(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(contradicted=True))
    supplier(shop).send(charge())

    (callback,) = shop.callbacks()

    assert json.loads(callback.body)["data"]["status"] in ("FAILED", "REFUNDED")
    assert supplier(shop).read_callback(callback.body, callback.headers, 0) == REFERENCE
    assert supplier(shop).ask(charge()).meaning is Meaning.DONE


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (b"{}", {}, SignatureMissing),
        (b"{}", {"x-reloadly-signature": "00"}, SignatureMissing),
        (b"{}", {"x-reloadly-request-timestamp": "1"}, SignatureMissing),
        (b"{}", signed(b"{ }", "1"), SignatureInvalid),
        (b"{}", signed(b"{}", "1") | {"x-reloadly-request-timestamp": "2"}, SignatureInvalid),
        (b"{}", signed(b"{}", "1") | {"x-reloadly-signature": "é"}, SignatureInvalid),
        (b"{}", signed(b"{}", "1"), RequestInvalid),
        (b'{"data": {}}', signed(b'{"data": {}}', "1"), RequestInvalid),
        (b"<p>", signed(b"<p>", "1"), RequestMalformed),
    ],
)
def test_callbacks_that_do_not_fit(
    shop: Simulator, body: bytes, headers: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        supplier(shop).read_callback(body, headers, 0)


def test_without_a_secret_no_callback_fits(shop: Simulator) -> None:
    made = ReloadlySupplier(ReloadlySecrets(CLIENT_ID, CLIENT_SECRET), shop.base, shop.http)

    with pytest.raises(SignatureInvalid):
        made.read_callback(b"{}", signed(b"{}", "1"), 0)


@pytest.mark.parametrize(
    "change", [{"client_id": ""}, {"client_secret": "a b c d e f"}, {"more": 1}, {"sandbox": 1}]
)
def test_secrets_that_cannot_be_set(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.structs.asdict(SECRETS) | change, type=adapter.SECRETS)
