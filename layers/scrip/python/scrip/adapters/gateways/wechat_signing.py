"""WeChat Pay's signatures and seals: ours on requests, theirs on answers and callbacks.

Source: pay.weixin.qq.com/doc/v3/merchant, chapters on signing requests, verifying with a public key
or a platform certificate, and decrypting notifications.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from scrip.domain.errors import (
    RequestInvalid,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SignatureProbe,
)

SCHEME = "WECHATPAY2-SHA256-RSA2048"
CIPHER = "AEAD_AES_256_GCM"

PROBE = "WECHATPAY/SIGNTEST/"
"""A signature that begins so is wrong on purpose: WeChat looks whether we would notice."""

SIGNED_BY = tuple(f"wechatpay-{name}" for name in ("signature", "serial", "timestamp", "nonce"))
SIGNATURE_TYPE = "wechatpay-signature-type"

TOLERANCE_SECONDS = 300
SERIAL = re.compile(r"[0-9A-Za-z_]{1,64}\Z")


class PlatformKey(NamedTuple):
    """What WeChat signs with. `until_seconds`: the end of its certificate, infinity without one."""

    key: RSAPublicKey
    until_seconds: float


class Signer(NamedTuple):
    """The merchant's own key. `serial`: of its API certificate."""

    mchid: str
    serial: str
    key: RSAPrivateKey

    def __repr__(self) -> str:
        return "Signer(...)"

    def sign(self, *lines: str | bytes) -> str:
        return b64encode(self.key.sign(_joined(*lines), PKCS1v15(), SHA256())).decode()

    def authorization(
        self, method: str, path: str, body: bytes, now_seconds: int, nonce: str
    ) -> str:
        """`path`: with its query. The body is signed as it is sent, byte for byte."""
        facts = {
            "mchid": self.mchid,
            "nonce_str": nonce,
            "signature": self.sign(method, path, str(now_seconds), nonce, body),
            "timestamp": str(now_seconds),
            "serial_no": self.serial,
        }
        return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in facts.items())


def verify(
    raw: bytes, headers: Mapping[str, str], keys: Mapping[str, PlatformKey], now_seconds: int
) -> None:
    """Whether WeChat signed these bytes. `keys` by serial: nothing is ever fetched for a serial
    that is not among them, so that who makes serials up makes no traffic.

    Raises SignatureMissing, SignatureProbe, SignatureInvalid, SignatureExpired.
    """
    signature, serial, stamp, nonce = (headers.get(name, "") for name in SIGNED_BY)
    if not (signature and serial and stamp and nonce):
        raise SignatureMissing("Wechatpay-Signature, -Serial, -Timestamp and -Nonce go together")
    if signature.startswith(PROBE):
        raise SignatureProbe("wrong on purpose")
    if headers.get(SIGNATURE_TYPE, SCHEME) != SCHEME:
        raise SignatureInvalid(f"not of type {SCHEME}")
    if serial not in keys:
        shown = serial if SERIAL.match(serial) else "of another form"
        raise SignatureInvalid(f"no key of serial {shown}")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12 and nonce.isprintable()):
        raise SignatureInvalid("timestamp or nonce is none")
    try:
        signed = _joined(stamp, nonce, raw)
        keys[serial].key.verify(b64decode(signature, validate=True), signed, PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        raise SignatureInvalid("the signature does not fit") from None
    if abs(now_seconds - int(stamp)) > TOLERANCE_SECONDS:
        raise SignatureExpired(f"more than {TOLERANCE_SECONDS} s away from now")
    if now_seconds > keys[serial].until_seconds:
        raise SignatureExpired(f"the certificate {serial} has ended")


def unsealed(
    ciphertext: str, nonce: str, associated: str, algorithm: str, keys: Iterable[str]
) -> bytes:
    """What only holders of an APIv3 key can read; any of `keys` will do, for a rotation.

    Raises RequestInvalid.
    """
    if algorithm != CIPHER:
        raise RequestInvalid(f"not sealed with {CIPHER}")
    for key in keys:
        try:
            sealed, more = b64decode(ciphertext, validate=True), associated.encode()
            return AESGCM(key.encode()).decrypt(nonce.encode(), sealed, more)
        except InvalidTag:
            continue
        except ValueError:
            break
    raise RequestInvalid("no APIv3 key opens the resource")


def _joined(*lines: str | bytes) -> bytes:
    return b"".join((x.encode() if isinstance(x, str) else x) + b"\n" for x in lines)
