"""Stripe's signature over a callback's raw bytes. Source: docs.stripe.com/webhooks/signature."""

import hmac

from scrip.domain.errors import SignatureExpired, SignatureInvalid, SignatureMissing

TOLERANCE_SECONDS = 300


def verify(raw: bytes, header: str, secrets: tuple[str, ...], now_seconds: int) -> None:
    """Any `v1` that fits any secret passes: Stripe signs with both during a rotation.

    Raises SignatureMissing, SignatureInvalid, SignatureExpired.
    """
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    stamps = [value for name, value in pairs if name == "t"]
    given = [value for name, value in pairs if name == "v1"]
    if not stamps or not given:
        raise SignatureMissing("Stripe-Signature needs t and v1")
    stamp = stamps[0]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise SignatureInvalid("t is no time")
    signed = stamp.encode() + b"." + raw
    expected = [hmac.new(secret.encode(), signed, "sha256").hexdigest() for secret in secrets]
    if not any(
        hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given
    ):
        raise SignatureInvalid("no v1 fits")
    if abs(now_seconds - int(stamp)) > TOLERANCE_SECONDS:
        raise SignatureExpired(f"more than {TOLERANCE_SECONDS} s away from now")
