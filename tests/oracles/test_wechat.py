"""WeChat Pay's signatures held against `wechatpayv3`, a library by others, both ways; and the
stand-in that the other tests call, called by that library."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3 import utils as library

from scrip.adapters.gateways.wechat_secrets import platform_keys, signer_of
from scrip.adapters.gateways.wechat_signing import unsealed, verify
from scrip.domain.errors import RequestInvalid, SignatureInvalid
from tests.oracles.wechat_keys import (
    API_V3_KEY,
    APPID,
    MCHID,
    NOTIFY_URL,
    NOW_SECONDS,
    PUBLIC_KEY_ID,
    certified,
    pair,
    secrets,
)
from tests.oracles.wechat_server import WechatServer, wechat_server

KEYS = platform_keys(secrets())
SIGNER = signer_of(secrets())
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
BODIES = st.one_of(
    WORDS,
    st.sampled_from(["", " ", "\n", "%2B+ &=", "码 🎮\u2028", "\ufeff{}", "x" * 20_000]),
    st.recursive(
        WORDS | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
        max_leaves=6,
    ).map(lambda value: json.dumps(value, ensure_ascii=False)),
)


@pytest.fixture
def api() -> Iterator[WechatServer]:
    with wechat_server() as server:
        yield server


def headers_by_library(body: str) -> dict[str, str]:
    stamp, nonce = str(NOW_SECONDS), "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
    message = f"{stamp}\n{nonce}\n{body}\n"
    return {
        "wechatpay-serial": PUBLIC_KEY_ID,
        "wechatpay-timestamp": stamp,
        "wechatpay-nonce": nonce,
        "wechatpay-signature": library.rsa_sign(pair(PUBLIC_KEY_ID).private, message),
    }


@given(BODIES)
def test_what_the_library_signs_is_taken(body: str) -> None:
    verify(body.encode(), headers_by_library(body), KEYS, NOW_SECONDS)


@given(BODIES, st.data())
def test_and_with_any_byte_changed_it_is_refused(body: str, data: st.DataObject) -> None:
    raw = body.encode()
    place = data.draw(st.integers(0, len(raw)))
    other = data.draw(st.binary(max_size=2).filter(lambda new: new != raw[place : place + 1]))

    changed = raw[:place] + other + raw[place + 1 :]

    with pytest.raises(SignatureInvalid):
        verify(changed, headers_by_library(body), KEYS, NOW_SECONDS)


@given(BODIES)
def test_the_library_takes_what_we_sign(body: str) -> None:
    signature = SIGNER.sign(str(NOW_SECONDS), "n1", body.encode())

    key = certified("merchant").pair.private.public_key()
    assert library.rsa_verify(str(NOW_SECONDS), "n1", body, signature, key)
    assert not library.rsa_verify(str(NOW_SECONDS), "n1", body + " ", signature, key)


PARTS = re.compile(r'(\w+)="([^"]*)"')


@given(BODIES.filter(bool), st.sampled_from(["/v3/a", "/v3/a?b=%E7%A0%81&c=+"]))
def test_our_authorization_is_the_librarys(body: str, path: str) -> None:
    theirs = library.build_authorization(
        path, "POST", MCHID, SIGNER.serial, SIGNER.key, body, nonce_str="n1"
    )
    stamp = dict(PARTS.findall(theirs))["timestamp"]

    assert SIGNER.authorization("POST", path, body.encode(), int(stamp), "n1") == theirs


@given(BODIES, st.sampled_from(["", "transaction", "码"]))
def test_the_library_and_we_open_the_same_seals(content: str, associated: str) -> None:
    sealed = WechatServer().seal(content.encode(), associated)

    facts = (sealed["ciphertext"], sealed["nonce"], associated, sealed["algorithm"])
    assert unsealed(*facts, [API_V3_KEY]).decode() == content
    theirs = library.aes_decrypt(sealed["nonce"], sealed["ciphertext"], associated, API_V3_KEY)
    assert theirs == content
    with pytest.raises(RequestInvalid):
        unsealed(*facts, ["0" * 32])


@pytest.fixture
def client(api: WechatServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library, calling the stand-in."""
    made = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=MCHID,
        private_key=certified("merchant").pair.private_pem,
        cert_serial_no=certified("merchant").serial,
        apiv3_key=API_V3_KEY,
        appid=APPID,
        notify_url=NOTIFY_URL,
        public_key=pair(PUBLIC_KEY_ID).public_pem,
        public_key_id=PUBLIC_KEY_ID,
    )
    made._core._gate_way = api.base
    monkeypatch.setattr("time.time", lambda: NOW_SECONDS)
    return made


def test_the_library_pays_asks_refunds_and_closes_at_the_stand_in(
    client: Any, api: WechatServer
) -> None:
    status, told = client.pay(
        description="demo",
        out_trade_no="ORDER1",
        amount={"total": 4500, "currency": "CNY"},
        time_expire="2025-10-09T17:08:20+08:00",
        attach="demo",
    )
    assert (status, list(json.loads(told))) == (200, ["code_url"])
    assert json.loads(client.query(out_trade_no="ORDER1")[1])["trade_state"] == "NOTPAY"

    raw, headers = api.pay("ORDER1")

    result = client.callback(headers, raw)
    assert result["resource"]["trade_state"] == "SUCCESS"
    assert json.loads(client.query(out_trade_no="ORDER1")[1])["trade_state"] == "SUCCESS"
    transaction_id = result["resource"]["transaction_id"]
    amount = {"refund": 1000, "total": 4500, "currency": "CNY"}
    status, told = client.refund("R1", amount, transaction_id)
    assert (status, json.loads(told)["status"]) == (200, "PROCESSING")
    assert json.loads(client.query_refund("R1")[1])["out_refund_no"] == "R1"
    result = client.callback(*reversed(api.refunded("R1", "SUCCESS")))
    assert result["resource"]["refund_status"] == "SUCCESS"
    assert json.loads(client.close("ORDER1")[1])["code"] == "ORDERPAID"
