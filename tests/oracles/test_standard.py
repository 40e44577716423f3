"""Standard Webhooks, held against the standard's own library, both ways."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from scrip.adapters.gateways.standard_signing import (
    SIGNATURES_READ,
    TOLERANCE_SECONDS,
    signed_headers,
    verify,
)
from scrip.domain.errors import SignatureExpired, SignatureInvalid, SignatureMissing
from tests.domain.making import NOW_MS
from tests.oracles.standard_bridge import OWN_SECRET, STANDARD_SECRET, sign

NOW = NOW_MS // 1000
RAW = '{"type": "payment.succeeded", "data": {"note": "ü 中文 %20+&="}}'.encode()
KEYS = st.binary(min_size=24, max_size=64).map(
    lambda key: "whsec_" + base64.b64encode(key).decode()
)
IDS = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="."), min_size=1
)


@settings(deadline=None)
@given(text=st.text(), key=KEYS, message_id=IDS)
def test_what_the_library_signs_verifies(text: str, key: str, message_id: str) -> None:
    verify(text.encode(), sign(text.encode(), NOW, key, message_id), (key,), NOW)


@settings(deadline=None)
@given(text=st.text(), key=KEYS, message_id=IDS)
def test_what_we_sign_the_library_takes(text: str, key: str, message_id: str) -> None:
    body = f'"{text.encode().hex()}"'.encode()

    headers = signed_headers(key, message_id, int(time.time()), body)

    assert Webhook(key).verify(body, headers) == text.encode().hex()


def test_every_other_byte_is_refused() -> None:
    headers = sign(RAW, NOW)
    for place in range(len(RAW)):
        changed = RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :]

        with pytest.raises(SignatureInvalid):
            verify(changed, headers, (STANDARD_SECRET,), NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_other_symbol_of_a_header_is_refused(name: str) -> None:
    headers = sign(RAW, NOW)
    for place, symbol in enumerate(headers[name]):
        changed = headers[name][:place] + chr(ord(symbol) ^ 1) + headers[name][place + 1 :]

        with pytest.raises(SignatureInvalid):
            verify(RAW, {**headers, name: changed}, (STANDARD_SECRET,), NOW)


@settings(deadline=None)
@given(name=st.sampled_from(["id", "timestamp", "signature"]), text=st.text())
def test_a_header_may_be_anything(name: str, text: str) -> None:
    headers = {**sign(RAW, NOW), f"webhook-{name}": text}

    with pytest.raises((SignatureInvalid, SignatureMissing)):
        verify(RAW, headers, (STANDARD_SECRET,), NOW)


def test_either_of_two_secrets_may_sign_and_either_of_two_signatures_fit() -> None:
    both = (STANDARD_SECRET, OWN_SECRET)
    old, new = (sign(RAW, NOW, secret)["webhook-signature"] for secret in both)
    headers = sign(RAW, NOW)

    for given_signatures in (old, new, f"v1,AAAA {new}", f"v1a,AAAA v2,x {old} {new}"):
        verify(RAW, {**headers, "webhook-signature": given_signatures}, both, NOW)
    with pytest.raises(SignatureInvalid):
        verify(RAW, {**headers, "webhook-signature": new}, (STANDARD_SECRET,), NOW)


def test_not_any_number_of_signatures_is_read() -> None:
    headers = sign(RAW, NOW)
    many = "v1,AAAA " * SIGNATURES_READ + headers["webhook-signature"]

    with pytest.raises(SignatureInvalid):
        verify(RAW, {**headers, "webhook-signature": many}, (STANDARD_SECRET,), NOW)


def test_dots_cannot_move_between_what_is_signed() -> None:
    headers = sign(b"1700000000.{}", NOW, message_id="msg")
    moved = {**headers, "webhook-id": f"msg.{NOW}", "webhook-timestamp": "1700000000"}

    with pytest.raises(SignatureInvalid):
        verify(b"{}", moved, (STANDARD_SECRET,), 1700000000)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed(name: str) -> None:
    headers = sign(RAW, NOW)
    del headers[name]

    with pytest.raises(SignatureMissing):
        verify(RAW, headers, (STANDARD_SECRET,), NOW)


@pytest.mark.parametrize("age", [-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS])
def test_what_is_fresh_passes(age: int) -> None:
    verify(RAW, sign(RAW, NOW - age), (STANDARD_SECRET,), NOW)


@pytest.mark.parametrize("age", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
def test_what_is_not_is_expired(age: int) -> None:
    with pytest.raises(SignatureExpired):
        verify(RAW, sign(RAW, NOW - age), (STANDARD_SECRET,), NOW)
