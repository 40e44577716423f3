"""Claim codes for an order's lines: pop from the chunk a line points to, point it on when that is
exhausted.

A claim finds itself again in its chunk, and a pointer moves only by compare-and-set away from a
chunk seen exhausted. So dying anywhere and running again ends the same, and two runs at once meet
in the same writes.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from scrip.domain.directory import Directory
from scrip.domain.errors import OrderUnknown, StoreUnavailable
from scrip.domain.line import MAX_SPREAD, Line
from scrip.domain.order import Order, OrderMoved, Payable
from scrip.domain.stock import ChunkRef, Claim, ClaimLetGo

_Payable = TypeVar("_Payable", bound=Payable)


class OrderPointers(Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...
    def point(self, order: Payable, moved: Line) -> None: ...


class Chunks(Protocol):
    def claim(
        self,
        merchant_id: str,
        variant_id: str,
        chunk: ChunkRef,
        units: Sequence[str],
        now_ms: int,
    ) -> Claim: ...
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...
    def close_chunk(self, merchant_id: str, variant_id: str, chunk: ChunkRef) -> Directory: ...


def claim_lines(
    order: _Payable,
    lines: Sequence[Line],
    *,
    now_ms: int,
    luck: float,
    orders: OrderPointers,
    stock: Chunks,
) -> _Payable:
    """The order with all that the stock could give to these lines. Raises OrderMoved."""
    try:
        for line in lines:
            order = _claim_line(order, line, now_ms, luck, orders, stock)
    except ClaimLetGo as error:
        now = orders.find(order.merchant_id, order.order_id, consistent=True)
        if now is None:
            raise OrderUnknown(order.order_id) from error
        raise OrderMoved(now) from error
    return order


def _claim_line(
    order: _Payable, line: Line, now_ms: int, luck: float, orders: OrderPointers, stock: Chunks
) -> _Payable:
    shop, variant, chunk = order.merchant_id, line.variant_id, line.chunk
    while chunk and line.units_missing:
        claim = stock.claim(shop, variant, chunk, line.missing_units(order.order_id), now_ms)
        if claim.units:
            line = line.picked(claim.units)
            if claim.left == 0:
                _close(shop, variant, chunk, stock)
        if line.units_missing:
            chunk = next_chunk(shop, variant, chunk, now_ms, luck, stock)
            if chunk is None or order.with_line(line).spread >= MAX_SPREAD:
                break
            line = line.pointed_at(chunk)
            orders.point(order, line)
            order = order.with_line(line)
    return order.with_line(line)


def _close(shop: str, variant: str, chunk: ChunkRef, stock: Chunks) -> None:
    try:
        stock.close_chunk(shop, variant, chunk)
    except StoreUnavailable:
        return  # the claim stands; who finds the chunk exhausted next closes it


def next_chunk(
    shop: str,
    variant: str,
    exhausted: ChunkRef,
    now_ms: int,
    luck: float,
    stock: Chunks,
    *,
    kept: bool = False,
) -> ChunkRef | None:
    """Where to claim next, None when sold out. A cheap look first; a sold-out answer is certain.
    `kept`: rather what is not on offer."""
    directory = stock.directory(shop, variant)
    if directory.lists(exhausted):
        directory = stock.close_chunk(shop, variant, exhausted)
    chunk = directory.choose(luck, now_ms, kept=kept)
    if chunk is None:
        directory = stock.directory(shop, variant, consistent=True)
        chunk = directory.choose(luck, now_ms, kept=kept)
    return chunk
