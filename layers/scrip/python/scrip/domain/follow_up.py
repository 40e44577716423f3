"""Following up an order: something about it is to be done at its payment provider, and is tried
again, less and less often, until nothing is left or a person must look."""

from typing import NamedTuple

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

LEASE_MS = MINUTE_MS
"""How long an order is left to whoever took it: longer than a run lasts."""


class FollowUp(NamedTuple):
    """An order's place in the worklist. `at_ms`: the next try; `since_ms`: when it was put there, 0
    if the worklist alone was read."""

    merchant_id: str
    order_id: str
    at_ms: int
    since_ms: int = 0

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return {"merchant_id": self.merchant_id, "order_id": self.order_id}


class Backoff(NamedTuple):
    """`waits`: (age, wait): younger than this, so long until the next try. Who is older than all of
    them is tried no more."""

    waits: tuple[tuple[int, int], ...]

    def wait_ms(self, age_ms: int) -> int | None:
        """None: a person must look."""
        return next((wait for until, wait in self.waits if age_ms < until), None)
