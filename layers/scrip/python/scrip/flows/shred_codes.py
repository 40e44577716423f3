"""Destroy codes for good: a whole batch that sells no more, or one code that was sold.

The audit entry comes first: it says who asked. Dying anywhere and asking again ends the same, with
one more entry.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from scrip.domain.asking import Asking
from scrip.domain.batch_record import Recall
from scrip.domain.code import DataKey
from scrip.domain.directory import Directory
from scrip.domain.errors import (
    BatchOnSale,
    BatchUnknown,
    OrderNotReadable,
    OrderUnknown,
    SealBroken,
    UnitUnknown,
)
from scrip.domain.goods import Kind
from scrip.domain.line import Line
from scrip.domain.order import Order
from scrip.domain.shredding import MAX_LISTED, gone_for_good_at_ms, listed_chunks
from scrip.domain.stock import Batch, ChunkRef, SealedCode
from scrip.domain.top_up import Unit
from scrip.steps.first_look import Looks, first_look
from scrip.steps.write_down import Audit, write_down


class KeptBatch(Protocol):
    @property
    def batch(self) -> Batch: ...
    @property
    def shredded_at_ms(self) -> int: ...
    @property
    def recall(self) -> Recall | None: ...


class Shredder(Protocol):
    def find_batch(self, merchant_id: str, variant_id: str, batch_id: str) -> KeptBatch | None: ...
    def shred_batch(self, batch: Batch, mark: bytes, at_ms: int, directory: Directory) -> int: ...
    def shred_code(
        self,
        batch: Batch,
        chunk: ChunkRef,
        unit: str,
        seen: SealedCode,
        mark: SealedCode,
    ) -> None: ...


class Stock(Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...
    def free_codes(self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]) -> int: ...
    def claimed_codes(
        self, merchant_id: str, variant_id: str, places: Sequence[tuple[ChunkRef, str]]
    ) -> Sequence[tuple[ChunkRef, SealedCode]]: ...


class Vault(Protocol):
    def key_of(self, batch: Batch) -> DataKey: ...
    def batch_mark(self, batch: Batch) -> bytes: ...
    def code_mark(self, key: DataKey, batch: Batch, index: int) -> SealedCode: ...


class BoughtCodes(Protocol):
    def shred(self, unit: Unit) -> None: ...


class Orders(Looks, Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...


class Shredded(NamedTuple):
    """From `gone_at_ms` on not even a backup holds it."""

    shredded_at_ms: int
    gone_at_ms: int


def shred_batch(
    merchant_id: str,
    variant_id: str,
    batch_id: str,
    asking: Asking,
    *,
    shredder: Shredder,
    stock: Stock,
    vault: Vault,
    audit: Audit,
) -> Shredded:
    """Raises BatchUnknown, BatchOnSale, StoreUnavailable.

    Sold codes of the batch can be shown to nobody from then on.
    """
    kept = shredder.find_batch(merchant_id, variant_id, batch_id)
    if kept is None or not kept.batch.sealed_key:
        raise BatchUnknown(batch_id)  # or there are no codes in it
    at_ms = kept.shredded_at_ms
    if not at_ms:
        directory = _off_sale(kept, stock)
        write_down(audit, merchant_id, f"batch#{variant_id}#{batch_id}", "shredded", asking)
        at_ms = shredder.shred_batch(
            kept.batch, vault.batch_mark(kept.batch), asking.at_ms, directory
        )
    return Shredded(at_ms, gone_for_good_at_ms(at_ms))


def _off_sale(kept: KeptBatch, stock: Stock) -> Directory:
    """The directory, in which nothing of the batch is on sale. Raises BatchOnSale."""
    batch, recall = kept.batch, kept.recall
    directory = stock.directory(batch.merchant_id, batch.variant_id, consistent=True)
    if recall is not None:
        if not recall.complete:
            raise BatchOnSale("its recall is not finished: send it again")
        return directory
    if not batch.published:
        raise BatchOnSale("its import is not finished")
    listed = listed_chunks(directory, batch.batch_id)
    # The directory may list chunks that have sold out since: those are looked into.
    if len(listed) > MAX_LISTED or stock.free_codes(batch.merchant_id, batch.variant_id, listed):
        raise BatchOnSale("codes of it are on sale")
    return directory


def shred_unit(
    merchant_id: str,
    order_id: str,
    line_number: int,
    unit: int,
    asking: Asking,
    *,
    orders: Orders,
    shredder: Shredder,
    stock: Stock,
    vault: Vault,
    bought: BoughtCodes,
    audit: Audit,
) -> Shredded:
    """One sold code: unit `unit`, counted from 0, of a line of an order.

    Raises OrderUnknown, OrderNotReadable, UnitUnknown, CodesShredded (its whole batch is gone),
    SealBroken, StoreUnavailable.
    """
    order = orders.find(merchant_id, order_id, consistent=True)
    if order is None:
        raise OrderUnknown(order_id)
    if not order.readable:
        raise OrderNotReadable(f"the order is {order.state}")
    line = next((each for each in order.lines if each.number == line_number), None)
    if line is not None and line.kind is Kind.BOUGHT_CODE:
        return _shred_bought(order, line, unit, asking, bought, audit)
    places = line.claimed_units(order_id) if line else []
    if line is None or line.kind is not Kind.CODE_POOL or unit >= len(places):
        raise UnitUnknown(f"line {line_number} has no code {unit} taken from stock")
    [(chunk, sealed)] = stock.claimed_codes(merchant_id, line.variant_id, [places[unit]])
    kept = shredder.find_batch(merchant_id, line.variant_id, chunk.batch_id)
    if kept is None:
        raise SealBroken(f"batch {chunk.batch_id} is gone")
    mark = vault.code_mark(vault.key_of(kept.batch), kept.batch, sealed.index)
    if sealed != mark:
        write_down(audit, merchant_id, order_id, "shredded", asking, line=line_number, unit=unit)
        # Nobody else may get what is destroyed: from here on it cannot go back on sale.
        order = first_look(order, at_ms=asking.at_ms, orders=orders)
        if places[unit] not in order.line(line_number).claimed_units(order_id):
            raise UnitUnknown(f"line {line_number} has no code {unit}")
        shredder.shred_code(kept.batch, chunk, places[unit][1], sealed, mark)
    return Shredded(asking.at_ms, gone_for_good_at_ms(asking.at_ms))


def _shred_bought(
    order: Order,
    line: Line,
    unit: int,
    asking: Asking,
    bought: BoughtCodes,
    audit: Audit,
) -> Shredded:
    """Nothing of it ever goes back on sale."""
    if unit not in line.units_with_codes:
        raise UnitUnknown(f"line {line.number} has no code {unit}")
    shop, order_id = order.merchant_id, order.order_id
    write_down(audit, shop, order_id, "shredded", asking, line=line.number, unit=unit)
    bought.shred(Unit(shop, order_id, line.number, unit))
    return Shredded(asking.at_ms, gone_for_good_at_ms(asking.at_ms))
