"""A variant's batches: what is left of each, and to whom its codes went."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from scrip.domain.batch_record import BatchRecord
from scrip.domain.catalogue import Variant
from scrip.domain.chunk_range import Reach
from scrip.domain.directory import Directory
from scrip.domain.errors import BatchUnknown, RequestInvalid, VariantUnknown
from scrip.domain.order import FAR_FUTURE_MS, Order, SettledOrder
from scrip.domain.stock import Batch, ChunkRef, UnitKey

CHUNKS_AT_ONCE = 50
MAX_LOOKED_AT = 500
"""Chunks that one page of sold codes looks at. It may hold few, or none, and still go on."""

SOLD_A_PAGE = 100
"""A page ends with the chunks that fill it."""


class Catalogue(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


class Looked(Protocol):
    @property
    def claimed(self) -> Sequence[UnitKey]: ...
    @property
    def free(self) -> int: ...


class Batches(Protocol):
    def find(self, merchant_id: str, variant_id: str, batch_id: str) -> BatchRecord | None: ...
    def listed(
        self, merchant_id: str, variant_id: str, until_ms: int, limit: int
    ) -> Sequence[BatchRecord]: ...
    def returned(self, batch: Batch) -> int: ...
    def left_over(self, batch: Batch, chunks: Sequence[ChunkRef], now_ms: int) -> int: ...
    def look(self, batch: Batch, chunks: Sequence[ChunkRef]) -> Mapping[ChunkRef, Looked]: ...


class Stock(Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...
    def free_codes(self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]) -> int: ...


class Orders(Protocol):
    def several(self, merchant_id: str, order_ids: Sequence[str]) -> Mapping[str, Order]: ...


class BatchFigures(NamedTuple):
    """`sold` is what is left: neither on sale nor past its end nor recalled. Held codes are in
    it."""

    record: BatchRecord
    sold: int = 0
    on_sale: int = 0
    ended: int = 0
    recalled: int = 0


class SoldCode(NamedTuple):
    """A code of the batch and whose it is. `order` is None when that is gone."""

    unit: UnitKey
    order: Order | None

    @property
    def revealed(self) -> bool:
        """What was exported counts as seen, and so does an order of an earlier time, which does
        not say."""
        if self.order is None:
            return True
        return isinstance(self.order, SettledOrder) and self.order.revealed_at_ms != 0

    @property
    def replaced(self) -> bool:
        """Whether it was bad, and its buyer has another one."""
        if self.order is None or self.unit.swapped:
            return False
        return self.order.line(self.unit.line).swapped(self.unit.unit)


class SoldPage(NamedTuple):
    sold: list[SoldCode]
    next_cursor: str | None


class _Place(NamedTuple):
    """A chunk among those of a batch: the number of its lane and its own."""

    lane: int
    chunk: int


def list_batches(
    merchant_id: str,
    variant_id: str,
    until_ms: int | None,
    limit: int,
    *,
    catalogue: Catalogue,
    batches: Batches,
) -> Sequence[BatchRecord]:
    """Newest first. Raises VariantUnknown."""
    if catalogue.find_variant(merchant_id, variant_id) is None:
        raise VariantUnknown(variant_id)
    until = FAR_FUTURE_MS if until_ms is None else until_ms
    return batches.listed(merchant_id, variant_id, until, limit)


def read_batch(
    merchant_id: str,
    variant_id: str,
    batch_id: str,
    *,
    now_ms: int,
    batches: Batches,
    stock: Stock,
) -> BatchFigures:
    """Counted, not estimated: chunks that orders may point to are read, those behind are full; and
    those that have ended, which the directory need not list any more.

    Raises BatchUnknown.
    """
    record = _find(merchant_id, variant_id, batch_id, batches)
    codes = record.batch.codes
    if not record.batch.published and not record.recall:
        return BatchFigures(record)
    returned = batches.returned(record.batch)
    if record.recall:
        unsold, gone = record.recall.unsold, record.ended_before_recall(returned)
        ended = batches.left_over(record.batch, gone, record.recall.at_ms)
        return BatchFigures(record, codes - unsold - ended, ended=ended, recalled=unsold)
    directory = stock.directory(merchant_id, variant_id, consistent=True)
    on_sale = sum(
        stock.free_codes(merchant_id, variant_id, each.refs) + each.behind
        for each in directory.reach(batch_id, 0)
        if not 0 < each.until_ms <= now_ms
    )
    may_have_ended = record.ended(now_ms, returned)
    ended = batches.left_over(record.batch, may_have_ended, now_ms)
    return BatchFigures(record, codes - on_sale - ended, on_sale, ended)


def list_sold_codes(
    merchant_id: str,
    variant_id: str,
    batch_id: str,
    cursor: str | None,
    *,
    batches: Batches,
    stock: Stock,
    orders: Orders,
) -> SoldPage:
    """Codes of a batch that were sold or are held, in the order of their chunks.

    Raises BatchUnknown, RequestInvalid for a cursor that is not ours.
    """
    record = _find(merchant_id, variant_id, batch_id, batches)
    place = _place(cursor)
    directory = stock.directory(merchant_id, variant_id, consistent=True)
    lanes = record.sold_in(directory, batches.returned(record.batch))
    units: list[UnitKey] = []
    looked_at = 0
    following: _Place | None = place
    while following and looked_at < MAX_LOOKED_AT and len(units) < SOLD_A_PAGE:
        chunks, following = _next_chunks(lanes, following)
        found = batches.look(record.batch, chunks)
        units += [unit for ref in chunks if ref in found for unit in found[ref].claimed]
        looked_at += len(chunks)
    known = orders.several(merchant_id, [*{unit.order_id: None for unit in units}])
    sold = [SoldCode(unit, known.get(unit.order_id)) for unit in units]
    return SoldPage(sold, f"{following.lane}-{following.chunk}" if following else None)


def _next_chunks(lanes: Sequence[Reach], place: _Place) -> tuple[list[ChunkRef], _Place | None]:
    """Some chunks from a place on, and the place behind them."""
    lane, chunk = place
    chunks: list[ChunkRef] = []
    while lane < len(lanes) and len(chunks) < CHUNKS_AT_ONCE:
        end = min(lanes[lane].chunks, chunk + CHUNKS_AT_ONCE - len(chunks))
        chunks += [ChunkRef(lanes[lane].lane, number, 0) for number in range(chunk, end)]
        lane, chunk = (lane + 1, 0) if end >= lanes[lane].chunks else (lane, end)
    return chunks, _Place(lane, chunk) if lane < len(lanes) else None


def _place(cursor: str | None) -> _Place:
    if cursor is None:
        return _Place(0, 0)
    lane, _, chunk = cursor.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (lane, chunk)):
        raise RequestInvalid("the cursor is not one of ours")
    return _Place(int(lane), int(chunk))


def _find(merchant_id: str, variant_id: str, batch_id: str, batches: Batches) -> BatchRecord:
    record = batches.find(merchant_id, variant_id, batch_id)
    if record is None:
        raise BatchUnknown(batch_id)
    return record
