"""Stripe's signatures and amounts, held against Stripe's own library."""

import pytest
import stripe as stripe_library
from hypothesis import given
from hypothesis import strategies as st

from scrip.adapters.gateways.stripe_amounts import from_stripe, to_stripe
from scrip.adapters.gateways.stripe_signature import TOLERANCE_SECONDS, verify
from scrip.domain.errors import (
    PaymentProviderRefused,
    RequestInvalid,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)
from scrip.domain.money import Money
from tests.domain.making import NOW_MS
from tests.oracles.stripe_server import WEBHOOK_SECRET, sign

NOW = NOW_MS // 1000
OLD_SECRET = "whsec_an_older_secret_of_enough_length"
RAW = b'{"id": "evt_1"}'


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
    ("amount", "currency"),
    [(4550, "ISK"), (1, "UGX"), (1, "EURO"), (1, "eur"), (1, ""), (-1, "EUR")],
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
