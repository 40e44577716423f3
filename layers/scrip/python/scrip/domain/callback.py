"""A provider's callback as it came, and the place where it is kept."""

import hashlib
from dataclasses import dataclass, field

from scrip.domain.notice import IgnoredNotice, Notice
from scrip.domain.order_access import is_order_id

UNMATCHED = "unmatched"
"""Where callbacks lie that are about no order of the shop, or cannot be read."""

IGNORED = "ignored"
"""Where those lie that move nothing here."""


@dataclass(frozen=True, slots=True)
class Callback:
    """`headers`: those that its signature needs, names in lower case. `kept_as`: the key under
    which it is kept already, empty for one that has just come."""

    merchant_id: str
    provider: str
    raw: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    received_at_ms: int
    kept_as: str = ""

    @property
    def digest(self) -> str:
        """128 bits of its SHA-256, in hexadecimal: who sends the same again is the same."""
        return hashlib.sha256(self.raw).hexdigest()[:32]


def place_of(notice: Notice) -> str:
    """The order that it names, or one of the places beside orders."""
    if isinstance(notice, IgnoredNotice):
        return IGNORED
    return notice.order_id if is_order_id(notice.order_id) else UNMATCHED
