"""Seats of a key: which devices use it, how many may, until when.

Neither keys nor devices are kept as they are, but as keyed hashes (marks). A device has another
mark under every key, so that the table does not tell whose devices are the same.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address

MARK_BYTES = 16


class Standing(Enum):
    """What a device may know of the key it presents."""

    VALID = "valid"
    NOT_ACTIVATED = "not_activated"
    LIMIT = "limit"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks about which key. `typed`: the key as its owner typed it."""

    merchant_id: str
    product_id: str
    typed: str
    device: str
    source: str

    def __repr__(self) -> str:
        return f"Asked({self.merchant_id!r}, {self.product_id!r}, ...)"


@dataclass(frozen=True, slots=True)
class Seat:
    """A device that uses a key. `label`: what its owner calls it, may be empty."""

    label: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key that was shown to its buyer. `until_ms` 0: for ever. `seats` by the device's mark."""

    mark: str
    product_id: str
    variant_id: str
    sold_as: str
    until_ms: int
    seats: Mapping[str, Seat]

    @property
    def order_id(self) -> str:
        """The order it was sold with."""
        return self.sold_as.partition(".")[0]


def mark_of(registry_key: bytes, code: str) -> str:
    """`code` in its normal form. 128 bits in hex."""
    return _hash(registry_key, "code", code)


def device_of(registry_key: bytes, mark: str, fingerprint: str) -> str:
    return _hash(registry_key, f"device|{mark}", fingerprint)


def source_of(registry_key: bytes, address: str) -> str:
    """Who asks, for counting. An IPv6 network of one customer (/64) counts as one."""
    try:
        found = ip_address(address)
    except ValueError:
        return _hash(registry_key, "source", "")
    network = found.packed[:8] if found.version == 6 else found.packed
    return _hash(registry_key, "source", network.hex())


def _hash(key: bytes, kind: str, text: str) -> str:
    return hmac.digest(key, f"{kind}|{text}".encode(), "sha256")[:MARK_BYTES].hex()


def standing_of(
    record: KeyRecord | None, product_id: str, device: str, limit: int, now_ms: int
) -> Standing:
    if record is None or record.product_id != product_id:
        return Standing.UNKNOWN
    if record.until_ms and record.until_ms <= now_ms:
        return Standing.EXPIRED
    if device in record.seats:
        return Standing.VALID
    return Standing.LIMIT if len(record.seats) >= limit else Standing.NOT_ACTIVATED
