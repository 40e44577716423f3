"""API keys: what they look like and what opens them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.api_key import ApiKey, KeyText, Scope, hash_secret, parse_key, render_key
from tests.domain.making import NOW_MS

PART = st.text("0123456789abcdefghjkmnpqrstvwxyz-", min_size=1, max_size=32)


def key_of(secret: str) -> ApiKey:
    return ApiKey("demo", "key00001", Scope.OPERATOR, "till", hash_secret(secret), NOW_MS)


@given(PART, PART, PART)
def test_a_rendered_key_parses_to_its_parts(merchant_id: str, key_id: str, secret: str) -> None:
    text = KeyText(merchant_id, key_id, secret)

    assert parse_key(render_key(text)) == text


@pytest.mark.parametrize(
    "text", ["", "sk", "sk_demo_key", "sk_demo_key_secret_more", "ot_demo_1_ab", "sk_demo__x"]
)
def test_what_is_no_key_parses_to_nothing(text: str) -> None:
    assert parse_key(text) is None


@given(st.text())
def test_parsing_never_fails(text: str) -> None:
    parse_key(text)


def test_a_key_opens_to_its_own_secret_only() -> None:
    key = key_of("right")

    assert key.opened_by("right")
    assert not key.opened_by("wrong")
    assert not key.opened_by("")
    assert not key.opened_by("right ")


def test_a_key_keeps_no_secret() -> None:
    assert "very-secret" not in repr(key_of("very-secret"))
