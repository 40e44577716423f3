"""Payments whose callback never came: when a provider is asked about an order, how long it waits to
be closed there, and what becomes of it by what the provider says."""

from enum import Enum
from typing import NamedTuple

from scrip.domain.payment import Payment, Unpaid

MINUTE_MS = 60_000

ASK_AT_MINUTES = (2, 10, 30)
"""Ages at which an unpaid order is asked about. Most callbacks come within seconds; most buyers pay
within ten minutes. The last time is when it expires."""

ASK_BACK_MS = 10 * MINUTE_MS
"""Who came of age longer ago is not asked about any more: another age follows."""

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


class Span(NamedTuple):
    """Times, `until` not included."""

    since_ms: int
    until_ms: int


def spans_to_ask(since_ms: int, now_ms: int, window_minutes: int) -> list[Span]:
    """When those were placed that came to one of the ages since then."""
    since_ms = max(since_ms, now_ms - ASK_BACK_MS)
    ages = [minutes * MINUTE_MS for minutes in ASK_AT_MINUTES if minutes < window_minutes]
    return [Span(since_ms - age, now_ms - age) for age in ages]
