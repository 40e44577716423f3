"""A shop's calls to Stripe, against a stand-in over loopback, and its secrets, told to nobody."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from scrip.adapters.gateways.stripe import METHODS, StripeSecrets
from scrip.adapters.gateways.stripe_signature import verify
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    ScripError,
)
from scrip.domain.money import Money
from tests.adapters.stripe_account import gateway, open_one, request
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.stripe_book import Answered
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer, sign

NOW = NOW_MS // 1000
LIVE_KEY = "sk_live_something_secret"
RAW = b'{"id": "evt_1"}'


def test_a_payment_opens_in_the_shops_own_page(api: StripeServer) -> None:
    opened = gateway(api.base).open_payment(request())

    kept = api.payments[opened.reference]
    assert opened.provider == "stripe"
    assert opened.reference.startswith("pi_")
    assert opened.client_secret == kept["client_secret"]
    assert opened.checkout_url is None
    assert (kept["amount"], kept["currency"]) == (4500, "eur")
    assert kept["metadata"] == {"merchant_id": "demo", "order_id": ORDER_ID}


def test_a_payment_opens_on_stripes_hosted_page(api: StripeServer) -> None:
    opened = gateway(api.base).open_payment(request(return_url="https://shop.example/thanks?a=1&b"))

    kept = api.payments[opened.reference]
    assert opened.reference.startswith("cs_")
    assert opened.checkout_url == kept["url"]
    assert kept["success_url"] == "https://shop.example/thanks?a=1&b"
    assert kept["amount_total"] == 4500
    ours = {"merchant_id": "demo", "order_id": ORDER_ID}
    assert kept["metadata"] == kept["_payment_intent_metadata"] == ours


def test_an_amount_goes_out_as_stripe_counts_it(api: StripeServer) -> None:
    opened = gateway(api.base).open_payment(request(money=Money(45, "ISK")))

    assert api.payments[opened.reference]["amount"] == 4500


def test_opening_again_opens_the_same_payment(api: StripeServer) -> None:
    first = gateway(api.base).open_payment(request())

    assert gateway(api.base).open_payment(request()) == first
    assert gateway(api.base).open_payment(request(money=Money(1, "EUR"))) != first


def test_a_payment_opened_before_can_be_read(api: StripeServer) -> None:
    for return_url in (None, "https://shop.example/thanks"):
        opened = gateway(api.base).open_payment(request(return_url=return_url))

        assert gateway(api.base).read_payment(request(), opened.reference) == opened


@pytest.mark.parametrize("method", METHODS)
def test_a_buyer_can_be_led_to_one_way_to_pay(api: StripeServer, method: str) -> None:
    for return_url in (None, "https://shop.example/thanks"):
        reference = open_one(api, method=method, return_url=return_url)

        assert api.payments[reference]["payment_method_types"] == [method]


def test_without_a_way_to_pay_the_merchants_dashboard_decides(api: StripeServer) -> None:
    assert api.payments[open_one(api, return_url="https://a.example")]["payment_method_types"] == []


def test_a_way_to_pay_that_nobody_heard_of_is_refused(api: StripeServer) -> None:
    with pytest.raises(RequestInvalid, match="method"):
        open_one(api, method="shells")

    assert api.requests == []


UNAVAILABLE = [409, 429, 500, 502, 503]
REFUSED = [400, 401, 402, 403, 404]


@pytest.mark.parametrize("status", UNAVAILABLE + REFUSED)
def test_a_failed_call_tells_whether_to_ask_again(api: StripeServer, status: int) -> None:
    meant = PaymentProviderUnavailable if status in UNAVAILABLE else PaymentProviderRefused
    failure = {"error": {"type": "api_error", "code": "some_code", "message": f"no {SECRET_KEY}"}}

    for _ in range(2):
        api.fail_with.append((status, failure))
    with pytest.raises(meant) as opening:
        gateway(api.base).open_payment(request())
    with pytest.raises(meant):
        gateway(api.base).read_payment(request(), "pi_1")

    assert opening.value.detail == f"Stripe answered {status} some_code"


def test_a_revoked_key_is_refused(api: StripeServer) -> None:
    with pytest.raises(PaymentProviderRefused, match="401"):
        gateway(api.base, "sk_test_revoked").open_payment(request())


def test_a_key_used_with_other_figures_is_told_as_such(api: StripeServer) -> None:
    api.answers[request().key] = Answered([("amount", "1")], {})

    with pytest.raises(IdempotencyKeyReused):
        gateway(api.base).open_payment(request())


def test_a_payment_nobody_opened_is_refused(api: StripeServer) -> None:
    with pytest.raises(PaymentProviderRefused, match="404"):
        gateway(api.base).read_payment(request(), "pi_unknown")


def test_a_failure_that_is_no_json_is_told_by_its_status(api: StripeServer) -> None:
    pages: list[Any] = ["<html>", ["x"]]
    api.fail_with += zip((502, 404), pages, strict=True)

    with pytest.raises(PaymentProviderUnavailable, match="502"):
        gateway(api.base).open_payment(request())
    with pytest.raises(PaymentProviderRefused, match="404"):
        gateway(api.base).open_payment(request())


def test_a_success_that_stripe_would_not_write_is_unavailable(api: StripeServer) -> None:
    pages: list[Any] = ["<html>", {"status": "ok"}]
    api.fail_with += zip((200, 200), pages, strict=True)

    for _ in pages:
        with pytest.raises(PaymentProviderUnavailable):
            gateway(api.base).open_payment(request())


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(PaymentProviderUnavailable):
        gateway(f"http://127.0.0.1:{port}").open_payment(request())


def test_no_answer_in_time_is_unavailable() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()

        with pytest.raises(PaymentProviderUnavailable):
            gateway(f"http://127.0.0.1:{silent.getsockname()[1]}").open_payment(request())


def failures(api: StripeServer) -> Iterator[ScripError]:
    told = {"type": "invalid_request_error", "message": f"Invalid key {SECRET_KEY}"}
    api.fail_with += [(status, {"error": told}) for status in (400, 401, 500)]
    calls: list[Callable[[], object]] = [
        *[lambda: gateway(api.base).open_payment(request())] * 3,
        lambda: gateway().open_payment(request()),
        lambda: verify(RAW, "t=1,v1=00", (WEBHOOK_SECRET,), NOW),
        lambda: verify(RAW, sign(RAW, at=1), (WEBHOOK_SECRET,), NOW),
    ]
    for call in calls:
        try:
            call()
        except ScripError as error:
            yield error


def test_no_failure_tells_a_secret(api: StripeServer) -> None:
    told = [f"{error} {error!r} {error.detail} {error.__cause__!r}" for error in failures(api)]

    assert len(told) == 6
    for text in told:
        assert SECRET_KEY not in text
        assert WEBHOOK_SECRET not in text
        assert WEBHOOK_SECRET[6:] not in text


def test_secrets_are_masked_wherever_they_are_printed() -> None:
    secrets = StripeSecrets(LIVE_KEY, (WEBHOOK_SECRET,))

    assert LIVE_KEY not in f"{secrets} {secrets!r} {[secrets]}"
    assert WEBHOOK_SECRET not in f"{secrets} {secrets!r} {[secrets]}"


@pytest.mark.parametrize(
    "content",
    [
        '{"secret_key": "sk_test_x", "webhook_secrets": []}',
        '{"secret_key": "sk_test_x", "webhook_secrets": [""]}',
        '{"secret_key": "", "webhook_secrets": ["whsec_of_enough_length"]}',
        '{"secret_key": "pk_test_x", "webhook_secrets": ["whsec_of_enough_length"]}',
        '{"secret_key": "sk_test_x"}',
    ],
)
def test_a_gateway_without_a_whole_secret_cannot_be_set(content: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(content, type=StripeSecrets)


@pytest.mark.parametrize(("key", "live"), [("sk_test_x", False), ("rk_live_x", True)])
def test_a_key_says_whether_its_money_is_real(key: str, live: bool) -> None:
    assert StripeSecrets(key, (WEBHOOK_SECRET,)).live is live
