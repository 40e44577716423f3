"""Following up an order: something about it is to be done at its payment provider, and is tried
again, less and less often, until nothing is left or a person must look."""

from typing import NamedTuple

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

LEASE_MS = MINUTE_MS
"""How long an order is left to whoever took it: longer than a run lasts."""


SAFETY_NET_MS = 20 * MINUTE_MS
"""How long after it was settled an order is looked at whose top-ups somebody is at: they should
have ended, or be waited for."""


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
    them is tried every `then_ms`; None: no more, a person must look."""

    waits: tuple[tuple[int, int], ...]
    then_ms: int | None = None

    def wait_ms(self, age_ms: int) -> int | None:
        return next((wait for until, wait in self.waits if age_ms < until), self.then_ms)


UNHURRIED = Backoff(
    (
        (10 * MINUTE_MS, MINUTE_MS),
        (2 * HOUR_MS, 10 * MINUTE_MS),
        (DAY_MS, HOUR_MS),
        (7 * DAY_MS, 6 * HOUR_MS),
    ),
    then_ms=DAY_MS,
)
"""For what must come to an end, but may take a bank some days."""

DAILY = Backoff((), then_ms=DAY_MS)
"""For what waits for a person: the day's reminder, and a look whether it was mended."""
