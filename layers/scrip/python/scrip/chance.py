"""Time, luck and random ids: asked for by handlers, handed to flows as arguments."""

import random
import secrets
import time

LOWER = "0123456789abcdefghjkmnpqrstvwxyz"

_luck = random.SystemRandom()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def rest(milliseconds: int) -> None:
    """Let time pass."""
    time.sleep(milliseconds / 1000)


def luck() -> float:
    """A number in [0, 1) that spreads load. Nothing secret may depend on it."""
    return _luck.random()


def random_hex(length: int) -> str:
    """Hexadecimal digits, 4 bits each, from the system's secure source."""
    return secrets.token_hex(length)[:length]


def random_id(length: int) -> str:
    """Lower-case letters and digits, 5 bits each, from the system's secure source."""
    return "".join(secrets.choice(LOWER) for _ in range(length))
