"""When somebody reads unusually many codes within an hour: one address, or one key of staff."""

HOUR_MS = 3_600_000

DEFAULT_LIMIT = 200
"""Codes an hour. A shop whose own server asks for all of its buyers sets its busiest hour."""

LOWEST_LIMIT = 20
"""Below it, two baskets raise an alarm."""

HIGHEST_LIMIT = 1_000_000


def hour_of(at_ms: int) -> int:
    """Hours since 1970."""
    return at_ms // HOUR_MS


def hour_ends_at(hour: int) -> int:
    """In seconds, as tables forget by them."""
    return (hour + 1) * HOUR_MS // 1000


def unusual(codes: int, limit: int) -> bool:
    """`limit` 0: the merchant wants to hear of nothing."""
    return 0 < limit <= codes
