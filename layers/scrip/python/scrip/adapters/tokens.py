"""Access tokens that credentials are exchanged for, kept until shortly before they end."""

import time
from collections.abc import Callable, Hashable

EARLY_SECONDS = 300
"""A token is not used in its last minutes."""

TOKENS_KEPT = 500


class Tokens:
    """By account. Who hands them out does so for hours, and limits how often."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._kept: dict[Hashable, tuple[str, float]] = {}

    def get(self, account: Hashable) -> str | None:
        token, until = self._kept.get(account, ("", 0.0))
        return token if until > self.clock() else None

    def keep(self, account: Hashable, token: str, seconds: int) -> None:
        if len(self._kept) >= TOKENS_KEPT:
            self._kept.clear()
        self._kept[account] = (token, self.clock() + seconds - EARLY_SECONDS)

    def forget(self, account: Hashable) -> None:
        self._kept.pop(account, None)
