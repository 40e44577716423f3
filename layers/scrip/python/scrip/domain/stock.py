"""Stock as chunks of sealed codes, each code in one place.

A chunk is one table item holding about a kilobyte of sealed codes. A code is in exactly one of the
chunk's `free` list and its `claimed` map, and moves between them in one atomic write. An exhausted
chunk is never refilled and a shut one never sells again; new codes, and codes that come back, come
in new chunks. That is all that safety rests on. `domain/directory.py` is only a hint where to look.

A lane is a row of chunks of one batch whose codes end on the same day: `<batch>` holds its codes
without an end, `<batch>.<n>` those of its n-th day, `<batch>.r` what came back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

CHUNK_BYTES = 1024
"""One write capacity unit. A chunk must not outgrow it, neither full nor fully claimed."""

CHUNK_OVERHEAD_BYTES = 115
"""The partition key (merchant 20, variant 32, lane 13, number 8), the attributes beside codes."""

CLAIM_OVERHEAD_BYTES = 27
"""A claim's map key (order 16, line and unit up to 6) and what the item format adds."""

ORDER_ID_LENGTH = 16
RETURNED = "r"
ROUND_MARKS = ".+"
SWAP_MARK = "!"
NEVER_MS = 0
"""As an end: none."""


class Shut(Enum):
    """Why a chunk with free codes does not sell."""

    EXPIRED = "expired"
    RECALLED = "recalled"


class ChunkRef(NamedTuple):
    """Where a chunk lives: its lane and number therein; `position` in the directory."""

    lane: str
    number: int
    position: int

    @property
    def batch_id(self) -> str:
        return batch_of_lane(self.lane)


class Pick(NamedTuple):
    """Units `first_unit .. first_unit + units - 1` of an order line were claimed in this chunk."""

    chunk: ChunkRef
    first_unit: int
    units: int


class Claim(NamedTuple):
    """What a claim found: units now ours in that chunk, and codes that it still has for others."""

    units: int
    left: int


class ClaimLetGo(Exception):
    """What this line had claimed here was let go: the order is no longer as the claimer saw it."""


@dataclass(frozen=True, slots=True)
class SealedCode:
    """A sealed code and its index in its batch, which names it for the seal."""

    index: int
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """One import. `fingerprint` recognises the same content again without telling what it is.

    `known` are the indexes of its codes that some import before it had taken: they are not on sale
    here, and not counted in `codes`. `recalled`: nothing of it is sold any more, ever.
    """

    merchant_id: str
    variant_id: str
    batch_id: str
    sealed_key: bytes
    fingerprint: bytes
    codes: int
    known: frozenset[int]
    published: bool
    created_at_ms: int
    recalled: bool = False


def lane_of(batch_id: str, day: int = 0) -> str:
    """The lane of a batch's n-th day; day 0: codes without an end."""
    return f"{batch_id}.{day}" if day else batch_id


def return_lane(batch_id: str) -> str:
    return f"{batch_id}.{RETURNED}"


def batch_of_lane(lane: str) -> str:
    return lane.partition(".")[0]


def came_back(lane: str) -> bool:
    return lane.endswith("." + RETURNED)


def chunk_capacity(longest_sealed_bytes: int) -> int:
    """Codes per chunk so that the item stays within one write unit, free or claimed."""
    room = CHUNK_BYTES - CHUNK_OVERHEAD_BYTES
    return max(1, room // (longest_sealed_bytes + CLAIM_OVERHEAD_BYTES))


def unit_key(order_id: str, line: int, unit: int, round_: int = 0) -> str:
    """The name under which one unit of an order line holds its code in a chunk.

    A line that let its units go claims anew under the names of the next round, which are no longer.
    """
    mark = ROUND_MARKS[round_]
    return f"{order_id}{mark}{line}{mark}{unit}"


def swap_key(order_id: str, line: int, unit: int) -> str:
    """The name under which a unit whose code was bad holds its new one."""
    return SWAP_MARK.join((order_id, str(line), str(unit)))


class UnitKey(NamedTuple):
    """Whose code it is: unit `unit` of a line of an order. `swapped`: it came in place of a bad
    one."""

    order_id: str
    line: int
    unit: int
    swapped: bool = False


def parse_unit_key(key: str) -> UnitKey:
    order_id, mark = key[:ORDER_ID_LENGTH], key[ORDER_ID_LENGTH]
    line, unit = key[ORDER_ID_LENGTH + 1 :].split(mark)
    return UnitKey(order_id, int(line), int(unit), mark == SWAP_MARK)


def units_picked(picks: Iterable[Pick]) -> int:
    return sum(pick.units for pick in picks)
