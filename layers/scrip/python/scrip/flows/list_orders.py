"""A merchant's orders, newest first, page by page."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from scrip.domain.errors import OrderUnknown, RequestInvalid
from scrip.domain.order import FAR_FUTURE_MS, OrderRecord, listing_place

MAX_LOOKED_AT = 500
"""Orders that one filtered page looks at. It may hold few, or none, and still go on."""


class Orders(Protocol):
    def listed(
        self, merchant_id: str, since: str, until: str, limit: int, *, newest_first: bool
    ) -> Sequence[OrderRecord]: ...
    def find_record(self, merchant_id: str, order_id: str) -> OrderRecord | None: ...


class Filters(Protocol):
    """`state` None means any; times in milliseconds, from included, to excluded."""

    @property
    def state(self) -> str | None: ...
    @property
    def from_ms(self) -> int | None: ...
    @property
    def to_ms(self) -> int | None: ...
    @property
    def limit(self) -> int: ...
    @property
    def cursor(self) -> str | None: ...


class Page(NamedTuple):
    records: list[OrderRecord]
    next_cursor: str | None


def list_orders(merchant_id: str, filters: Filters, *, orders: Orders) -> Page:
    """Raises RequestInvalid for a cursor that is not ours."""
    since, limit, state = listing_place(filters.from_ms or 0), filters.limit, filters.state
    until = listing_place(FAR_FUTURE_MS if filters.to_ms is None else filters.to_ms)
    if filters.cursor:
        until = min(until, _below(_checked(filters.cursor)))
    found: list[OrderRecord] = []
    looked_at, place = 0, None
    while looked_at < MAX_LOOKED_AT and since <= until:
        page = orders.listed(merchant_id, since, until, limit, newest_first=True)
        looked_at += len(page)
        for record in page:
            place = record.place
            if state is None or record.order.state == state:
                found.append(record)
            if len(found) == limit:
                return Page(found, place)
        if len(page) < limit or place is None:
            return Page(found, None)
        until = _below(place)
    return Page(found, place)


def read_merchant_order(merchant_id: str, order_id: str, *, orders: Orders) -> OrderRecord:
    """Raises OrderUnknown."""
    record = orders.find_record(merchant_id, order_id)
    if record is None:
        raise OrderUnknown(order_id)
    return record


def _below(place: str) -> str:
    """The last text that sorts before a place: index ranges include both of their ends."""
    return place[:-1] + chr(ord(place[-1]) - 1) + "~"


def _checked(cursor: str) -> str:
    stamp, hash_sign, order_id = cursor.partition("#")
    if not (len(stamp) == 13 and stamp.isascii() and stamp.isdigit() and hash_sign and order_id):
        raise RequestInvalid("the cursor is not one of ours")
    if not (order_id.isascii() and order_id.isalnum()):
        raise RequestInvalid("the cursor is not one of ours")
    return cursor
