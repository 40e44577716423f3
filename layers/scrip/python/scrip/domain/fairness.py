"""Holds shorten for who leaves many unpaid: a buyer, an address, a channel.

Each is known by a tag: keyed hashes of the mail address and the network address, the id of the API
key. Orders that held codes and were not paid are counted by tag for a day.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from ipaddress import ip_address

WINDOW_MS = 24 * 3_600_000
MINUTE_MS = 60_000
FLOOR_MINUTES = 2
TAG_DIGITS = 12
"""48 bits: two buyers of a shop share a tag by chance once in a hundred million."""

BUYER, CHANNEL, ADDRESS = "b", "c", "a"
HALVES_EVERY = {BUYER: 2, CHANNEL: 16, ADDRESS: 6}
"""So many unpaid holds a day halve the next. People share an address; a channel has all of its
buyers, of whom one in `CHANNEL_SAMPLE` is counted."""

CHANNEL_SAMPLE = 32
MOST_COUNTED = 160
"""Of a tag: as many as take the longest hold of a channel to nothing."""

ORDER_DIGITS = 10**7


def hold_minutes(minutes: int, unpaid: Mapping[str, int]) -> int:
    """How long to hold codes for somebody with so many unpaid holds by tag; 0: not at all.

    The longest hold, of a day, is nothing after ten halvings.
    """
    halvings = max((count // HALVES_EVERY[tag[0]] for tag, count in unpaid.items()), default=0)
    left = minutes >> halvings
    return left if left >= min(FLOOR_MINUTES, minutes) else 0


def tags_of(key: bytes, email: str, channel: str, address: str | None) -> tuple[str, ...]:
    """The tags of who places an order. `key`: the merchant's own."""
    tags = [BUYER + _mark(key, email.lower()), CHANNEL + channel]
    if address:
        tags.append(ADDRESS + _mark(key, _network(address)))
    return tuple(tags)


def counts_for(tag: str, order_id: str) -> bool:
    """Whether an unpaid order is counted by this tag: of a channel's, a sample is."""
    return tag[0] != CHANNEL or _number(order_id) % CHANNEL_SAMPLE == 0


def unpaid_mark(order_id: str, ended_at_ms: int) -> int:
    """An unpaid order as one number, the same however often it is counted; it tells when."""
    return ended_at_ms // MINUTE_MS * ORDER_DIGITS + _number(order_id) % ORDER_DIGITS


def recent(marks: Iterable[int], now_ms: int) -> set[int]:
    """Those of the last day."""
    since = (now_ms - WINDOW_MS) // MINUTE_MS * ORDER_DIGITS
    return {mark for mark in marks if mark >= since}


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _network(address: str) -> str:
    """An IPv4 address, or the /64 that one IPv6 household has."""
    found = ip_address(address)
    return str(found) if found.version == 4 else str(int(found) >> 64)


def _mark(key: bytes, text: str) -> str:
    return hmac.digest(key, b"unpaid holds\0" + text.encode(), "sha256").hex()[:TAG_DIGITS]


def _number(order_id: str) -> int:
    return int.from_bytes(hashlib.sha256(order_id.encode()).digest()[:6], "big")
