"""Destroys what opens codes: a batch's sealed data key, one sold code's ciphertext.

A batch's item keeps `shredded_at_ms` and, in place of its key, a mark that KMS sealed. A code's
place in its chunk keeps its index, so that the index is never used again, and a mark made with the
batch's key. Whoever can write the table but not use the keys can make no such mark: what they blank
out is a broken seal.
"""

from typing import NamedTuple

from botocore.exceptions import ClientError

from scrip.adapters.aws import ask, code_of
from scrip.adapters.batches import recall_of, update_part
from scrip.adapters.holds import lane_key
from scrip.adapters.stock_items import batch_key, batch_of, chunk_key, pack, unchanged
from scrip.adapters.tables import ConditionFailed, Table
from scrip.domain.batch_record import Recall
from scrip.domain.directory import Directory
from scrip.domain.errors import StoreUnavailable
from scrip.domain.stock import Batch, ChunkRef, SealedCode, Shut


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

    def shred_batch(self, batch: Batch, mark: bytes, at_ms: int, directory: Directory) -> int:
        """When it was shredded: by this call, or by one before it.

        In the same transaction its lane is shut, so that no hold puts a code of it back on sale,
        and `directory` must still list what it did: whatever comes back is listed anew.
        """
        shop, variant, table = batch.merchant_id, batch.variant_id, self.table.name
        actions = [
            update_part(
                table,
                batch_key(shop, variant, batch.batch_id),
                "SET sealed_key = :mark, shredded_at_ms = :at",
                "sealed_key = :seen AND attribute_not_exists(shredded_at_ms)",
                {":mark": mark, ":at": at_ms, ":seen": batch.sealed_key},
            ),
            update_part(
                table,
                lane_key(shop, variant, batch.batch_id),
                "SET shut = if_not_exists(shut, :why)",
                "",
                {":why": Shut.RECALLED.value},
            ),
        ]
        if directory.version:
            actions.append(unchanged(table, shop, variant, directory))
        try:
            ask(self.table.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            kept = self.find_batch(shop, variant, batch.batch_id)
            if kept and kept.shredded_at_ms:
                return kept.shredded_at_ms
            raise StoreUnavailable("the batch or its stock changed meanwhile") from error
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
