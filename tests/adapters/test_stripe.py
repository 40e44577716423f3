"""Stripe: signatures, amounts, events and a shop's calls, against a stand-in over loopback."""

import hmac
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import stripe as stripe_library
from botocore.httpsession import URLLib3Session
from hypothesis import given
from hypothesis import strategies as st

from scrip.adapters.gateways.stripe import (
    TOLERANCE_SECONDS,
    StripeGateway,
    StripeSecrets,
    from_stripe,
    to_stripe,
    verify,
)
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentModeMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    RequestMalformed,
    ScripError,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)
from scrip.domain.money import Money
from scrip.domain.payment import IgnoredNotice, Payment, PaymentNotice, PaymentRequest
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer, sign

NOW = NOW_MS // 1000
OLD_SECRET = "whsec_an_older_secret_of_enough_length"
LIVE_KEY = "sk_live_something_secret"
RAW = b'{"id": "evt_1"}'


def gateway(base: str = "http://127.0.0.1:9", key: str = SECRET_KEY) -> StripeGateway:
    return StripeGateway(StripeSecrets(key, (WEBHOOK_SECRET,)), base, URLLib3Session(timeout=1))


# --- signatures


def test_a_signature_made_by_stripes_library_verifies() -> None:
    verify(RAW, sign(RAW, at=NOW), (WEBHOOK_SECRET,), NOW)


@given(st.binary(max_size=200))
def test_what_verifies_here_is_what_stripes_library_takes(raw: bytes) -> None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    verify(raw, sign(raw, at=NOW), (WEBHOOK_SECRET,), NOW)
    assert stripe_library.WebhookSignature.verify_header(text, sign(raw, at=NOW), WEBHOOK_SECRET)


def test_during_a_rotation_either_secret_will_do() -> None:
    for secret in (WEBHOOK_SECRET, OLD_SECRET):
        verify(RAW, sign(RAW, secret, at=NOW), (WEBHOOK_SECRET, OLD_SECRET), NOW)


def test_of_several_signatures_any_will_do() -> None:
    stamp, _, right = sign(RAW, at=NOW).partition(",")

    for header in (f"{stamp},v1=00ff,{right}", f"{stamp}, {right} ,v1=00ff", f"{right},{stamp}"):
        verify(RAW, header, (WEBHOOK_SECRET,), NOW)


def test_the_secret_that_was_taken_away_signs_nothing() -> None:
    with pytest.raises(SignatureInvalid):
        verify(RAW, sign(RAW, OLD_SECRET, at=NOW), (WEBHOOK_SECRET,), NOW)


