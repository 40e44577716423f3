"""A shop's link to its provider's page, and its calls to its own bridge."""

import base64
import hmac
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from scrip.adapters.gateways.standard import StandardSecrets
from scrip.domain.errors import (
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
)
from scrip.domain.money import Money
from scrip.domain.payment import Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest, RefundState
from tests.adapters.standard_making import SET_UP, gateway
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.standard_bridge import (
    OWN_SECRET,
    STANDARD_SECRET,
    StandardBridge,
    standard_bridge,
)

ASKED = PaymentAsked("demo", ORDER_ID, "the reference")
PAYMENT = Payment("standard", "tx_1", Money(4500, "EUR"), False, NOW_MS)
REFUND = RefundRequest(
    "demo", ORDER_ID, "R7K2M9Q4XTB3WHD5N01", PAYMENT, "the reference", Money(100, "EUR"), "sold out"
)


@pytest.fixture
def bridge() -> Iterator[StandardBridge]:
    with standard_bridge() as server:
        yield server


def request(**changes: Any) -> PaymentRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "money": Money(4505, "EUR"),
        "description": "Shop & {order_id} ü",
        "return_url": "https://shop.example/thanks?a=1&b={amount}",
        "expires_at_ms": 1_800_000_000_999,
    }
    return PaymentRequest(**{**facts, **changes})


# The link.


def test_the_link_tells_the_page_what_is_to_be_paid() -> None:
    opened = gateway().open_payment(request())

    assert opened.checkout_url is not None
    told = {name: value for name, [value] in parse_qs(urlsplit(opened.checkout_url).query).items()}
    signature = told.pop("signature")
    assert opened.checkout_url.startswith("https://pay.example.com/checkout?shop=demo&")
    assert told == {
        "shop": "demo",
        "order": ORDER_ID,
        "amount": "45.05",
        "currency": "EUR",
        "back": "https://shop.example/thanks?a=1&b={amount}",
        "until": "1800000000",
    }
    assert len(signature) == 64
    assert "&back=https%3A%2F%2Fshop.example%2Fthanks%3Fa%3D1%26" in opened.checkout_url


def test_the_page_can_check_the_link() -> None:
    url = gateway().open_payment(request()).checkout_url or ""

    key = base64.b64decode(OWN_SECRET[6:])
    query = url.split("?", 1)[1]
    signed, signature = query[:-64], query[-64:]
    assert signed.endswith("&signature=")
    assert hmac.new(key, signed.encode(), "sha256").hexdigest() == signature


@pytest.mark.parametrize(
    ("money", "amount"),
    [(Money(4500, "JPY"), "4500"), (Money(5, "EUR"), "0.05"), (Money(1234, "KWD"), "1.234")],
)
def test_amounts_are_written_with_their_currencys_decimals(money: Money, amount: str) -> None:
    url = gateway().open_payment(request(money=money)).checkout_url or ""

    assert parse_qs(urlsplit(url).query)["amount"] == [amount]


def test_opening_again_opens_the_same_payment() -> None:
    first = gateway().open_payment(request())

    assert gateway().open_payment(request()) == first
    assert gateway().read_payment(request(), first.reference) == first
    assert gateway().open_payment(request(money=Money(1, "EUR"))).reference != first.reference


def test_a_page_may_take_cents_and_no_return() -> None:
    url = "https://pay.example.com/?o={order_id}&a={amount_minor}&c={currency}&b={return_url}&s="
    opened = gateway(checkout_url=url + "{signature}").open_payment(request(return_url=None))

    assert f"?o={ORDER_ID}&a=4505&c=EUR&b=&s=" in (opened.checkout_url or "")


def test_there_is_one_method() -> None:
    with pytest.raises(RequestInvalid):
        gateway().open_payment(request(method="card"))


# The bridge.


