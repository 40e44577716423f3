"""How fast a supplier is called, and whether at all, by all functions together.

Calls take turns: each reserves the next free moment, so that many who come at once leave at the
pace the supplier allows, each woken once. A supplier that answers nothing sensible so many times in
a row is left alone for a while; then one call tries it, and the others follow when it got through.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from scrip.domain.supplier_terms import MINUTE_MS

TROUBLES = 5
"""In a row. A call that times out takes eight seconds of a function: five are enough."""

FIRST_REST_MS = 15_000
LONGEST_REST_MS = MINUTE_MS
"""One call a minute finds out soon enough that it is back, and costs nothing."""

PROBE_MS = 20_000
"""So long the one call that tries may take. Longer than a call's timeout."""

LEASE_MS = 30_000
"""So long a call counts as on its way whose function died: as long as a function lives."""

FARTHEST_MS = 14 * MINUTE_MS
"""How far ahead a turn may be reserved: a message cannot be delayed for longer than 15 minutes."""


class Lane(Enum):
    """Orders and questions do not wait for each other: suppliers limit them apart."""

    SEND = "send"
    ASK = "ask"


class Turn(NamedTuple):
    """A moment at which to call. It counts while the gate has been closed as often as `closings`:
    a turn from before is void. `troubled`: when it was reserved, the last calls had come to
    nothing, which is to be forgotten if this one does not."""

    at_ms: int
    closings: int = 0
    troubled: bool = False


class Wait(NamedTuple):
    """No turn for now: come again then."""

    until_ms: int


@dataclass(frozen=True, slots=True)
class Gate:
    """`troubles`: in a row. `closings`: how often it was closed, ever; `rests`: since it was last
    open. `rests_until_ms`: until when nobody calls; 0 while it is open."""

    troubles: int = 0
    closings: int = 0
    rests: int = 0
    rests_until_ms: int = 0

    @property
    def closed(self) -> bool:
        return self.rests_until_ms > 0

    def rest_ms(self) -> int:
        """How long the next rest takes."""
        return min(FIRST_REST_MS << min(self.rests, 8), LONGEST_REST_MS)

    def wait(self, now_ms: int, luck: float) -> Wait:
        """For who comes while it is closed. Not all at one moment: `luck` in [0, 1)."""
        return Wait(max(self.rests_until_ms, now_ms) + 1_000 + int(luck * self.rest_ms()))


def interval_ms(per_second: float) -> int:
    """Between two turns."""
    return max(1, round(1000 / per_second))
