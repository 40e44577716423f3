"""Our reading of Stripe against Stripe's own library, and against whatever else may come."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import stripe
from botocore.httpsession import URLLib3Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrip.adapters.gateways.stripe import StripeGateway, StripeSecrets
from scrip.adapters.gateways.stripe_events import READERS
from scrip.adapters.gateways.stripe_signature import verify
from scrip.domain.errors import Rejected, Retryable, SignatureInvalid, SignatureMissing
from scrip.domain.notice import Notice, PaymentNotice
from tests.adapters.stripe_account import asked, gateway, pay_one, refunding
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.stripe_server import (
    SECRET_KEY,
    WEBHOOK_SECRET,
    StripeServer,
    sign,
    stripe_server,
)

NOW = NOW_MS // 1000
NOBODY = StripeGateway(
    StripeSecrets(SECRET_KEY, (WEBHOOK_SECRET,)), "http://127.0.0.1:9", URLLib3Session(timeout=1)
)
INTENT = {
    "id": "pi_1",
    "amount": 4500,
    "amount_received": 4500,
    "currency": "eur",
    "metadata": {"merchant_id": "demo", "order_id": ORDER_ID},
}
PAID = json.dumps(
    {
        "type": "payment_intent.succeeded",
        "created": NOW,
        "livemode": False,
        "data": {"object": INTENT},
    }
).encode()


@pytest.fixture
def api() -> Iterator[StripeServer]:
    with stripe_server() as server:
        yield server


def read(raw: bytes, header: str) -> Notice:
    return NOBODY.read_callback(raw, {"stripe-signature": header}, NOW)


def accepted_by_stripes_library(raw: bytes, header: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(raw.decode(), header, WEBHOOK_SECRET)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@given(values)
def test_signatures_agree_with_stripes_library_on_any_body(value: Any) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        header = sign(raw, at=NOW)
    except UnicodeDecodeError:
        return

    verify(raw, header, (WEBHOOK_SECRET,), NOW)
    assert accepted_by_stripes_library(raw, header)


@given(st.integers(0, len(PAID) - 1), st.integers(1, 255))
def test_a_body_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    header = sign(PAID, at=NOW)
    forged = PAID[:place] + bytes([PAID[place] ^ change]) + PAID[place + 1 :]

    assert isinstance(read(PAID, header), PaymentNotice)
    with pytest.raises(SignatureInvalid):
        read(forged, header)
    assert not accepted_by_stripes_library(forged, header)


def test_a_header_with_any_byte_changed_is_refused_or_says_the_same() -> None:
    header = sign(PAID, at=NOW)
    for place in range(len(header)):
        forged = header[:place] + chr(ord(header[place]) ^ 1) + header[place + 1 :]

        with pytest.raises((SignatureMissing, SignatureInvalid)):
            read(PAID, forged)
        assert not accepted_by_stripes_library(PAID, forged)


@given(st.binary(max_size=300), st.dictionaries(st.text(), st.text(), max_size=4))
def test_no_bytes_and_headers_break_it(raw: bytes, headers: dict[str, str]) -> None:
    with pytest.raises((SignatureMissing, SignatureInvalid)):
        NOBODY.read_callback(raw, headers, NOW)


objects = st.fixed_dictionaries(
    {},
    optional={
        "id": leaf | st.just("pi_1"),
        "amount": leaf | st.integers(0, 9999),
        "amount_total": leaf | st.integers(0, 9999),
        "currency": leaf | st.sampled_from(["eur", "isk", "mga", "EUR"]),
        "metadata": values | st.just(INTENT["metadata"]),
        "created": leaf | st.just(NOW),
        "status": leaf | st.sampled_from(["succeeded", "pending"]),
        "payment_status": leaf | st.just("paid"),
        "payment_intent": leaf | st.just("pi_1"),
    },
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(READERS)), objects | values, leaf | st.just(NOW))
def test_no_signed_event_breaks_it(kind: str, about: Any, created: Any) -> None:
    """Nobody answers at this Stripe, so what must be asked for is unavailable."""
    event = {"type": kind, "created": created, "livemode": False, "data": {"object": about}}
    raw = json.dumps(event).encode()

    with suppress(Rejected, Retryable):
        read(raw, sign(raw, at=NOW))


def test_the_stand_in_speaks_as_stripes_library_expects(api: StripeServer) -> None:
    client = stripe.StripeClient(SECRET_KEY, base_addresses={"api": api.base})
    reference, payment = pay_one(api)
    told = gateway(api.base).refund(refunding(reference, payment))

    intent = client.v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]})
    refunds = client.v1.refunds.list({"payment_intent": reference})
    moves = client.v1.balance_transactions.list({"expand": ["data.source"]})

    assert (intent.status, intent.amount_received) == ("succeeded", payment.money.amount_minor)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.created * 1000 == payment.succeeded_at_ms
    assert [each.id for each in refunds.data] == [told.provider_ref]
    assert [each.source.object for each in moves.data] == ["refund", "charge"]  # type: ignore[union-attr]


def test_what_stripes_library_cancels_is_closed_here(api: StripeServer) -> None:
    client = stripe.StripeClient(SECRET_KEY, base_addresses={"api": api.base})
    opened = client.v1.payment_intents.create({"amount": 100, "currency": "eur"})
    client.v1.payment_intents.cancel(opened.id)

    assert getattr(gateway(api.base).query_payment(asked(opened.id)), "closed", False)
