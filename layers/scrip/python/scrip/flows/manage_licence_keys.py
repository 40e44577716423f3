"""A merchant's signing keys: the first, the next, the public halves."""

from collections.abc import Sequence
from typing import Protocol

from scrip.domain.errors import LimitReached
from scrip.domain.licence import LEAD_MS, MAX_SIGNING_KEYS, SigningKey


class LicenceKeys(Protocol):
    def of(self, merchant_id: str) -> Sequence[SigningKey]: ...
    def add(self, merchant_id: str, key: SigningKey) -> SigningKey: ...


class Signing(Protocol):
    def new_key(self, merchant_id: str, number: int, from_ms: int) -> SigningKey: ...


def list_licence_keys(merchant_id: str, *, licence_keys: LicenceKeys) -> list[SigningKey]:
    return list(licence_keys.of(merchant_id))


def rotate_licence_key(
    merchant_id: str, *, now_ms: int, licence_keys: LicenceKeys, signing: Signing
) -> list[SigningKey]:
    """Add the key that will sign from tomorrow, unless one waits already: so asking again, also at
    once, changes nothing. Raises LimitReached."""
    known = list(licence_keys.of(merchant_id))
    if known and known[-1].from_ms > now_ms:
        return known
    if len(known) >= MAX_SIGNING_KEYS:
        raise LimitReached(f"at most {MAX_SIGNING_KEYS} signing keys")
    from_ms = now_ms + LEAD_MS if known else 0
    added = licence_keys.add(merchant_id, signing.new_key(merchant_id, len(known) + 1, from_ms))
    return [*known, added]
