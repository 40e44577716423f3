"""News for a reseller: an order of its has ended, or more of it was given back. When it is told
again that did not take it, and when no more."""

from typing import NamedTuple

from scrip.domain.order import Order, OrderRecord
from scrip.domain.owed import refunded_minor
from scrip.domain.resale import ResaleState, is_resale, state_of

SECOND_MS, MINUTE_MS, HOUR_MS = 1_000, 60_000, 3_600_000

WAITS_MS = (
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    8 * HOUR_MS,
    8 * HOUR_MS,
)
"""Between one try and the next: 8 tries within a day. Source of the steps: Standard Webhooks."""


class Telling(NamedTuple):
    """Tell of an order at this time. `tried`: how often it was told in vain."""

    merchant_id: str
    order_id: str
    at_ms: int = 0
    tried: int = 0

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return {"merchant_id": self.merchant_id, "order_id": self.order_id}

    def again(self, now_ms: int) -> "Telling | None":
        """None: no more."""
        if self.tried >= len(WAITS_MS):
            return None
        return self._replace(at_ms=now_ms + WAITS_MS[self.tried], tried=self.tried + 1)


class Untold(NamedTuple):
    """What was given up. `reason`: of the last try."""

    merchant_id: str
    reseller_id: str
    order_id: str
    reference: str
    at_ms: int
    reason: str


def has_ended(order: Order) -> bool:
    return state_of(order) is not ResaleState.UNDERWAY


def news_id(record: OrderRecord) -> str:
    """The same for the same news, however often it is told, and another one for others."""
    order = record.order
    return f"{order.order_id}-{state_of(order).value}-{refunded_minor(record)}"


def is_news(old: OrderRecord | None, new: OrderRecord | None) -> bool:
    """Whether a move of an order is to be told to who placed it."""
    if new is None or not is_resale(new.order) or not has_ended(new.order):
        return False
    return old is None or news_id(old) != news_id(new)
