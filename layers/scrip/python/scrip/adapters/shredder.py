"""Destroys what opens codes: a batch's sealed data key, one sold code's ciphertext.

A batch's item keeps `shredded_at_ms` and, in place of its key, a mark that KMS sealed. A code's
place in its chunk keeps its index, so that the index is never used again, and a mark made with the
batch's key. Whoever can write the table but not use the keys can make no such mark: what they blank
out is a broken seal.
"""

from typing import NamedTuple

from scrip.adapters.batches import recall_of
from scrip.adapters.stock import batch_key, batch_of, chunk_key, pack
from scrip.adapters.tables import ConditionFailed, Table
from scrip.domain.batch_record import Recall
from scrip.domain.errors import StoreUnavailable
from scrip.domain.stock import Batch, ChunkRef, SealedCode


class KeptBatch(NamedTuple):
    """`shredded_at_ms` is 0 while the batch can be opened."""

    batch: Batch
    shredded_at_ms: int
    recall: Recall | None


class Shredder:
    def __init__(self, stock_table: Table) -> None:
        self.table = stock_table

    def find_batch(self, merchant_id: str, variant_id: str, batch_id: str) -> KeptBatch | None:
        key = batch_key(merchant_id, variant_id, batch_id)
        item = self.table.get(key, consistent=True)
        if item is None:
            return None
        batch = batch_of(merchant_id, variant_id, batch_id, item)
        return KeptBatch(batch, item.get("shredded_at_ms", 0), recall_of(item))

    def shred_batch(self, batch: Batch, mark: bytes, at_ms: int) -> int:
        """When it was shredded: by this call, or by one before it."""
        try:
            self.table.update(
                batch_key(batch.merchant_id, batch.variant_id, batch.batch_id),
                "SET sealed_key = :mark, shredded_at_ms = :at",
                condition="sealed_key = :seen AND attribute_not_exists(shredded_at_ms)",
                values={":mark": mark, ":at": at_ms, ":seen": batch.sealed_key},
            )
        except ConditionFailed as error:
            if error.item and "shredded_at_ms" in error.item:
                shredded_at_ms: int = error.item["shredded_at_ms"]
                return shredded_at_ms
            raise StoreUnavailable("the batch's key was renewed meanwhile") from error
        return at_ms

    def shred_code(
        self,
        batch: Batch,
        chunk: ChunkRef,
        unit: str,
        seen: SealedCode,
        mark: SealedCode,
    ) -> None:
        """Put the mark in place of the code that was seen at this unit key. Safe to repeat."""
        try:
            self.table.update(
                chunk_key(batch.merchant_id, batch.variant_id, chunk),
                "SET claimed.#unit = :mark",
                condition="claimed.#unit = :seen OR claimed.#unit = :mark",
                names={"#unit": unit},
                values={":mark": pack(mark), ":seen": pack(seen)},
            )
        except ConditionFailed as error:
            raise StoreUnavailable("the code moved meanwhile") from error
