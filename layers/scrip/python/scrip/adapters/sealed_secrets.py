"""Secrets that a merchant set for a system that we call: sealed in an item, opened for a while."""

import zlib
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from scrip.adapters.keys import MAX_SEALED_BYTES, Context, Keys
from scrip.domain.errors import RequestInvalid

CACHE_SECONDS = 60
"""How long changed secrets may take to arrive. Keep old ones valid until."""

CACHE_ENTRIES = 500

_Made = TypeVar("_Made")


class ForAWhile(Generic[_Made]):
    """What `make` makes of a merchant's secrets of that name."""

    def __init__(self, make: Callable[[str, str], _Made], clock: Callable[[], float]) -> None:
        self.make = make
        self.clock = clock
        self._made: dict[tuple[str, str], tuple[_Made, float]] = {}

    def of(self, merchant_id: str, name: str) -> _Made:
        kept = self._made.get((merchant_id, name))
        if kept and kept[1] > self.clock():
            return kept[0]
        made = self.make(merchant_id, name)
        if len(self._made) >= CACHE_ENTRIES:
            self._made.clear()
        self._made[merchant_id, name] = (made, self.clock() + CACHE_SECONDS)
        return made


def seal(keys: Keys, secrets: Any, context: Context) -> bytes:
    """Raises RequestInvalid."""
    # Certificates and keys as text are a quarter air.
    packed = zlib.compress(msgspec.json.encode(secrets), 9)
    if len(packed) > MAX_SEALED_BYTES:
        raise RequestInvalid("too much to seal: leave out keys that are no longer used")
    return keys.seal(packed, context)


def unseal(keys: Keys, sealed: bytes, context: Context, shape: Any) -> Any:
    """Raises SealBroken, msgspec.ValidationError."""
    return msgspec.json.decode(zlib.decompress(keys.open(sealed, context)), type=shape)