@pytest.mark.parametrize("raw", [RAW + b" ", RAW.replace(b"1", b"2"), b"", RAW.replace(b" ", b"")])
def test_another_body_than_was_signed_is_refused(raw: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify(raw, sign(RAW, at=NOW), (WEBHOOK_SECRET,), NOW)


def test_another_time_than_was_signed_is_refused() -> None:
    header = sign(RAW, at=NOW).replace(str(NOW), str(NOW + 1))

    with pytest.raises(SignatureInvalid):
        verify(RAW, header, (WEBHOOK_SECRET,), NOW)


@pytest.mark.parametrize("away", [TOLERANCE_SECONDS, -TOLERANCE_SECONDS, 0])
def test_a_signature_within_the_tolerance_is_taken(away: int) -> None:
    verify(RAW, sign(RAW, at=NOW + away), (WEBHOOK_SECRET,), NOW)


@pytest.mark.parametrize("away", [TOLERANCE_SECONDS + 1, -TOLERANCE_SECONDS - 1, -86_400])
def test_a_signature_beyond_the_tolerance_is_expired_either_way(away: int) -> None:
    with pytest.raises(SignatureExpired):
        verify(RAW, sign(RAW, at=NOW + away), (WEBHOOK_SECRET,), NOW)


def test_a_forged_old_signature_is_invalid_not_expired() -> None:
    """Nobody learns from our answer how far off the clock of a forgery is."""
    with pytest.raises(SignatureInvalid):
        verify(RAW, f"t={NOW - 86_400},v1=00", (WEBHOOK_SECRET,), NOW)


def test_the_test_scheme_v0_is_ignored() -> None:
    header = sign(RAW, at=NOW).replace("v1=", "v0=")

    with pytest.raises(SignatureMissing):
        verify(RAW, header, (WEBHOOK_SECRET,), NOW)


@pytest.mark.parametrize("header", ["", "t=", f"t={NOW}", "v1=00", "nonsense", ",,,", "t,v1"])
def test_a_header_without_its_parts_is_no_signature(header: str) -> None:
    with pytest.raises((SignatureMissing, SignatureInvalid)):
        verify(RAW, header, (WEBHOOK_SECRET,), NOW)


@pytest.mark.parametrize("stamp", ["-1", "1e9", "²", " ", "9" * 40, f"{NOW}.0"])
def test_a_time_that_is_none_is_refused(stamp: str) -> None:
    with pytest.raises((SignatureMissing, SignatureInvalid)):
        verify(RAW, f"t={stamp},v1=00", (WEBHOOK_SECRET,), NOW)


@given(st.text())
def test_no_header_made_up_verifies_or_breaks(header: str) -> None:
    with pytest.raises((SignatureMissing, SignatureInvalid)):
        verify(RAW, header, (WEBHOOK_SECRET,), NOW)


# --- amounts


@pytest.mark.parametrize(
    ("money", "amount"),
    [
        (Money(4500, "EUR"), 4500),
        (Money(4500, "JPY"), 4500),
        (Money(4500, "KRW"), 4500),
        (Money(45, "ISK"), 4500),
        (Money(45, "UGX"), 4500),
        (Money(4500, "MGA"), 45),
        (Money(4500, "KWD"), 4500),
        (Money(10, "BHD"), 10),
        (Money(0, "EUR"), 0),
    ],
)
def test_stripe_counts_some_currencies_its_own_way(money: Money, amount: int) -> None:
    assert to_stripe(money) == amount
    assert from_stripe(amount, money.currency) == money


@pytest.mark.parametrize("money", [Money(4550, "MGA"), Money(4501, "KWD"), Money(7, "TND")])
def test_what_stripe_cannot_charge_is_refused(money: Money) -> None:
    with pytest.raises(PaymentProviderRefused):
        to_stripe(money)


@pytest.mark.parametrize(
    ("amount", "currency"), [(4550, "ISK"), (1, "UGX"), (1, "EURO"), (1, "eur"), (1, "")]
)
def test_what_stripe_would_never_send_is_refused(amount: int, currency: str) -> None:
    with pytest.raises(RequestInvalid):
        from_stripe(amount, currency)


@given(
    st.integers(0, 99_999_999), st.sampled_from(["EUR", "JPY", "ISK", "UGX", "MGA", "KWD", "CNY"])
)
def test_an_amount_that_can_be_charged_comes_back_as_it_was(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    try:
        amount = to_stripe(money)
    except PaymentProviderRefused:
        return
    assert from_stripe(amount, currency) == money


# --- events


INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 4500,
    "amount_received": 4500,
    "currency": "eur",
    "metadata": {"merchant_id": "demo", "order_id": ORDER_ID},
}
SESSION = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "amount_total": 4500,
    "currency": "eur",
    "payment_status": "paid",
    "payment_intent": "pi_1",
    "metadata": {"merchant_id": "demo", "order_id": ORDER_ID},
}
NOTICE = PaymentNotice(
    "demo", ORDER_ID, Payment("stripe", "pi_1", Money(4500, "EUR"), False, NOW_MS - 2000)
)


def event(kind: str, paid: dict[str, Any], **more: Any) -> bytes:
    body = {"id": "evt_1", "type": kind, "created": NOW - 2, "livemode": False}
    return json.dumps({**body, "data": {"object": paid}, **more}).encode()


def read(raw: bytes, key: str = SECRET_KEY) -> PaymentNotice | IgnoredNotice:
    headers = {"stripe-signature": sign(raw, at=NOW)}
    return gateway(key=key).read_callback(raw, headers, NOW)


@pytest.mark.parametrize(
    ("kind", "paid"),
    [
        ("payment_intent.succeeded", INTENT),
        ("checkout.session.completed", SESSION),
        ("checkout.session.async_payment_succeeded", SESSION),
        ("checkout.session.completed", {**SESSION, "payment_status": "no_payment_required"}),
    ],
)
def test_every_event_of_a_payment_reads_as_the_same_notice(kind: str, paid: dict[str, Any]) -> None:
    assert read(event(kind, paid)) == NOTICE


def test_a_session_without_an_intent_is_known_by_its_own_id() -> None:
    notice = read(event("checkout.session.completed", {**SESSION, "payment_intent": None}))

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.transaction_id == "cs_test_1"


def test_what_was_received_counts_not_what_was_asked() -> None:
    notice = read(event("payment_intent.succeeded", {**INTENT, "amount_received": 4400}))

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.money == Money(4400, "EUR")


