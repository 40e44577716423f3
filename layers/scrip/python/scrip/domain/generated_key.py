"""Keys that are made when they are read: derived, so that nothing has to be kept of them.

A key follows from the merchant's generation key and the unit of an order it was sold as. Whoever
reads the order derives it again. Two units may come out alike (rarely, with a short pattern): the
one registered second takes its next attempt, and will find that again the same way.
"""

import hmac
from typing import NamedTuple

from scrip.domain.errors import KeyMistyped
from scrip.domain.key_pattern import normalise
from scrip.domain.licence import normalise_licence
from scrip.domain.order_access import CROCKFORD
from scrip.domain.recipe import Recipe

MAX_ATTEMPTS = 16
"""With the weakest pattern and a million keys sold, as many in a row are taken once in 10^58."""

LICENCE_ID = 16


class Unit(NamedTuple):
    """One unit of an order line."""

    merchant_id: str
    variant_id: str
    order_id: str
    line: int
    unit: int

    @property
    def sold_as(self) -> str:
        """Its name within the merchant."""
        return f"{self.order_id}.{self.line}.{self.unit}"


def randomness_of(generation_key: bytes, unit: Unit, attempt: int) -> bytes:
    """64 bytes, for ever the same: HKDF-Expand with SHA-256 (RFC 5869), two blocks."""
    info = "|".join(map(str, ("key", *unit, attempt))).encode()
    first = hmac.digest(generation_key, info + b"\x01", "sha256")
    return first + hmac.digest(generation_key, first + info + b"\x02", "sha256")


def licence_id_from(randomness: bytes) -> str:
    """80 bits in Crockford base32, 16 symbols."""
    bits = int.from_bytes(randomness[:10], "big")
    return "".join(CROCKFORD[bits >> shift & 31] for shift in range(75, -1, -5))


def read_key(recipe: Recipe, product_id: str, typed: str) -> str:
    """The normal form of a key or licence as somebody typed it. Raises KeyMistyped."""
    if recipe.pattern:
        code = normalise(recipe.pattern, typed)
    else:
        code = normalise_licence(typed, product_id)
    if code is None:
        raise KeyMistyped(product_id)
    return code
