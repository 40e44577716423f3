"""JSON of any shape, its numbers exactly as they are written: 45.10 is never a float."""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent that no Decimal has
        raise ValueError("not a number to reckon with") from None


DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_number)
