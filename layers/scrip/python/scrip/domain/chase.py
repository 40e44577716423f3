"""Payments whose callback never came: how long an order waits for its provider to close it, and
what becomes of it by what the provider says."""

from enum import Enum

from scrip.domain.payment import Payment, Unpaid

MINUTE_MS = 60_000

WAIT_MS = 5 * MINUTE_MS
"""How long after its time an unpaid order waits until its provider says that nobody can pay it any
more. What it holds is kept from others meanwhile."""


class Silence(Enum):
    """Why a provider told nothing of a payment."""

    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    BUG = "bug"
    NOT_ASKED = "not_asked"
    """No time was left, or others of the merchant's found that it does not answer."""
    NO_GATEWAY = "no_gateway"
    """The merchant took its secrets away."""
    NO_CALL = "no_call"
    """It is known by its callbacks alone."""


Answer = Payment | Unpaid | Silence

NOBODY_TO_ASK = (Silence.NO_GATEWAY, Silence.NO_CALL)


class Fate(Enum):
    """Of an order whose time is over and that no money came for."""

    WAITS = "waits"
    CLOSED = "closed"
    UNCLOSED = "unclosed"
    """It expires, and its provider is asked again afterwards: somebody may pay it still."""


def fate_of(answer: Unpaid | Silence, expires_at_ms: int, now_ms: int) -> Fate:
    if answer == Unpaid(closed=True) or answer in NOBODY_TO_ASK:
        return Fate.CLOSED
    return Fate.UNCLOSED if waited_enough(expires_at_ms, now_ms) else Fate.WAITS


def waited_enough(expires_at_ms: int, now_ms: int) -> bool:
    return expires_at_ms + WAIT_MS <= now_ms
