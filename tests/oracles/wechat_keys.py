"""Keys and numbers of a merchant at WeChat Pay and of WeChat Pay itself, made when first needed."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from scrip.adapters.gateways.wechat_secrets import WechatSecrets

MCHID, APPID, MINI_APPID = "1900000109", "wxd678efh567hg6787", "wx2421b1c4370ec43b"
API_V3_KEY = "oracle0APIv3key0of032characters0"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092024111800001"
NOTIFY_URL = "https://pay.shop.example/v1/callbacks/payments/demo/wechat"
NOW_SECONDS = 1_760_000_000


class Pair(NamedTuple):
    """An RSA key, and both halves in PEM."""

    private: rsa.RSAPrivateKey
    private_pem: str
    public_pem: str


class Certified(NamedTuple):
    pair: Pair
    serial: str
    pem: str


@cache
def pair(name: str) -> Pair:
    """One key for each name: making it takes a while."""
    del name
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Pair(key, private.decode(), public.decode())


@cache
def certified(name: str, days: int = 365) -> Certified:
    """A platform certificate that ends `days` after the tests' now."""
    key, now = pair(name), datetime.fromtimestamp(NOW_SECONDS, UTC)
    number = x509.random_serial_number()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.private.public_key(), number)
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key.private, SHA256())
    )
    return Certified(key, f"{number:040X}", certificate.public_bytes(Encoding.PEM).decode())


def settings(**changes: Any) -> dict[str, Any]:
    """What the merchant sets, in public key mode unless `changes` say otherwise."""
    return {
        "mchid": MCHID,
        "appid": APPID,
        "merchant_serial": certified("merchant").serial,
        "merchant_private_key": certified("merchant").pair.private_pem,
        "api_v3_keys": [API_V3_KEY],
        "notify_url": NOTIFY_URL,
        "public_keys": {PUBLIC_KEY_ID: pair(PUBLIC_KEY_ID).public_pem},
        "mini_appid": MINI_APPID,
        **changes,
    }


def secrets(**changes: Any) -> WechatSecrets:
    return msgspec.json.decode(msgspec.json.encode(settings(**changes)), type=WechatSecrets)
