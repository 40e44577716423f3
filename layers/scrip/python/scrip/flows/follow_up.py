"""Follow up one order: take it, run every errand, and say when it is tried again.

It is taken by moving it on, for longer than a run lasts. So two runs never do the same at once, who
dies leaves it to be tried again, and what is put on the worklist meanwhile is seen: then it is no
longer where it was moved to, and is neither moved on nor dropped.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from scrip.domain.errors import Retryable
from scrip.domain.follow_up import LEASE_MS, Backoff, FollowUp


class FollowUps(Protocol):
    def move(self, seen: FollowUp, at_ms: int) -> FollowUp | None: ...
    def drop(self, seen: FollowUp) -> bool: ...


class Errand(NamedTuple):
    """One thing to do for orders of the worklist; an order that does not need it is left alone.

    `run` (merchant id, order id, now) answers by what to try again; None: nothing is left. It may
    raise Retryable: then by `unanswered`. It is safe to repeat, also after dying anywhere.
    """

    name: str
    run: Callable[[str, str, int], Backoff | None]
    unanswered: Backoff


class Followed(NamedTuple):
    """Errands by name. `left`: to be tried again; `given_up`: tried for so long that a person must
    look; `failed`: why some could do nothing this time."""

    left: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def follow_up(
    place: FollowUp, errands: Sequence[Errand], *, now_ms: int, follow_ups: FollowUps
) -> Followed:
    """Raises StoreUnavailable."""
    taken = follow_ups.move(place, now_ms + LEASE_MS)
    if taken is None:
        return Followed()
    waits: dict[str, int | None] = {}
    failed: list[str] = []
    age_ms = now_ms - taken.since_ms
    for errand in errands:
        try:
            backoff = errand.run(taken.merchant_id, taken.order_id, now_ms)
        except Retryable as error:
            backoff = errand.unanswered
            failed.append(error.slug)
        if backoff is not None:
            waits[errand.name] = backoff.wait_ms(age_ms)
    again = [wait for wait in waits.values() if wait is not None]
    if again:
        follow_ups.move(taken, now_ms + min(again))
    else:
        follow_ups.drop(taken)
    return Followed(
        left=tuple(name for name, wait in waits.items() if wait is not None),
        given_up=tuple(name for name, wait in waits.items() if wait is None),
        failed=tuple(failed),
    )