def test_nothing_received_is_nothing() -> None:
    notice = read(event("payment_intent.succeeded", {**INTENT, "amount_received": 0}))

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.money == Money(0, "EUR")


@pytest.mark.parametrize(
    ("kind", "paid", "reason"),
    [
        ("payment_intent.payment_failed", INTENT, "event payment_intent.payment_failed"),
        ("payment_intent.created", INTENT, "event payment_intent.created"),
        ("charge.refunded", {"id": "ch_1"}, "event charge.refunded"),
        ("checkout.session.expired", SESSION, "event checkout.session.expired"),
        (
            "checkout.session.completed",
            {**SESSION, "payment_status": "unpaid"},
            "session completed, payment still under way",
        ),
        ("payment_intent.succeeded", {**INTENT, "metadata": {}}, "not an order of ours"),
    ],
)
def test_what_moves_nothing_is_ignored(kind: str, paid: dict[str, Any], reason: str) -> None:
    assert read(event(kind, paid)) == IgnoredNotice(reason)


def test_test_money_buys_nothing_from_a_live_shop_nor_the_other_way_round() -> None:
    with pytest.raises(PaymentModeMismatch):
        read(event("payment_intent.succeeded", INTENT), LIVE_KEY)
    with pytest.raises(PaymentModeMismatch):
        read(event("payment_intent.succeeded", INTENT, livemode=True))


def test_live_money_buys_from_a_live_shop() -> None:
    notice = read(event("payment_intent.succeeded", INTENT, livemode=True), LIVE_KEY)

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.live


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": None, "amount_received": None},
        {"currency": None},
        {"currency": "euro"},
        {"amount_received": -1},
        {"amount_received": "4500"},
        {"amount_received": 45.5},
        {"metadata": {"order_id": 7}},
        {"metadata": "x"},
        {"id": None},
    ],
)
def test_a_signed_event_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        read(event("payment_intent.succeeded", {**INTENT, **changes}))


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b"\xff", b"null{}"])
def test_a_signed_body_that_is_no_json_is_refused(raw: bytes) -> None:
    signature = f"t={NOW},v1=" + _mac(raw)

    with pytest.raises((RequestMalformed, RequestInvalid)):
        gateway().read_callback(raw, {"stripe-signature": signature}, NOW)


def _mac(raw: bytes) -> str:
    return hmac.new(WEBHOOK_SECRET.encode(), f"{NOW}.".encode() + raw, "sha256").hexdigest()


def test_nothing_is_read_before_the_signature_is() -> None:
    with pytest.raises(SignatureMissing):
        gateway().read_callback(b"{", {}, NOW)
    with pytest.raises(SignatureInvalid):
        gateway().read_callback(b"{", {"stripe-signature": f"t={NOW},v1=00"}, NOW)


# --- calls


def request(**changes: Any) -> PaymentRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "money": Money(4500, "EUR"),
        "description": "Shop demo",
        "return_url": None,
    }
    return PaymentRequest(**{**facts, **changes})


@pytest.fixture
def api(stripe_api: StripeServer) -> Iterator[StripeServer]:
    stripe_api.answers.clear()
    stripe_api.requests.clear()
    yield stripe_api
    stripe_api.fail_with.clear()


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

        assert gateway(api.base).read_payment(opened.reference) == opened


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
        gateway(api.base).read_payment("pi_1")

    assert opening.value.detail == f"Stripe answered {status} some_code"


def test_a_revoked_key_is_refused(api: StripeServer) -> None:
    with pytest.raises(PaymentProviderRefused, match="401"):
        gateway(api.base, "sk_test_revoked").open_payment(request())


def test_a_key_used_with_other_figures_is_told_as_such(api: StripeServer) -> None:
    api.answers[request().key] = ([("amount", "1")], {})

    with pytest.raises(IdempotencyKeyReused):
        gateway(api.base).open_payment(request())


def test_a_payment_nobody_opened_is_refused(api: StripeServer) -> None:
    with pytest.raises(PaymentProviderRefused, match="404"):
        gateway(api.base).read_payment("pi_unknown")


def test_a_failure_that_is_no_json_is_told_by_its_status(api: StripeServer) -> None:
    pages: list[Any] = ["<html>", ["x"]]
    api.fail_with += zip((502, 404), pages, strict=True)

    with pytest.raises(PaymentProviderUnavailable, match="502"):
        gateway(api.base).open_payment(request())
    with pytest.raises(PaymentProviderRefused, match="404"):
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


# --- secrets


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
