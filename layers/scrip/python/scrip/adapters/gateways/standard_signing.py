"""Signatures of Standard Webhooks, made and checked.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import hmac
from collections.abc import Iterable

from scrip.domain.errors import SignatureExpired, SignatureInvalid, SignatureMissing

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64
TOLERANCE_SECONDS = 300
SIGNATURES_READ = 10


def key_of(secret: str) -> bytes:
    """Raises ValueError for what is no `whsec_` and base64 of 24 to 64 bytes."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not secret.startswith(PREFIX) or not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError("not a key of Standard Webhooks")
    return key


def signature(secret: str, message_id: str, seconds: str, body: bytes) -> str:
    signed = f"{message_id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, "sha256")).decode()


def signed_headers(secret: str, message_id: str, seconds: int, body: bytes) -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(secret, message_id, str(seconds), body),
    }


def verify(raw: bytes, headers: dict[str, str], secrets: Iterable[str], now_seconds: int) -> None:
    """Any `v1` that fits any secret passes: providers sign with both during a rotation.

    Raises SignatureMissing, SignatureInvalid, SignatureExpired.
    """
    message_id, stamp, given = (headers.get(name, "") for name in HEADERS)
    if not (message_id and stamp and given):
        raise SignatureMissing("webhook-id, webhook-timestamp and webhook-signature are needed")
    if not message_id.isascii() or "." in message_id:  # dots part what is signed
        raise SignatureInvalid("no message id")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise SignatureInvalid("no time")
    found = [each.encode() for each in given.split(" ")[:SIGNATURES_READ]]
    expected = [signature(each, message_id, stamp, raw).encode() for each in secrets]
    if not any(hmac.compare_digest(one, other) for one in expected for other in found):
        raise SignatureInvalid("no v1 fits")
    if abs(now_seconds - int(stamp)) > TOLERANCE_SECONDS:
        raise SignatureExpired(f"more than {TOLERANCE_SECONDS} s away from now")
