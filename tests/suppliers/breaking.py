"""Ways in which any call of ours breaks: before it, after it, or with its answer lost."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from scrip.domain.errors import StoreUnavailable

DEATHS = ("die before", "die after")

_T = TypeVar("_T")


class Killed(BaseException):
    """The function is gone, in the middle of whatever it did."""


@dataclass
class Breaking:
    """How often a call breaks, and how: `die` before or after it, `lose` its answer, `fail`.
    `deaths`: so far."""

    chance: Random
    rate: float = 0.0
    ways: tuple[str, ...] = ("die before", "die after", "lose", "fail")
    deaths: int = 0

    def call(self, name: str, do: Callable[[], _T]) -> _T:
        way = self.chance.choice(self.ways) if self.chance.random() < self.rate else None
        self.deaths += way in DEATHS
        if way == "die before":
            raise Killed(name)
        if way == "fail":
            raise StoreUnavailable(name)
        done = do()
        if way == "die after":
            raise Killed(name)
        if way == "lose" and not name.startswith("supplier"):
            raise StoreUnavailable(name)
        return done


class Unbroken(Breaking):
    def call(self, _name: str, do: Callable[[], _T]) -> _T:
        return do()
