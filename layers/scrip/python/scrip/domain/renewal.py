"""What a payment provider changes by itself among a merchant's secrets: the certificates it signs
with, each for some years."""

from typing import NamedTuple

DAY_MS = 86_400_000

SOON_MS = 8 * DAY_MS
"""WeChat makes the next certificate ten days before one ends, and signs with it five days before.
Who has not fetched it by now has little time left."""


class Renewal(NamedTuple):
    """`changed`: new ones were set. `ends_at_ms`: after which nothing the provider signs can be
    verified; None: never. `failed`: why nothing could be fetched, empty if it could."""

    changed: bool = False
    ends_at_ms: int | None = None
    failed: str = ""

    def ends_soon(self, now_ms: int) -> bool:
        return self.ends_at_ms is not None and self.ends_at_ms < now_ms + SOON_MS
