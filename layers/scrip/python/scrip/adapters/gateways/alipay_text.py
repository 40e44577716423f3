"""Amounts and times as Alipay writes them: yuan as decimal text, Beijing's time without a zone.

Source: opendocs.alipay.com, common parameters of every method.
"""

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
CURRENCY = "CNY"
FEN = 100
MAX_DIGITS = 12
"""Alipay takes 100,000,000 yuan at most."""


def to_yuan(fen: int) -> str:
    """`4500` is `45.00`."""
    whole, rest = divmod(fen, FEN)
    return f"{whole}.{rest:02d}"


def from_yuan(text: str) -> int:
    """`45`, `45.0` and `45.00` are 4500. Raises ValueError, also for a negative amount and for
    anything finer than a fen."""
    whole, point, rest = text.partition(".")
    digits = whole + rest
    plain = digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS
    if not (plain and whole and bool(point) == bool(rest) and len(rest) <= 2):
        raise ValueError("not an amount in yuan")
    return int(whole) * FEN + int(rest.ljust(2, "0"))


def to_beijing(seconds: float) -> str:
    """As 2026-11-22 08:00:00."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def from_beijing(text: str) -> int:
    """Epoch milliseconds. Raises ValueError."""
    if len(text) != len("2026-11-22 08:00:00") or not text.isascii():
        raise ValueError("not a time")
    at = datetime.fromisoformat(text)
    if at.tzinfo:
        raise ValueError("a time of another zone")
    return int(at.replace(tzinfo=BEIJING).timestamp()) * 1000
