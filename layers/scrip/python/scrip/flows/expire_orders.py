"""Expire orders that nobody paid in time.

The index lists orders by the time they were placed and costs a payment nothing. A mark per merchant
says up to where all is done, so each order is looked at about once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from scrip.domain.order import (
    ExpiredOrder,
    OrderMoved,
    OrderRecord,
    PendingOrder,
    listing_place,
)

MINUTE_MS = 60_000
INDEX_LAG_MS = MINUTE_MS
"""The index follows the table within a moment; a minute behind it nothing new appears."""

PAGE = 100
MAX_PAGES = 20
"""Orders of one merchant in one run. The next run goes on from the mark."""


class Merchants(Protocol):
    def ids(self) -> Iterable[str]: ...


class OrderStore(Protocol):
    def mark(self, merchant_id: str) -> str: ...
    def set_mark(self, merchant_id: str, old: str, new: str) -> None: ...
    def listed(
        self, merchant_id: str, since: str, until: str, limit: int, *, newest_first: bool
    ) -> Sequence[OrderRecord]: ...
    def expire(self, seen: PendingOrder, expired: ExpiredOrder) -> None: ...


@dataclass(frozen=True, slots=True)
class Swept:
    """`complete`: nothing that is due was left for the next run."""

    expired: int
    complete: bool


def expire_orders(
    *, now_ms: int, window_minutes: int, merchants: Merchants, orders: OrderStore
) -> Swept:
    """Raises StoreUnavailable; running again goes on where it stopped."""
    until = listing_place(now_ms - window_minutes * MINUTE_MS - INDEX_LAG_MS)
    expired, complete = 0, True
    for merchant_id in merchants.ids():
        swept = _sweep(merchant_id, until, now_ms, orders)
        expired += swept.expired
        complete = complete and swept.complete
    return Swept(expired, complete)


def _sweep(merchant_id: str, until: str, now_ms: int, orders: OrderStore) -> Swept:
    mark = orders.mark(merchant_id)
    if mark > until:
        return Swept(0, complete=True)  # the window was made longer: all before the mark is done
    since, expired, complete = mark, 0, False
    for _ in range(MAX_PAGES):
        page = orders.listed(merchant_id, since, until, PAGE, newest_first=False)
        for record in page:
            since = record.place
            match record.order:
                case PendingOrder(expires_at_ms=due_ms) if due_ms > now_ms:
                    break  # placed when the window was longer: the mark must not pass it yet
                case PendingOrder() as order:
                    expired += _expire(order, now_ms, orders)
        else:
            complete = len(page) < PAGE
            if not complete:
                continue
            since = max(since, until)
        break
    if since > mark:
        orders.set_mark(merchant_id, mark, since)
    return Swept(expired, complete)


def _expire(order: PendingOrder, now_ms: int, orders: OrderStore) -> bool:
    try:
        orders.expire(order, order.expire(now_ms))
    except OrderMoved:
        return False  # paid at the last moment
    return True
