"""Codes of an order in plain text: opened or made, by the kind of each line."""

from collections.abc import Sequence
from typing import Protocol

from scrip.adapters.stock import Stock
from scrip.adapters.vault import Vault
from scrip.domain.code import Code, DataKey
from scrip.domain.errors import CodesShredded, SealBroken
from scrip.domain.goods import Kind
from scrip.domain.line import Line
from scrip.domain.order import Order
from scrip.domain.stock import Batch, ChunkRef, SealedCode


class OfLines(Protocol):
    """The codes of a line, one for each of its `units_with_codes`; None for one that was shredded.
    Raises SealBroken."""

    def open_line(self, order: Order, line: Line) -> Sequence[Code | None]: ...


class OrderCodes:
    """Codes of an order's lines, of the kinds of goods that who asks can open: without `generated`
    nothing is shown of keys that are made."""

    def __init__(self, sealed: OfLines, bought: OfLines, generated: OfLines | None = None) -> None:
        self.by_kind = {
            Kind.CODE_POOL: sealed,
            Kind.BOUGHT_CODE: bought,
            Kind.GENERATED_KEY: generated,
        }

    def open_line(self, order: Order, line: Line) -> Sequence[Code | None]:
        """Raises SealBroken."""
        opens = self.by_kind.get(line.kind)
        return opens.open_line(order, line) if opens else ()


class SealedCodes:
    def __init__(self, stock: Stock, vault: Vault) -> None:
        self.stock = stock
        self.vault = vault

    def open_line(self, order: Order, line: Line) -> list[Code | None]:
        """The codes of a line, unit by unit; None for one that was shredded. Raises SealBroken."""
        return self.open_places(
            order.merchant_id, line.variant_id, line.claimed_units(order.order_id)
        )

    def open_places(
        self, merchant_id: str, variant_id: str, places: Sequence[tuple[ChunkRef, str]]
    ) -> list[Code | None]:
        """The codes at these places: chunk and unit key of each. Raises SealBroken."""
        found = self.stock.claimed_codes(merchant_id, variant_id, places)
        batches = {
            batch_id: self._batch(merchant_id, variant_id, batch_id)
            for batch_id in {chunk.batch_id for chunk, _ in found}
        }
        keys = {batch_id: self._key(batch) for batch_id, batch in batches.items()}
        return [
            self._open(keys[chunk.batch_id], batches[chunk.batch_id], sealed)
            for chunk, sealed in found
        ]

    def _key(self, batch: Batch) -> DataKey | None:
        try:
            return self.vault.key_of(batch)
        except CodesShredded:
            return None

    def _open(self, key: DataKey | None, batch: Batch, sealed: SealedCode) -> Code | None:
        try:
            return self.vault.open(key, batch, sealed) if key else None
        except CodesShredded:
            return None

    def _batch(self, merchant_id: str, variant_id: str, batch_id: str) -> Batch:
        batch = self.stock.find_batch(merchant_id, variant_id, batch_id)
        if batch is None:
            raise SealBroken(f"batch {batch_id} is gone")
        return batch
