"""WeChat Pay's sealed callbacks: what they say."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.adapters.gateways.wechat import ACKNOWLEDGED
from scrip.domain.errors import (
    PaymentMerchantMismatch,
    Rejected,
    RequestInvalid,
    RequestMalformed,
)
from scrip.domain.money import Money
from scrip.domain.notice import IgnoredNotice, Notice, PaymentNotice, RefundNotice, UnpaidNotice
from scrip.domain.refund import RefundReport, RefundState
from tests.adapters.wechat_telling import (
    NOTICE,
    NOW_MS,
    OTHER_KEY,
    PAID,
    REFUNDED,
    WECHAT,
    gateway,
    read,
    signed,
)
from tests.domain.making import ORDER_ID
from tests.oracles.wechat_keys import API_V3_KEY, MINI_APPID, NOW_SECONDS


def told(event_type: str, content: Any) -> Notice:
    return read(*WECHAT.callback(event_type, content))


def test_a_payment_is_told() -> None:
    assert told("TRANSACTION.SUCCESS", PAID) == NOTICE
    assert told("TRANSACTION.SUCCESS", {**PAID, "appid": MINI_APPID}) == NOTICE


def test_what_counts_is_the_total_and_its_currency() -> None:
    for amount, money in [
        ({"total": 4500, "payer_total": 0}, Money(4500, "CNY")),
        ({"total": 4499, "payer_total": 4500, "currency": "CNY"}, Money(4499, "CNY")),
        ({"total": 4500, "currency": "USD", "payer_currency": "CNY"}, Money(4500, "USD")),
    ]:
        notice = told("TRANSACTION.SUCCESS", {**PAID, "amount": amount})

        assert isinstance(notice, PaymentNotice)
        assert notice.payment.money == money


@pytest.mark.parametrize("state", ["NOTPAY", "USERPAYING", "PAYERROR", "CLOSED", "REFUND", "?"])
def test_any_other_state_than_success_is_no_payment(state: str) -> None:
    assert told("TRANSACTION.SUCCESS", {**PAID, "trade_state": state}) == UnpaidNotice(
        "demo", ORDER_ID, state
    )


def test_a_payment_without_our_mark_names_no_merchant() -> None:
    notice = told("TRANSACTION.SUCCESS", {k: v for k, v in PAID.items() if k != "attach"})

    assert isinstance(notice, PaymentNotice)
    assert notice.merchant_id == ""


@pytest.mark.parametrize(
    ("status", "state", "at_ms"),
    [
        ("SUCCESS", RefundState.SUCCEEDED, NOW_MS + 2000),
        ("ABNORMAL", RefundState.STUCK, NOW_MS + 10_000),
        ("CLOSED", RefundState.FAILED, NOW_MS + 10_000),
    ],
)
def test_a_refund_is_told_with_how_far_it_is(status: str, state: RefundState, at_ms: int) -> None:
    content = {**REFUNDED, "refund_status": status}
    if status != "SUCCESS":
        del content["success_time"]

    assert told(f"REFUND.{status}", content) == RefundNotice(
        "",
        ORDER_ID,
        "4200000985202103031441826014",
        RefundReport(
            "R7K2M9Q4XTB3WHD5N0", "50200207182018070300011301001", state, Money(1000, "CNY"), at_ms
        ),
    )


def test_what_we_do_not_know_is_ignored_unopened() -> None:
    raw, headers = WECHAT.callback("PAYSCORE.USER_PAID", b"sealed for somebody else", OTHER_KEY)

    assert read(raw, headers) == IgnoredNotice("event PAYSCORE.USER_PAID")


@pytest.mark.parametrize(
    ("event_type", "content"),
    [
        ("TRANSACTION.SUCCESS", {**PAID, "mchid": "1900000000"}),
        ("TRANSACTION.SUCCESS", {**PAID, "appid": "wx0000000000000000"}),
        ("TRANSACTION.SUCCESS", {**PAID, "mchid": "1900000000", "trade_state": "CLOSED"}),
        ("REFUND.SUCCESS", {**REFUNDED, "mchid": "1900000000"}),
    ],
)
def test_another_account_or_app_is_told_apart(event_type: str, content: dict[str, Any]) -> None:
    with pytest.raises(PaymentMerchantMismatch):
        told(event_type, content)


def test_during_a_rotation_either_apiv3_key_opens() -> None:
    both = gateway(api_v3_keys=(OTHER_KEY, API_V3_KEY))

    for key in (API_V3_KEY, OTHER_KEY):
        raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID, key)
        assert both.read_callback(raw, headers, NOW_SECONDS) == NOTICE
    raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID, OTHER_KEY)
    with pytest.raises(RequestInvalid, match="no APIv3 key"):
        read(raw, headers)


def test_nothing_may_be_associated() -> None:
    raw, _ = WECHAT.callback("TRANSACTION.SUCCESS", PAID)
    body = json.loads(raw)
    body["resource"] = WECHAT.seal(json.dumps(PAID).encode(), "")
    for _ in range(2):
        raw = json.dumps(body).encode()
        assert read(raw, WECHAT.sign(raw)) == NOTICE
        body["resource"].pop("associated_data", None)


@pytest.mark.parametrize(
    "resource",
    [
        {"algorithm": "AEAD_SM4_GCM"},
        {"nonce": ""},
        {"nonce": "short"},
        {"nonce": "n" * 200},
        {"nonce": None},
        {"ciphertext": "?"},
        {"ciphertext": ""},
        {"ciphertext": "YQ=="},
        {"associated_data": "other"},
    ],
)
def test_a_resource_that_does_not_open_is_refused(resource: dict[str, Any]) -> None:
    raw, _ = WECHAT.callback("TRANSACTION.SUCCESS", PAID)
    body = json.loads(raw)
    body["resource"] |= resource
    raw = json.dumps(body).encode()

    with pytest.raises(RequestInvalid):
        read(raw, WECHAT.sign(raw))


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction_id": ""},
        {"transaction_id": None},
        {"success_time": None},
        {"success_time": "2025-10-09T16:53:15"},
        {"success_time": "yesterday"},
        {"amount": None},
        {"amount": {"total": -1}},
        {"amount": {"total": "4500"}},
        {"amount": {"total": 45.5}},
        {"amount": {"total": 4500, "currency": "yuan"}},
        {"amount": {}},
        {"out_trade_no": 7},
        {"mchid": None},
        {"trade_state": None},
    ],
)
def test_a_payment_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        told("TRANSACTION.SUCCESS", {**PAID, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"refund_status": "CHANGE"},
        {"amount": {"refund": -1}},
        {"amount": {}},
        {"transaction_id": ""},
        {"out_refund_no": None},
        {"success_time": "yesterday"},
    ],
)
def test_a_refund_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        told("REFUND.SUCCESS", {**REFUNDED, **changes})


NO_JSON = [b"", b"{", b"[" * 100_000, b"\xff", b'{"event_type": "\xff"}', b"null{}"]


@pytest.mark.parametrize("content", NO_JSON)
def test_what_is_no_json_is_refused_signed_or_sealed_though_it_is(content: bytes) -> None:
    with pytest.raises((RequestMalformed, RequestInvalid)):
        told("TRANSACTION.SUCCESS", content)
    with pytest.raises((RequestMalformed, RequestInvalid)):
        read(content, signed(content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*PAID, *REFUNDED]), JSON, max_size=4), st.booleans())
def test_nothing_that_wechat_might_sign_breaks(changes: dict[str, Any], refund: bool) -> None:
    event, facts = ("REFUND.SUCCESS", REFUNDED) if refund else ("TRANSACTION.SUCCESS", PAID)

    try:
        notice = told(event, {**facts, **changes})
    except Rejected:
        return

    assert isinstance(notice, PaymentNotice | RefundNotice | UnpaidNotice)


def test_taking_a_callback_is_told_without_a_word() -> None:
    assert ACKNOWLEDGED == (204, "", b"")
