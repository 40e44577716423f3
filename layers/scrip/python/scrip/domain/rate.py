"""How often somebody may ask: so many times in each window of the clock.

A fixed window is one number to count, so one conditional write. Around the turn of a window twice
as many may pass within a moment; the limits are set with that in mind.
"""

from typing import NamedTuple


class Limit(NamedTuple):
    hits: int
    seconds: int

    def window(self, now_ms: int) -> int:
        """The number of the window that this moment is in."""
        return now_ms // (self.seconds * 1000)

    def seconds_left(self, now_ms: int) -> int:
        """Until the next window begins, rounded up."""
        size = self.seconds * 1000
        return -(-(size - now_ms % size) // 1000)

    @property
    def per_second(self) -> int:
        return self.hits // self.seconds


PER_SOURCE = Limit(60, 60)
"""One address: an office behind one, and yet a guesser's first obstacle."""

PER_KEY = Limit(20, 60)
"""One key: an application asks when it starts."""

PER_API_KEY = Limit(300, 60)
"""One API key's questions about what nobody ordered yet."""

PER_MERCHANT = Limit(6_000, 60)
"""All keys of a merchant: what a guesser with many addresses can try. It bounds the guessing odds
of every pattern, and stays far under the 1000 writes a second that one item takes."""
