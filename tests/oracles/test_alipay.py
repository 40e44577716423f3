"""Our signatures and an independent library's (python-alipay-sdk) agree, both ways."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.httpsession import URLLib3Session
from hypothesis import given, settings
from hypothesis import strategies as st

from scrip.adapters.gateways.alipay_calls import AlipayCalls, read_answer
from scrip.adapters.gateways.alipay_signing import public_key, read_form, signed, verified_form
from tests.adapters.alipay_making import NOW, SECRETS
from tests.oracles.alipay_server import (
    ALIPAY_KEY,
    APP_ID,
    APP_KEY,
    AlipayServer,
    bare,
    library,
    sign_form,
)

SHOP = library(APP_KEY, ALIPAY_KEY)
"""The library as a shop uses it."""
ALIPAY = library(ALIPAY_KEY, APP_KEY)
"""The library with Alipay's own key, which it was not made for but does as well."""

CALLS = AlipayCalls(SECRETS, "", URLLib3Session(), lambda: NOW)
KEYS = [public_key(bare(ALIPAY_KEY.public_key()))]

NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12).filter(
    lambda name: name not in ("sign", "sign_type", "charset")
)
TEXTS = st.text(max_size=60) | st.sampled_from(
    ["", " ", "%", "%2B+ &=", "礼品卡", "😀", "x" * 5000]
)
CHINESE = st.text(st.characters(codec="gbk"), max_size=60)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, TEXTS, max_size=12))
def test_the_library_verifies_what_we_sign(parameters: dict[str, str]) -> None:
    ours = signed({**parameters, "app_id": APP_ID}, CALLS.key)

    signature = ours.pop("sign")
    assert ALIPAY.verify(dict(ours), signature)
    assert not ALIPAY.verify({**ours, "more": ""}, signature)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(NAMES, TEXTS, max_size=5))
def test_our_pages_carry_the_very_signature_of_the_library(content: dict[str, Any]) -> None:
    method = "alipay.trade.page.pay"

    query = urlsplit(CALLS.address(method, content, notify_url="https://shop.example/x")).query

    ours = dict(parse_qsl(query, keep_blank_values=True))
    signature = ours.pop("sign")
    theirs = SHOP.sign_data(ours)
    assert dict(parse_qsl(theirs, keep_blank_values=True))["sign"] == signature


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, TEXTS, max_size=12))
def test_we_verify_callbacks_as_the_library_does(fields: dict[str, str]) -> None:
    raw = sign_form(fields)

    form = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    signature = form.pop("sign")
    assert SHOP.verify(dict(form), signature)
    assert read_form(verified_form(raw, KEYS)) == fields


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, CHINESE, max_size=8), st.sampled_from(["gbk", "GBK", "gb18030"]))
def test_we_verify_callbacks_in_gbk(fields: dict[str, str], charset: str) -> None:
    named = {**fields, "charset": charset}

    assert read_form(verified_form(sign_form(named, charset=charset), KEYS)) == named


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, TEXTS, max_size=12))
def test_we_verify_answers_over_the_bytes_that_stand_there(told: dict[str, str]) -> None:
    raw = AlipayServer().signed("alipay.trade.query", {**told, "code": "10000"})

    answer = read_answer(raw, "alipay.trade.query", KEYS)

    assert answer.done
    assert answer.read(dict[str, str]) == {**told, "code": "10000"}


def test_the_library_verifies_the_answers_of_the_stand_in() -> None:
    told = {"code": "10000", "trade_no": "1", "note": "a/b 礼"}
    raw = AlipayServer().signed("alipay.trade.query", told).decode()

    assert SHOP._verify_and_return_sync_response(raw, "alipay_trade_query_response") == told
