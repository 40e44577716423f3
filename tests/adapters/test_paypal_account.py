"""A shop's PayPal account: amounts, tokens, failures; its secrets, told to nobody."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from scrip.adapters.gateways.paypal import PayPalGateway
from scrip.adapters.gateways.paypal_account import PayPalSecrets
from scrip.adapters.gateways.paypal_amounts import minor_of, to_paypal
from scrip.adapters.gateways.paypal_api import PayPalApi
from scrip.adapters.tokens import EARLY_SECONDS, TOKENS_KEPT, Tokens
from scrip.domain.errors import PaymentProviderRefused, PaymentProviderUnavailable, ScripError
from scrip.domain.money import Money, minor_digits
from scrip.domain.payment import PaymentAsked
from tests.adapters.paypal_making import SECRETS, account, gateway, request
from tests.domain.making import ORDER_ID
from tests.oracles.paypal_server import (
    ACCOUNT,
    CLIENT_ID,
    CLIENT_SECRET,
    PAYPAL_LOGIN,
    REVOKED,
    PayPalServer,
    issue,
)
from tests.template import ROOT


@pytest.fixture
def api() -> Iterator[PayPalServer]:
    with account() as server:
        yield server


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (Money(4500, "EUR"), "45.00"),
        (Money(5, "EUR"), "0.05"),
        (Money(4500, "JPY"), "4500"),
        (Money(450000, "HUF"), "4500"),
        (Money(450000, "TWD"), "4500"),
    ],
)
def test_amounts_are_written_as_paypal_counts(money: Money, written: str) -> None:
    assert to_paypal(money) == written
    assert minor_of(written, money.currency) == money.amount_minor


@pytest.mark.parametrize("currency", ["HUF", "TWD"])
def test_what_paypal_cannot_charge_is_refused(currency: str) -> None:
    with pytest.raises(PaymentProviderRefused):
        to_paypal(Money(450001, currency))


@pytest.mark.parametrize(("text", "minor"), [("-0.30", -30), ("1", 100), ("4.5000", 450)])
def test_amounts_are_read_exactly(text: str, minor: int) -> None:
    assert minor_of(text, "EUR") == minor


@pytest.mark.parametrize(
    "text", ["", "-", ".5", "1.001", "1,00", "1e3", "+1", "--1", " 1", "1.-5", "٣", "9" * 21, "NaN"]
)
def test_what_is_no_amount_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        minor_of(text, "EUR")


@pytest.mark.parametrize("currency", ["EUR", "JPY", "HUF", "KWD"])
@pytest.mark.parametrize("whole", [0, 1, 999_999_999])
def test_whole_amounts_survive_the_way_there_and_back(currency: str, whole: int) -> None:
    money = Money(whole * 10 ** minor_digits(currency), currency)

    assert minor_of(to_paypal(money), currency) == money.amount_minor


def test_a_token_is_used_until_it_is_old(api: PayPalServer) -> None:
    for _ in range(3):
        gateway(api).open_payment(request())

    assert len(api.tokens) == 1


def test_a_token_that_was_revoked_is_replaced(api: PayPalServer) -> None:
    gateway(api).open_payment(request())
    api.tokens.append(REVOKED)

    gateway(api).open_payment(request(description="again"))

    assert len(api.tokens) == 3


def test_tokens_are_forgotten_before_they_end() -> None:
    now = [0.0]
    tokens = Tokens(lambda: now[0])
    tokens.keep(("base", "login"), "token", 1000)

    assert tokens.get(("base", "login")) == "token"
    assert tokens.get(("base", "another")) is None
    now[0] = 1000.0 - EARLY_SECONDS
    assert tokens.get(("base", "login")) is None


def test_no_more_tokens_are_kept_than_some() -> None:
    tokens = Tokens(lambda: 0.0)
    for number in range(TOKENS_KEPT + 1):
        tokens.keep(("base", str(number)), "token", 1000)

    assert tokens.get(("base", "0")) is None
    assert tokens.get(("base", str(TOKENS_KEPT))) == "token"


def test_a_revoked_secret_is_refused(api: PayPalServer) -> None:
    revoked = msgspec.structs.replace(SECRETS, client_secret="x" * 80)

    with pytest.raises(PaymentProviderRefused, match="401 invalid_client"):
        gateway(api, revoked).open_payment(request())


UNAVAILABLE = [409, 429, 500, 502, 503]
REFUSED = [400, 403, 422]


@pytest.mark.parametrize("status", UNAVAILABLE + REFUSED)
def test_a_failed_call_tells_whether_to_ask_again(api: PayPalServer, status: int) -> None:
    meant = PaymentProviderUnavailable if status in UNAVAILABLE else PaymentProviderRefused

    api.fail_with += [issue("SOME_CODE", status)] * 2
    with pytest.raises(meant) as opening:
        gateway(api).open_payment(request())
    with pytest.raises(meant):
        gateway(api).query_payment(PaymentAsked("demo", ORDER_ID, "5O190127TN0000001"))

    assert opening.value.detail == f"PayPal answered {status} SOME_CODE"


def test_a_request_still_in_progress_is_asked_again(api: PayPalServer) -> None:
    api.fail_with.append(issue("PREVIOUS_REQUEST_IN_PROGRESS", 422))

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).open_payment(request())


@pytest.mark.parametrize("page", ["<html>", ["x"], {"details": "x"}, {"name": "a sentence of it"}])
def test_a_failure_of_another_shape_is_told_by_its_status(api: PayPalServer, page: Any) -> None:
    api.fail_with.append((400, page))

    with pytest.raises(PaymentProviderRefused) as refused:
        gateway(api).open_payment(request())

    assert refused.value.detail == "PayPal answered 400"


@pytest.mark.parametrize(
    "page",
    [
        "<html>",
        {"id": "1"},
        {"id": "../x", "status": "CREATED", "purchase_units": [{}]},
        {"id": "1", "status": "CREATED", "purchase_units": []},
    ],
)
def test_a_success_that_paypal_would_not_write_is_unavailable(api: PayPalServer, page: Any) -> None:
    api.fail_with.append((200, page))

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).open_payment(request())


def failures(api: PayPalServer) -> Iterator[ScripError]:
    revoked = msgspec.structs.replace(SECRETS, client_secret=CLIENT_SECRET[::-1])
    api.fail_with += [issue("SOME_CODE", status) for status in (400, 500)]
    calls: list[Callable[[], object]] = [
        *[lambda: gateway(api).open_payment(request())] * 2,
        lambda: gateway(api, revoked).open_payment(request()),
        lambda: gateway(api).read_callback(b"{}", api.signer.headers(b"{ }"), 1),
    ]
    for call in calls:
        try:
            call()
        except ScripError as error:
            yield error


def test_no_failure_tells_a_secret(api: PayPalServer) -> None:
    told = [f"{error} {error!r} {error.detail} {error.__cause__!r}" for error in failures(api)]

    assert len(told) == 4
    for text in told:
        for secret in (CLIENT_SECRET, CLIENT_SECRET[::-1], PAYPAL_LOGIN, *api.tokens):
            assert secret not in text


def test_secrets_are_masked_wherever_they_are_printed() -> None:
    assert CLIENT_SECRET not in f"{SECRETS} {SECRETS!r} {[SECRETS]}"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": ""},
        {"client_id": "with space in its middle"},
        {"environment": "test"},
        {"merchant_id": "shop@example.com"},
        {"webhook_ids": []},
        {"webhook_ids": [""]},
        {"webhook_ids": ["WEBHOOK|ID"]},
        {"webhook_ids": "8PT597110X687430L"},
        {"something": "else"},
    ],
)
def test_a_gateway_without_a_whole_secret_cannot_be_set(changes: dict[str, Any]) -> None:
    content = {**msgspec.to_builtins(SECRETS), **changes}

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(content, type=PayPalSecrets)


def test_what_the_page_shows_can_be_set() -> None:
    page = (ROOT / "docs/payments.md").read_text(encoding="utf-8").partition("## PayPal")[2]
    example = page.partition("```json")[2].partition("```")[0]

    assert msgspec.json.decode(example, type=PayPalSecrets) == SECRETS


def test_an_account_says_whether_its_money_is_real() -> None:
    live = PayPalSecrets("live", CLIENT_ID, CLIENT_SECRET, ACCOUNT, ("8PT597110X687430L",))

    assert (live.live, SECRETS.live) == (True, False)
    assert [PayPalGateway(each, "", None).api.base for each in (live, SECRETS)] == [  # type: ignore[arg-type]
        "https://api-m.paypal.com",
        "https://api-m.sandbox.paypal.com",
    ]


def test_tokens_outlive_a_gateway() -> None:
    assert PayPalApi.tokens is PayPalApi("", "", "", None).tokens  # type: ignore[arg-type]
