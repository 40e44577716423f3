"""Unwrapped secrets, kept for a while: bounded in age, in uses and in number.

Whoever reads this process's memory finds what is kept here, so nothing stays longer than its
limits: what is too old goes whenever the cache is touched, whichever entry was asked for, and what
was used up goes with its last use.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

AGE_SECONDS = 300
USES = 10_000
ENTRIES = 500


@dataclass(slots=True)
class _Kept:
    plain: bytes
    since: float
    uses: int = 0

    def __repr__(self) -> str:
        return "_Kept(...)"


class KeyCache:
    """Oldest first, so that what is too old is found without looking at the rest.

    The clock is the wall's: the monotonic one may stand still while an instance is frozen.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._kept: dict[Hashable, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, name: Hashable) -> bytes | None:
        """A use of what is kept under this name, None if it has to be asked for."""
        self._forget_old(self.clock())
        kept = self._kept.get(name)
        if kept is None:
            return None
        kept.uses += 1
        if kept.uses >= USES:
            self._kept.pop(name, None)
        return kept.plain

    def keep(self, name: Hashable, plain: bytes, *, uses: int) -> None:
        """`uses`: how often it was used already."""
        now = self.clock()
        self._forget_old(now)
        self._kept.pop(name, None)  # so that it goes to the end
        while len(self._kept) >= ENTRIES:
            self._kept.pop(next(iter(self._kept)))
        self._kept[name] = _Kept(plain, now, uses)

    def _forget_old(self, now: float) -> None:
        for oldest in self._kept.values():
            # A clock that was set back makes an entry young again: neither is believed.
            if 0 <= now - oldest.since < AGE_SECONDS:
                return
            break
        else:
            return
        del self._kept[next(iter(self._kept))]
        self._forget_old(now)
