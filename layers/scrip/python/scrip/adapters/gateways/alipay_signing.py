"""Alipay's signatures, RSA2 only: SHA-256 and RSA PKCS#1 v1.5, in base64.

- A request is signed over its parameters but `sign`, sorted by name, joined as `k=v&k=v`.
- A callback is signed likewise, but without `sign_type`; blank values count. What is signed are its
  values in the bytes that they were sent in: a form is written in the very charset that it names,
  and GBK comes even to who asked for UTF-8. So it is verified before any charset is believed.
- An answer is signed over the JSON value of `<method>_response`, byte by byte as it stands there.

Source: opendocs.alipay.com, "自行实现签名" and "异步通知验签".
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from scrip.domain.errors import RequestInvalid, RequestMalformed, SignatureInvalid, SignatureMissing

SIGN_TYPE = "RSA2"
MIN_KEY_BITS = 2048
CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
"""GB18030 holds all of GBK, and that all of GB 2312."""

PARAMETER_INSIDE = re.compile(rb"&\w+=")
"""In a value. What is signed does not tell it from a parameter: whoever writes a form anew may hide
one in another's value, or make one out of it."""


def private_key(text: str) -> RSAPrivateKey:
    """Of an application. PKCS#1 or PKCS#8, in PEM or its base64 alone. Raises ValueError.

    Checking all its numbers takes 40 ms or more; that it can sign what it verifies takes one.
    """
    key = load_der_private_key(_der(text), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_KEY_BITS:
        raise ValueError("not an RSA key of 2048 bits or more")
    if not verified(sign([(b"a", b"b")], key).encode(), b"a=b", [key.public_key()]):
        raise ValueError("a broken key")
    return key


def public_key(text: str) -> RSAPublicKey:
    """Of Alipay. Raises ValueError."""
    key = load_der_public_key(_der(text))
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise ValueError("not an RSA key of 2048 bits or more")
    return key


def _der(text: str) -> bytes:
    lines = [line.strip() for line in text.strip().splitlines()]
    return base64.b64decode("".join(line for line in lines if "-----" not in line), validate=True)


def sign(pairs: Iterable[tuple[bytes, bytes]], key: RSAPrivateKey) -> str:
    return base64.b64encode(key.sign(_joined(pairs), PKCS1v15(), SHA256())).decode()


def signed(parameters: Mapping[str, str], key: RSAPrivateKey) -> dict[str, str]:
    """A request's parameters with their signature."""
    pairs = ((name.encode(), value.encode()) for name, value in parameters.items())
    return {**parameters, "sign": sign(pairs, key)}


def verified(signature: bytes, content: bytes, keys: Sequence[RSAPublicKey]) -> bool:
    """Whether any of the keys made it. There is one way to write a signature: no other passes."""
    try:
        plain = base64.b64decode(signature, validate=True)
    except binascii.Error:
        return False
    if base64.b64encode(plain) != signature:
        return False
    return any(_fits(key, plain, content) for key in keys)


def verified_form(raw: bytes, keys: Sequence[RSAPublicKey]) -> dict[bytes, bytes]:
    """A callback's parameters but `sign` and `sign_type`, in the bytes that are signed.

    Raises RequestMalformed, SignatureMissing, SignatureInvalid.
    """
    form = _parsed(raw)
    signature, kind = form.pop(b"sign", b""), form.pop(b"sign_type", b"")
    if not signature:
        raise SignatureMissing("a form without sign")
    if kind != SIGN_TYPE.encode():
        raise SignatureInvalid("sign_type is not RSA2")
    if not verified(signature, _joined(form.items()), keys):
        raise SignatureInvalid("sign fits no key")
    if any(PARAMETER_INSIDE.search(value) for value in form.values()):
        raise SignatureInvalid("what is signed could be read in two ways")
    return form


def read_form(form: Mapping[bytes, bytes]) -> dict[str, str]:
    """The same as text. Raises RequestInvalid."""
    charset = CHARSETS.get(form.get(b"charset", b"utf-8").decode("latin-1").lower())
    if charset is None:
        raise RequestInvalid("a charset that Alipay does not have")
    return {_text(name, charset): _text(value, charset) for name, value in form.items()}


def _text(raw: bytes, charset: str) -> str:
    """What matters is ASCII. A character beyond the charset (Java's GBK has a euro sign that is
    none elsewhere) must not cost a payment."""
    return raw.decode(charset, "replace")


def _parsed(raw: bytes) -> dict[bytes, bytes]:
    """Raises RequestMalformed, also for a name that comes twice: two readers could differ."""
    form: dict[bytes, bytes] = {}
    for part in raw.replace(b"+", b" ").split(b"&"):
        name, equals, value = part.partition(b"=")
        name = unquote_to_bytes(name)
        if not equals or name in form or b"&" in name or b"=" in name:
            raise RequestMalformed("not a form of parameters that each come once")
        form[name] = unquote_to_bytes(value)
    return form


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"&".join(name + b"=" + value for name, value in sorted(pairs))


def _fits(key: RSAPublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
