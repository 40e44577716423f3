"""Stripe's events: which report a payment of ours, and what they say."""

import hmac
import json
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.stripe import StripeGateway, StripeSecrets
from scrip.domain.errors import (
    PaymentModeMismatch,
    RequestInvalid,
    RequestMalformed,
    SignatureInvalid,
    SignatureMissing,
)
from scrip.domain.money import Money
from scrip.domain.notice import IgnoredNotice, Notice, PaymentNotice, UnpaidNotice
from scrip.domain.payment import Payment
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, sign

NOW = NOW_MS // 1000
LIVE_KEY = "sk_live_something_secret"


def gateway(key: str = SECRET_KEY) -> StripeGateway:
    return StripeGateway(StripeSecrets(key, (WEBHOOK_SECRET,)), "", URLLib3Session(timeout=1))


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


def read(raw: bytes, key: str = SECRET_KEY) -> Notice:
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
        ("payment_intent.created", INTENT, "event payment_intent.created"),
        ("charge.refunded", {"id": "ch_1"}, "event charge.refunded"),
        ("charge.refund.updated", {"id": "re_1"}, "event charge.refund.updated"),
        (
            "checkout.session.completed",
            {**SESSION, "payment_status": "unpaid"},
            "session completed, payment still under way",
        ),
        ("payment_intent.succeeded", {**INTENT, "metadata": {}}, "not an order of ours"),
        ("payment_intent.canceled", {**INTENT, "metadata": {}}, "not an order of ours"),
        ("checkout.session.completed", {**SESSION, "metadata": None}, "not an order of ours"),
    ],
)
def test_what_moves_nothing_is_ignored(kind: str, paid: dict[str, Any], reason: str) -> None:
    assert read(event(kind, paid)) == IgnoredNotice(reason)


@pytest.mark.parametrize(
    ("kind", "about", "reason"),
    [
        (
            "payment_intent.payment_failed",
            {"last_payment_error": {"code": "card_declined", "decline_code": "lost_card"}},
            "lost_card",
        ),
        (
            "payment_intent.payment_failed",
            {"last_payment_error": {"code": "payment_intent_authentication_failure"}},
            "payment_intent_authentication_failure",
        ),
        ("payment_intent.payment_failed", {}, "payment_intent.payment_failed"),
        ("payment_intent.canceled", {"cancellation_reason": "abandoned"}, "abandoned"),
        ("payment_intent.canceled", {"cancellation_reason": None}, "payment_intent.canceled"),
    ],
)
def test_a_payment_that_failed_or_was_closed_says_why(
    kind: str, about: dict[str, Any], reason: str
) -> None:
    assert read(event(kind, {**INTENT, **about})) == UnpaidNotice("demo", ORDER_ID, reason)


@pytest.mark.parametrize(
    "kind", ["checkout.session.expired", "checkout.session.async_payment_failed"]
)
def test_a_session_that_brought_no_money_is_unpaid(kind: str) -> None:
    assert read(event(kind, SESSION)) == UnpaidNotice("demo", ORDER_ID, kind)


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


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b"\xff", b"null{}", b'{"type":"\xff"}'])
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
