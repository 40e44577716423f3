"""Order ids and order tokens: made of the merchant's key, by nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.order_access import (
    DAY_MS,
    Access,
    check_token,
    is_order_id,
    last_day_of,
    order_id_for,
    parse_token,
    render_token,
)
from tests.domain.making import NOW_MS, ORDER_ID

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
KEYS = st.binary(min_size=32, max_size=32)
ORDER_IDS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=16, max_size=16)
LAST_DAY = last_day_of(NOW_MS, 180)


def access(
    token: str, *, order_id: str = ORDER_ID, now_ms: int = NOW_MS, key: bytes = KEY
) -> Access:
    parsed = parse_token(token)
    assert parsed is not None
    return check_token(key, parsed, order_id, now_ms)


@given(KEYS, st.text(max_size=128))
def test_an_order_id_depends_on_key_and_idempotency_key_alone(key: bytes, name: str) -> None:
    order_id = order_id_for(key, name)

    assert is_order_id(order_id)
    assert order_id == order_id_for(key, name)
    assert order_id != order_id_for(key, name + "x")
    assert order_id != order_id_for(bytes(b ^ 1 for b in key), name)


@pytest.mark.parametrize(
    "text",
    ["", ORDER_ID[:-1], ORDER_ID + "0", ORDER_ID.lower(), "I" * 16, "U" * 16, "7K2M9Q4XTB3WHD5#"],
)
def test_what_is_no_order_id_is_not_taken_for_one(text: str) -> None:
    assert not is_order_id(text)


@given(KEYS, ORDER_IDS)
def test_a_token_opens_its_order(key: bytes, order_id: str) -> None:
    token = render_token(key, "demo", order_id, LAST_DAY)

    assert token == render_token(key, "demo", order_id, LAST_DAY)
    assert access(token, order_id=order_id, key=key) is Access.GRANTED


@given(ORDER_IDS, ORDER_IDS)
def test_a_token_opens_no_other_order(one: str, other: str) -> None:
    token = render_token(KEY, "demo", one, LAST_DAY)

    assert access(token, order_id=other) is (Access.GRANTED if one == other else Access.DENIED)


def test_a_token_lasts_through_its_last_day() -> None:
    token = render_token(KEY, "demo", ORDER_ID, LAST_DAY)
    ends_ms = (LAST_DAY + 1) * DAY_MS

    assert access(token, now_ms=ends_ms - 1) is Access.GRANTED
    assert access(token, now_ms=ends_ms) is Access.EXPIRED


def test_a_token_lasts_at_least_the_days_it_was_made_for() -> None:
    token = render_token(KEY, "demo", ORDER_ID, last_day_of(NOW_MS, 1))

    assert access(token, now_ms=NOW_MS + DAY_MS) is Access.GRANTED
    assert access(token, now_ms=NOW_MS + 2 * DAY_MS) is Access.EXPIRED


def test_a_later_day_written_into_a_token_denies_it() -> None:
    prefix, merchant_id, day, mac = render_token(KEY, "demo", ORDER_ID, LAST_DAY).split("_")

    longer = "_".join((prefix, merchant_id, str(int(day) + 1), mac))

    assert access(longer) is Access.DENIED


@given(st.integers(0, 39), st.sampled_from("0123456789abcdef"))
def test_one_changed_symbol_denies_a_token(position: int, symbol: str) -> None:
    token = render_token(KEY, "demo", ORDER_ID, LAST_DAY)
    start = len(token) - 40 + position
    changed = token[:start] + symbol + token[start + 1 :]

    assert access(changed) is (Access.GRANTED if changed == token else Access.DENIED)


def test_a_shortened_token_is_denied() -> None:
    token = render_token(KEY, "demo", ORDER_ID, LAST_DAY)

    assert access(token[:-1]) is Access.DENIED
    assert access(token[:-40]) is Access.DENIED


def test_the_key_of_another_merchant_denies_a_token() -> None:
    token = render_token(OTHER_KEY, "demo", ORDER_ID, LAST_DAY)

    assert access(token) is Access.DENIED


def test_an_expired_token_that_was_tampered_with_is_denied_not_expired() -> None:
    token = render_token(KEY, "demo", ORDER_ID, LAST_DAY)

    assert access(token[:-1] + "x", now_ms=NOW_MS + 400 * DAY_MS) is Access.DENIED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ot_demo_20000",
        "ot_demo_day_ab",
        "ot_demo_-1_ab",
        "ot_demo_²_ab",
        "ot_demo_12345678_ab",
        "sk_demo_20000_ab",
        "ot_demo_20000_ab_cd",
    ],
)
def test_what_is_no_token_parses_to_nothing(text: str) -> None:
    assert parse_token(text) is None


@given(st.text())
def test_parsing_never_fails(text: str) -> None:
    parse_token(text)


@given(st.text(max_size=60))
def test_no_mac_made_up_opens_an_order(mac: str) -> None:
    parsed = parse_token(f"ot_demo_{LAST_DAY}_{mac}")

    assert parsed is None or check_token(KEY, parsed, ORDER_ID, NOW_MS) is Access.DENIED
