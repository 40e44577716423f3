"""Who asks for something that is written down."""

from typing import NamedTuple


class Asking(NamedTuple):
    """Who asks, from where, when and why. `event_id` is random."""

    by: str
    source: str
    at_ms: int
    event_id: str
    reason: str
