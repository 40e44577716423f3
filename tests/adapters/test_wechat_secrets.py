"""What a merchant may set for WeChat Pay, and that nobody reads it by accident."""

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scrip.adapters.gateways.wechat_secrets import WechatSecrets
from tests.oracles.wechat_keys import (
    API_V3_KEY,
    PUBLIC_KEY_ID,
    certified,
    pair,
    secrets,
    settings,
)
from tests.template import ROOT


def pem(key: Any) -> str:
    encoded: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return encoded.decode()


SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505
PLATFORM = certified("platform")
WRONG: dict[str, dict[str, Any]] = {
    "no merchant": {"mchid": ""},
    "a merchant in words": {"mchid": "mch"},
    "no app": {"appid": ""},
    "no serial": {"merchant_serial": ""},
    "no key": {"merchant_private_key": ""},
    "half a key": {"merchant_private_key": pair("merchant").private_pem[:200]},
    "a public key": {"merchant_private_key": pair("merchant").public_pem},
    "a key of another kind": {"merchant_private_key": pem(ec.generate_private_key(ec.SECP256R1()))},
    "a short key": {"merchant_private_key": pem(SHORT)},
    "no APIv3 key": {"api_v3_keys": []},
    "an empty APIv3 key": {"api_v3_keys": [""]},
    "a short APIv3 key": {"api_v3_keys": [API_V3_KEY, API_V3_KEY[:31]]},
    "no address": {"notify_url": ""},
    "an open address": {"notify_url": "http://pay.shop.example/"},
    "an address with a query": {"notify_url": "https://pay.shop.example/?merchant=demo"},
    "no key of the platform": {"public_keys": {}},
    "an empty public key": {"public_keys": {PUBLIC_KEY_ID: ""}},
    "a broken public key": {"public_keys": {PUBLIC_KEY_ID: "-----BEGIN PUBLIC KEY-----"}},
    "a certificate as public key": {"public_keys": {PUBLIC_KEY_ID: PLATFORM.pem}},
    "a public key without its id": {"public_keys": {"": pair(PUBLIC_KEY_ID).public_pem}},
    "a broken certificate": {"certificates": {PLATFORM.serial: "-----BEGIN CERTIFICATE-----"}},
    "another certificate": {"certificates": {PLATFORM.serial: certified("merchant").pem}},
    "a word too much": {"sub_mchid": "1900000000"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_could_not_work_cannot_be_set(wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        secrets(**WRONG[wrong])

    for secret in (API_V3_KEY, API_V3_KEY[:31], pair("merchant").private_pem[100:150]):
        assert secret not in str(refused.value)


@pytest.mark.parametrize("name", [name for name in settings() if name != "mini_appid"])
def test_nothing_may_be_left_out(name: str) -> None:
    content = settings()
    del content[name]

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(content), type=type(secrets()))


def test_public_keys_or_certificates_or_both_may_be_set() -> None:
    certificates = {PLATFORM.serial: PLATFORM.pem}

    assert secrets(certificates=certificates).certificates == certificates
    assert secrets(certificates=certificates, public_keys={}).public_keys == {}
    assert secrets(mini_appid=None).mini_appid is None


def test_the_documentation_shows_every_setting() -> None:
    page = (ROOT / "docs/payments.md").read_text(encoding="utf-8").partition("## WeChat Pay")[2]
    shown = msgspec.json.decode(page.partition("```json")[2].partition("```")[0])

    assert set(shown) == set(WechatSecrets.__struct_fields__)


def test_secrets_are_masked_wherever_they_are_printed() -> None:
    kept = secrets()

    shown = f"{kept} {kept!r} {[kept]}"

    assert API_V3_KEY not in shown
    assert "PRIVATE" not in shown
