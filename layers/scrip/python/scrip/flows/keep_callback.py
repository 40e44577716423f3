"""A provider's callback: read it, act on it, keep it as it came. Nothing is answered before.

It is kept last, so that no buyer waits for it. Whoever dies before has not answered: the provider
sends again, finds a duplicate, and that one is kept.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from scrip.domain.callback import UNMATCHED, Callback, place_of
from scrip.domain.errors import (
    OrderUnknown,
    PaymentMerchantMismatch,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)
from scrip.domain.notice import Notice

_Outcome = TypeVar("_Outcome")

NOT_VERIFIED = (SignatureMissing, SignatureInvalid, SignatureExpired)


class Reader(Protocol):
    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> object: ...
    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice: ...


class Callbacks(Protocol):
    def keep(self, callback: Callback, place: str) -> None: ...


def keep_callback(
    callback: Callback,
    act: Callable[[Notice], _Outcome],
    *,
    gateway: Reader,
    callbacks: Callbacks,
) -> _Outcome:
    """What `act` makes of it. What does not verify is not kept: anybody could fill the bucket.

    Raises what reading and acting raise, and StoreUnavailable instead when it could not be kept.
    """
    notice = _read(callback, gateway, callbacks)
    place = place_of(notice)
    try:
        return act(notice)
    except (OrderUnknown, PaymentMerchantMismatch):
        place = UNMATCHED
        raise
    finally:
        callbacks.keep(callback, place)


def _read(callback: Callback, gateway: Reader, callbacks: Callbacks) -> Notice:
    """It is verified as of when it came: a replay comes too late for any signature."""
    signed = callback.raw, callback.headers, callback.received_at_ms // 1000
    try:
        return gateway.read_callback(*signed)
    except NOT_VERIFIED:  # twice the work for nothing: PayPal's certificate would be fetched again
        raise
    except Exception:
        gateway.verify_callback(*signed)  # raises the same, if that is what was wrong
        callbacks.keep(callback, UNMATCHED)
        raise
