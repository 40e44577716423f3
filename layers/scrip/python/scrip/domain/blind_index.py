"""Blind indexes: recognising a code again without being able to tell it.

A mark is a keyed hash of a code. Two imports of the same code make the same mark; nobody without
the merchant's index key can test a guess against one.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scrip.domain.code import Code

MARK_BYTES = 12
"""96 bits: among a billion codes two different ones share a mark with odds of one in 10^11."""

BATCH_ID_LENGTH = 10


class Seen(NamedTuple):
    """Of some marks, those that a merchant's imports have taken: each with the batch that has it.

    `segments`: how many there were, of which this is true.
    """

    segments: int
    batches: Mapping[bytes, str]


NOTHING_SEEN = Seen(0, {})


def marks_of(index_key: bytes, codes: Iterable[Code]) -> list[bytes]:
    """A code's mark each, in their order. PINs do not count: a code is sold once."""
    return [
        hmac.digest(index_key, b"code|" + code.code.encode(), "sha256")[:MARK_BYTES]
        for code in codes
    ]


def batch_id_for(index_key: bytes, variant_id: str, idempotency_key: str) -> str:
    """Ten hex digits. Keyed, because an Idempotency-Key may be made of what a file holds."""
    name = f"batch|{variant_id}|{idempotency_key}".encode()
    return hmac.digest(index_key, name, "sha256").hex()[:BATCH_ID_LENGTH]


def pack_marks(marks: Sequence[bytes]) -> bytes:
    """Sorted, so that a segment does not tell the order of its file."""
    return b"".join(sorted(marks))


def unpack_marks(packed: bytes) -> list[bytes]:
    return [packed[at : at + MARK_BYTES] for at in range(0, len(packed), MARK_BYTES)]
