"""Order ids and order tokens: both derive from the merchant's order key, neither is stored.

An order id is a keyed hash of the Idempotency-Key it was placed with, so placing twice meets the
same item. An order token is a keyed hash of the order id and the day it ends: whoever holds one
can read that order until then, and nobody can make one from an order number.
"""

import hashlib
import hmac
from enum import Enum, auto
from typing import NamedTuple

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ORDER_ID_LENGTH = 16
TOKEN_PREFIX = "ot"
TOKEN_MAC_HEX = 40
DAY_MS = 86_400_000


class TokenText(NamedTuple):
    """The parts of a presented token: `ot_<merchant>_<last day, days since 1970>_<mac>`."""

    merchant_id: str
    last_day: int
    mac: str


class Access(Enum):
    GRANTED = auto()
    EXPIRED = auto()
    DENIED = auto()


def order_id_for(order_key: bytes, idempotency_key: str) -> str:
    """80 bits in Crockford base32, 16 symbols."""
    digest = hmac.digest(order_key, b"order-id|" + idempotency_key.encode(), "sha256")
    bits = int.from_bytes(digest[:10], "big")
    return "".join(CROCKFORD[bits >> shift & 31] for shift in range(75, -1, -5))


def is_order_id(text: str) -> bool:
    return len(text) == ORDER_ID_LENGTH and set(text) <= set(CROCKFORD)


def last_day_of(placed_at_ms: int, days: int) -> int:
    return placed_at_ms // DAY_MS + days


def render_token(order_key: bytes, merchant_id: str, order_id: str, last_day: int) -> str:
    mac = _mac(order_key, order_id, last_day)
    return f"{TOKEN_PREFIX}_{merchant_id}_{last_day}_{mac}"


def parse_token(text: str) -> TokenText | None:
    parts = text.split("_")
    if len(parts) != 4 or parts[0] != TOKEN_PREFIX or len(parts[2]) > 7:
        return None
    if not (parts[2].isascii() and parts[2].isdigit()):
        return None
    return TokenText(parts[1], int(parts[2]), parts[3])


def check_token(order_key: bytes, token: TokenText, order_id: str, now_ms: int) -> Access:
    expected = _mac(order_key, order_id, token.last_day)
    if not hmac.compare_digest(expected.encode(), token.mac.encode()):
        return Access.DENIED
    return Access.GRANTED if now_ms // DAY_MS <= token.last_day else Access.EXPIRED


def _mac(order_key: bytes, order_id: str, last_day: int) -> str:
    message = f"order-token|{order_id}|{last_day}".encode()
    return hmac.new(order_key, message, hashlib.sha256).hexdigest()[:TOKEN_MAC_HEX]