def test_what_was_paid_is_asked_of_the_bridge(bridge: StandardBridge) -> None:
    assert gateway(bridge.base).query_payment(ASKED) == Unpaid()
    bridge.payments[ORDER_ID] = {
        "state": "paid",
        "transaction_id": "tx_1",
        "amount_minor": 4500,
        "currency": "EUR",
        "paid_at_ms": NOW_MS,
    }

    assert gateway(bridge.base).query_payment(ASKED) == PAYMENT
    assert gateway(bridge.base).close_payment(ASKED) == PAYMENT
    asked = {"merchant_id": "demo", "order_id": ORDER_ID, "reference": "the reference"}
    assert [call[1:] for call in bridge.calls] == [
        ("payment.query", asked),
        ("payment.query", asked),
        ("payment.close", asked),
    ]


def test_what_was_not_paid_is_closed_by_the_bridge(bridge: StandardBridge) -> None:
    assert gateway(bridge.base).close_payment(ASKED) == Unpaid(closed=True)
    assert gateway(bridge.base).query_payment(ASKED) == Unpaid(closed=True)


def test_a_refund_is_given_once(bridge: StandardBridge) -> None:
    assert gateway(bridge.base).query_refund(REFUND) is None

    report = gateway(bridge.base).refund(REFUND)

    assert report == RefundReport(
        REFUND.refund_id, "rf_0", RefundState.SUCCEEDED, REFUND.money, NOW_MS
    )
    assert gateway(bridge.base).refund(REFUND) == report
    assert gateway(bridge.base).query_refund(REFUND) == report
    assert bridge.calls[1][2] == {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "reference": "the reference",
        "transaction_id": "tx_1",
        "refund_id": REFUND.refund_id,
        "amount_minor": 100,
        "currency": "EUR",
        "reason": "sold out",
    }


def test_the_same_call_bears_the_same_id_and_another_another(bridge: StandardBridge) -> None:
    for call in (gateway(bridge.base).refund, gateway(bridge.base).refund):
        call(REFUND)
    gateway(bridge.base).query_refund(REFUND)

    first, second, other = (message_id for message_id, *_ in bridge.calls)
    assert first == second != other


@pytest.mark.parametrize("state", ["pending", "failed", "stuck"])
def test_a_refund_is_as_far_as_the_bridge_says(bridge: StandardBridge, state: str) -> None:
    bridge.refunds[REFUND.refund_id] = {"state": state}

    assert gateway(bridge.base).refund(REFUND).state is RefundState(state)


def test_a_refund_that_the_bridge_does_not_begin_is_refused(bridge: StandardBridge) -> None:
    bridge.refunds[REFUND.refund_id] = {"state": "unknown"}

    with pytest.raises(PaymentProviderRefused):
        gateway(bridge.base).refund(REFUND)


def test_without_a_bridge_there_are_no_calls() -> None:
    alone = gateway(bridge_url=None)

    for call in (
        lambda: alone.query_payment(ASKED),
        lambda: alone.close_payment(ASKED),
        lambda: alone.refund(REFUND),
        lambda: alone.query_refund(REFUND),
        lambda: alone.download_bill("2026-11-22"),
    ):
        with pytest.raises(PaymentProviderRefused, match="no such call"):
            call()


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 503])
def test_a_bridge_that_fails_is_asked_again(bridge: StandardBridge, status: int) -> None:
    bridge.fail_with.append((status, b""))

    with pytest.raises(PaymentProviderUnavailable, match=str(status)):
        gateway(bridge.base).query_payment(ASKED)


@pytest.mark.parametrize("status", [204, 301, 400, 404])
def test_a_bridge_that_says_no_is_not(bridge: StandardBridge, status: int) -> None:
    bridge.fail_with.append((status, b""))

    with pytest.raises(PaymentProviderRefused, match=str(status)):
        gateway(bridge.base).query_payment(ASKED)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 10_000,
        b'{"state": "perhaps"}',
        b'{"state": "paid"}',
        b'{"state":"paid","transaction_id":"","amount_minor":1,"currency":"EUR","paid_at_ms":1}',
        b'{"state":"paid","transaction_id":"t","amount_minor":-1,"currency":"EUR","paid_at_ms":1}',
        b'{"state":"paid","transaction_id":"t","amount_minor":1.5,"currency":"EUR","paid_at_ms":1}',
        b'{"state":"paid","transaction_id":"t","amount_minor":1,"currency":"eur","paid_at_ms":1}',
        b'{"state": "unpaid", "padding": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_an_answer_of_another_shape_decides_nothing(bridge: StandardBridge, content: bytes) -> None:
    bridge.fail_with.append((200, content))

    with pytest.raises(PaymentProviderUnavailable):
        gateway(bridge.base).query_payment(ASKED)


