"""Signed licences: what one says, how it is written, which key signs it.

`SL1.<payload>.<signature>`: the payload is canonical JSON, the signature Ed25519 over the payload's
bytes, both in base64url without padding. An application checks it offline with the merchant's
published public key. The same licence is always the same text.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps, loads
from typing import Any

VERSION = "SL1"
SIGNATURE_BYTES = 64
MAX_LICENCE = 998
"""Bytes of a licence's text: what a line of a mail may hold (RFC 5322)."""

MAX_SIGNING_KEYS = 20
LEAD_MS = 24 * 3_600_000
"""A new signing key is published this long before it signs, so that applications which ask for the
keys daily know it before they meet it, and nobody's order was delivered in its time unnoticed."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A merchant's key pair. `number` counts from 1; it signs what was delivered since `from_ms`,
    until a later key does. `sealed` is the private half."""

    number: int
    public: bytes
    sealed: bytes
    from_ms: int

    @property
    def key_id(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Licence:
    """`until_ms` 0: for ever. `key_id`: the public key that proves it."""

    licence_id: str
    key_id: str
    product_id: str
    variant_id: str
    holder: str
    issued_at_ms: int
    until_ms: int
    features: tuple[str, ...]


def key_in_force(keys: Sequence[SigningKey], at_ms: int) -> SigningKey:
    """The key that signs what was delivered then: the same however much later one asks."""
    return max((key for key in keys if key.from_ms <= at_ms), key=lambda key: key.number)


def payload_of(licence: Licence) -> bytes:
    """Canonical: names sorted, no spaces, nothing that has no value. Times are in seconds."""
    said: dict[str, Any] = {
        "id": licence.licence_id,
        "kid": licence.key_id,
        "product": licence.product_id,
        "variant": licence.variant_id,
        "holder": licence.holder,
        "issued": licence.issued_at_ms // 1000,
    }
    if licence.until_ms:
        said["until"] = licence.until_ms // 1000
    if licence.features:
        said["features"] = list(licence.features)
    return dumps(said, sort_keys=True, separators=(",", ":")).encode()


def render(payload: bytes, signature: bytes) -> str:
    return ".".join((VERSION, encode(payload), encode(signature)))


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def normalise_licence(typed: str, product_id: str) -> str | None:
    """The text of a licence for this product without the breaks that mails put in; None if it is
    none. The signature is not looked at."""
    text = "".join(typed.split())
    parts = text.split(".")
    if len(parts) != 3 or parts[0] != VERSION or len(text) > MAX_LICENCE:
        return None
    try:
        payload, signature = (
            urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts[1:]
        )
        said = loads(payload)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("product") != product_id:
        return None
    # Only what `render` would write: several spellings decode to the same bytes.
    return (
        text if len(signature) == SIGNATURE_BYTES and render(payload, signature) == text else None
    )
