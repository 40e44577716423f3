"""Write down what became of a unit that a supplier delivers, whatever others wrote meanwhile."""

from collections.abc import Callable
from typing import Protocol

from scrip.domain.errors import MoveContended
from scrip.domain.top_up import TopUp, TopUpMoved

TRIES = 8


class TopUpKeeper(Protocol):
    def save(self, top_up: TopUp) -> TopUp: ...


def keep_top_up(top_up: TopUp, change: Callable[[TopUp], TopUp], *, top_ups: TopUpKeeper) -> TopUp:
    """As it is kept then; `change` may leave it alone. Raises MoveContended, StoreUnavailable."""
    for _ in range(TRIES):
        changed = change(top_up)
        if changed == top_up:
            return top_up
        try:
            return top_ups.save(changed)
        except TopUpMoved as moved:
            top_up = moved.top_up
    raise MoveContended(top_up.attempt.reference)