def test_a_bridge_with_another_secret_refuses(bridge: StandardBridge) -> None:
    other = "whsec_" + base64.b64encode(bytes(32)).decode()

    with pytest.raises(PaymentProviderRefused, match="401"):
        gateway(bridge.base, own_secret=other).query_payment(ASKED)


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(PaymentProviderUnavailable):
        gateway(f"http://127.0.0.1:{port}/").query_payment(ASKED)


# What can be set.


def key(length: int) -> str:
    return "whsec_" + base64.b64encode(bytes(length)).decode()


@pytest.mark.parametrize("length", [24, 64])
def test_keys_are_as_long_as_the_standard_says(length: int) -> None:
    gateway(webhook_secrets=[key(length)])


LINK = SET_UP["checkout_url"]


@pytest.mark.parametrize(
    "changes",
    [
        {"merchant_id": ""},
        {"webhook_secrets": []},
        {"webhook_secrets": [""]},
        {"webhook_secrets": ["whsec_"]},
        {"webhook_secrets": [key(23)]},
        {"webhook_secrets": [key(65)]},
        {"webhook_secrets": [STANDARD_SECRET[6:]]},
        {"webhook_secrets": [STANDARD_SECRET + "*"]},
        {"own_secret": key(8)},
        {"own_secret": STANDARD_SECRET},
        {"checkout_url": LINK.replace("https", "http")},
        {"checkout_url": LINK.replace("{order_id}", "1")},
        {"checkout_url": LINK.replace("{amount}", "1")},
        {"checkout_url": LINK.replace("{currency}", "EUR")},
        {"checkout_url": LINK.replace("{merchant_id}", "{shop}")},
        {"checkout_url": LINK.replace("{signature}", "")},
        {"checkout_url": LINK + "&x=1"},
        {"checkout_url": LINK.replace("?", "/")},
        {"checkout_url": LINK.replace("pay.example.com", "user@pay.example.com")},
        {"checkout_url": LINK.replace("pay.example.com", "localhost")},
        {"bridge_url": "https://127.0.0.1/"},
        {"bridge_url": "https://2130706433/"},
        {"bridge_url": "https://[::1]/"},
        {"bridge_url": "https://shop.internal/"},
        {"bridge_url": "http://shop.example.com/"},
        {"bridge_url": "https://shop.example.com/\nx"},
        {"events": {**SET_UP["events"], "types": {}}},
        {"events": {**SET_UP["events"], "types": {"x": "granted"}}},
        {"events": {**SET_UP["events"], "amounts": "float"}},
        {"events": {**SET_UP["events"], "fields": {}}},
        {"something": "else"},
    ],
)
def test_what_is_not_whole_cannot_be_set(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({**SET_UP, **changes}), type=StandardSecrets)


def test_secrets_are_masked_wherever_they_are_printed() -> None:
    printed = f"{gateway().secrets} {gateway().secrets!r} {[gateway().secrets]}"

    assert STANDARD_SECRET[6:] not in printed
    assert OWN_SECRET[6:] not in printed


def test_no_failure_tells_a_secret(bridge: StandardBridge) -> None:
    bridge.fail_with += [(status, OWN_SECRET.encode()) for status in (200, 400, 500)]

    for _ in range(3):
        with pytest.raises((PaymentProviderRefused, PaymentProviderUnavailable)) as failed:
            gateway(bridge.base).query_payment(ASKED)
        assert OWN_SECRET[6:] not in f"{failed.value!r} {failed.value.__cause__!r}"
