"""A shop's keys for Alipay: whole or not set at all, and told to nobody."""

import base64

import msgspec
import pytest

from scrip.adapters.gateways.alipay_secrets import AlipaySecrets
from scrip.domain.notice import PaymentNotice
from tests.adapters.alipay_making import NOW, SECRETS, gateway, standing
from tests.domain.making import ORDER_ID
from tests.oracles.alipay_server import ALIPAY_KEY, APP_ID, APP_KEY, NOTIFY_URL, SELLER_ID, bare

WHOLE = {
    "app_id": APP_ID,
    "seller_id": SELLER_ID,
    "app_private_key": bare(APP_KEY),
    "alipay_public_keys": [bare(ALIPAY_KEY.public_key())],
    "notify_url": NOTIFY_URL,
}


def test_keys_may_be_in_pem_or_its_base64() -> None:
    raw, _ = standing().callback(ORDER_ID)
    for format_, pkcs in (("PEM", 1), ("PEM", 8), ("DER", 1), ("DER", 8)):
        exported = APP_KEY.export_key(format_, pkcs=pkcs)
        text = exported.decode() if format_ == "PEM" else base64.b64encode(exported).decode()
        public = ALIPAY_KEY.public_key().export_key("PEM").decode()
        given = {**WHOLE, "app_private_key": text, "alipay_public_keys": [public]}

        found = msgspec.json.decode(msgspec.json.encode(given), type=AlipaySecrets)

        assert isinstance(gateway(None, found).read_callback(raw, {}, NOW), PaymentNotice)


SMALL = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDIgHnOn7LLILlKETd6BFRJ0GqgS2Y3mn1wMQmyh9zEyWlz5p1zrahRahbX"
    "AfCfSqshSNfqOmAQzSHRVjCqjsAw1jyqrXaPdKBmr90DIpIxmIyKXv4GGAkPyJ/6FTFY99uhpiq0qadD/uSzQsefWo0aTvP/"
    "65zi3eof7TcZ32oWpwIDAQAB"
)


@pytest.mark.parametrize(
    "changes",
    [
        {"app_private_key": ""},
        {"app_private_key": "AAAA"},
        {"app_private_key": bare(APP_KEY)[:-8]},
        {"app_private_key": bare(ALIPAY_KEY.public_key())},
        {"app_private_key": bare(APP_KEY).replace(bare(APP_KEY)[100:108], "AAAAAAAA")},
        {"app_private_key": "x" * 3000},
        {"alipay_public_keys": []},
        {"alipay_public_keys": [""]},
        {"alipay_public_keys": [bare(APP_KEY)]},
        {"alipay_public_keys": [SMALL]},
        {"alipay_public_keys": [bare(ALIPAY_KEY.public_key())] * 4},
        {"app_id": ""},
        {"app_id": "20210000000000011"},
        {"seller_id": "shop@example.com"},
        {"notify_url": "http://shop.example/x"},
        {"notify_url": "https://"},
        {"qr_product": "CASH"},
        {"more": "x"},
    ],
)
def test_an_account_without_whole_keys_cannot_be_set(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(msgspec.json.encode({**WHOLE, **changes}), type=AlipaySecrets)

    assert bare(APP_KEY)[100:140] not in f"{refused.value} {refused.value.__cause__!r}"


def test_three_public_keys_fit_into_what_is_sealed() -> None:
    given = {**WHOLE, "alipay_public_keys": [bare(ALIPAY_KEY.public_key())] * 3}

    assert len(msgspec.json.encode({**given, "notify_url": "https://" + "x" * 248})) <= 4096


def test_keys_are_masked_wherever_they_are_printed() -> None:
    assert bare(APP_KEY)[100:140] not in f"{SECRETS} {SECRETS!r} {[SECRETS]}"
