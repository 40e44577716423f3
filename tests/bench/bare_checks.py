"""The least that any program must do to believe each provider: its signature, checked by the
library that does it, with keys that are ready. What a callback says is not read."""

import base64
import hmac
import zlib
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from scrip.adapters.gateways.paypal_signing import HEADERS
from tests.adapters.paypal_making import SECRETS as PAYPAL
from tests.oracles import wechat_keys
from tests.oracles.alipay_server import ALIPAY_KEY
from tests.oracles.paypal_signer import rsa_key
from tests.oracles.standard_bridge import STANDARD_SECRET
from tests.oracles.stripe_server import WEBHOOK_SECRET

Headers = dict[str, str]


def stripe(raw: bytes, headers: Headers) -> None:
    stamp, _, given = headers["stripe-signature"].partition(",v1=")
    signed = stamp.removeprefix("t=").encode() + b"." + raw
    expected = hmac.new(WEBHOOK_SECRET.encode(), signed, "sha256").hexdigest()
    assert hmac.compare_digest(expected, given)


def standard(raw: bytes, headers: Headers) -> None:
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    key = base64.b64decode(STANDARD_SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert hmac.compare_digest(expected, headers["webhook-signature"].removeprefix("v1,"))


def wechat(raw: bytes, headers: Headers) -> None:
    stamp, nonce = headers["wechatpay-timestamp"], headers["wechatpay-nonce"]
    _verify(
        WECHAT_KEY, headers["wechatpay-signature"], f"{stamp}\n{nonce}\n".encode() + raw + b"\n"
    )


def alipay(raw: bytes, _: Headers) -> None:
    form = dict(each.split(b"=", 1) for each in raw.replace(b"+", b" ").split(b"&"))
    signature = unquote_to_bytes(form.pop(b"sign")).decode()
    del form[b"sign_type"]
    signed = b"&".join(name + b"=" + unquote_to_bytes(form[name]) for name in sorted(form))
    _verify(ALIPAY_PUBLIC, signature, signed)


def paypal(raw: bytes, headers: Headers) -> None:
    sent = [headers[name] for name in HEADERS[:2]]
    signed = "|".join([*sent, PAYPAL.webhook_ids[0], str(zlib.crc32(raw))])
    _verify(PAYPAL_KEY, headers["paypal-transmission-sig"], signed.encode())


def _verify(key: object, signature: str, content: bytes) -> None:
    assert isinstance(key, RSAPublicKey)
    key.verify(base64.b64decode(signature), content, PKCS1v15(), SHA256())


WECHAT_KEY = wechat_keys.pair(wechat_keys.PUBLIC_KEY_ID).private.public_key()
ALIPAY_PUBLIC = load_pem_public_key(ALIPAY_KEY.public_key().export_key())
PAYPAL_KEY = rsa_key().public_key()

CHECKS: dict[str, Callable[[bytes, Headers], None]] = {
    "alipay": alipay,
    "paypal": paypal,
    "standard": standard,
    "stripe": stripe,
    "wechat": wechat,
}
