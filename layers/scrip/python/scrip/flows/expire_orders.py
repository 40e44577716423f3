"""Expire orders that nobody paid in time, put back on sale what they held, and count who left it.

One index lists orders by the time they were placed, another those with holds by the time these end;
neither costs a payment anything. A mark of each merchant and sweep says up to where all is done, so
each order is looked at about once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import NamedTuple, Protocol

from scrip.domain.fairness import counts_for, unpaid_mark
from scrip.domain.order import ExpiredOrder, Order, OrderRecord, PendingOrder, listing_place
from scrip.steps.let_go import HoldStore, OrderEnder, expire_all

MINUTE_MS = 60_000
INDEX_LAG_MS = MINUTE_MS
"""The index follows the table within a moment; a minute behind it nothing new appears."""

HOLDS = "holds"
PAGE = 100
MAX_PAGES = 20
"""Orders of one merchant in one run. The next run goes on from the mark."""


class Merchants(Protocol):
    def ids(self) -> Iterable[str]: ...


class UnpaidHolds(Protocol):
    def add(self, merchant_id: str, tag: str, marks: Iterable[int], now_ms: int) -> None: ...


class OrderStore(OrderEnder, Protocol):
    def mark(self, merchant_id: str, sweep: str) -> str: ...
    def set_mark(self, merchant_id: str, sweep: str, old: str, new: str) -> None: ...
    def listed(
        self, merchant_id: str, since: str, until: str, limit: int, *, newest_first: bool
    ) -> Sequence[OrderRecord]: ...
    def due(
        self, merchant_id: str, since: str, until: str, limit: int
    ) -> Sequence[OrderRecord]: ...


@dataclass(frozen=True, slots=True)
class Swept:
    """`complete`: nothing that is due was left for the next run."""

    expired: int
    complete: bool


class _Sweep(NamedTuple):
    """`name` tells its mark; orders whose place lies before `until` may be due."""

    name: str
    until: str
    page: Callable[[str, str], Sequence[OrderRecord]]


def expire_orders(
    *,
    now_ms: int,
    window_minutes: int,
    merchants: Merchants,
    orders: OrderStore,
    holds: HoldStore,
    unpaid: UnpaidHolds,
) -> Swept:
    """Raises StoreUnavailable; running again goes on where it stopped."""
    placed_until = listing_place(now_ms - window_minutes * MINUTE_MS - INDEX_LAG_MS)
    expired, complete = 0, True
    for merchant_id in merchants.ids():
        for sweep in (
            _Sweep(HOLDS, listing_place(now_ms), partial(_due, orders, merchant_id)),
            _Sweep("expiry", placed_until, partial(_placed, orders, merchant_id)),
        ):
            swept = _sweep(merchant_id, sweep, now_ms, orders, holds, unpaid)
            expired += swept.expired
            complete = complete and swept.complete
    return Swept(expired, complete)


def _due(orders: OrderStore, merchant_id: str, since: str, until: str) -> Sequence[OrderRecord]:
    return orders.due(merchant_id, since, until, PAGE)


def _placed(orders: OrderStore, merchant_id: str, since: str, until: str) -> Sequence[OrderRecord]:
    return orders.listed(merchant_id, since, until, PAGE, newest_first=False)


def _sweep(
    merchant_id: str,
    sweep: _Sweep,
    now_ms: int,
    orders: OrderStore,
    holds: HoldStore,
    unpaid: UnpaidHolds,
) -> Swept:
    mark = orders.mark(merchant_id, sweep.name)
    if mark > sweep.until:
        return Swept(0, complete=True)  # the window was made longer: all before the mark is done
    since, expired, complete = mark, 0, False
    for _ in range(MAX_PAGES):
        page = sweep.page(since, sweep.until)
        # An order placed when the window was longer is not due yet: the mark must not pass it.
        past = list(takewhile(lambda record: not _waits(record.order, now_ms), page))
        due = [record.order for record in past if isinstance(record.order, PendingOrder)]
        gone: list[Order] = [*expire_all(due, now_ms=now_ms, orders=orders, holds=holds)]
        expired += len(gone)
        if sweep.name == HOLDS:
            # Also those that ended when somebody read them, or in a run that died here.
            gone += [each.order for each in past if each.place > mark and _unpaid(each.order)]
            _count_unpaid(merchant_id, gone, now_ms, unpaid)
        since = past[-1].place if past else since
        if len(past) < len(page):
            break
        if len(page) < PAGE:
            # Where nothing was found the mark stays, too: moving it would cost a write a minute.
            since, complete = max(since, sweep.until) if past else since, True
            break
    if since > mark:
        orders.set_mark(merchant_id, sweep.name, mark, since)
    return Swept(expired, complete)


def _unpaid(order: Order) -> bool:
    return isinstance(order, ExpiredOrder) and not order.turned_away


def _count_unpaid(
    merchant_id: str, orders: Sequence[Order], now_ms: int, unpaid: UnpaidHolds
) -> None:
    """Against whoever placed these, each once: one write for each of those."""
    marks: dict[str, set[int]] = defaultdict(set)
    for order in orders:
        for tag in order.tags:
            if counts_for(tag, order.order_id):
                marks[tag].add(unpaid_mark(order.order_id, order.expires_at_ms))
    for tag, found in marks.items():
        unpaid.add(merchant_id, tag, found, now_ms)


def _waits(order: Order, now_ms: int) -> bool:
    return isinstance(order, PendingOrder) and not order.due(now_ms)
