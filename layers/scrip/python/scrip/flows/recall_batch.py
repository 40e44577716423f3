"""Recall a batch: nothing of it is sold from then on, and every unsold code of it is counted.

One write takes it off sale for whoever looks for stock. Orders that were pointed into it before are
turned away chunk by chunk: whoever claims of a shut chunk moves on to other stock by itself. Chunks
that nobody was ever pointed at need no write. Dying anywhere and asking again goes on from there.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.batch_record import BatchRecord, Recall
from scrip.domain.directory import Directory
from scrip.domain.errors import BatchUnknown, StoreUnavailable
from scrip.domain.stock import Batch, ChunkRef
from scrip.steps.write_down import Audit, write_down

TRIES = 8
"""Imports, returns and compactions of the same variant that may get ahead of this."""

CHUNKS_AT_ONCE = 256
MAX_CHUNKS = 4096
"""Shut by one request: some seconds. A batch of one day has a few hundred within reach."""


class Batches(Protocol):
    def find(self, merchant_id: str, variant_id: str, batch_id: str) -> BatchRecord | None: ...
    def recall(self, seen: BatchRecord, directory: Directory, recall: Recall) -> bool: ...
    def shut(self, batch: Batch, chunks: Sequence[ChunkRef]) -> int: ...
    def went_on(self, batch: Batch, seen: Recall, now: Recall) -> Recall: ...


class Stock(Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...


def recall_batch(
    merchant_id: str,
    variant_id: str,
    batch_id: str,
    asking: Asking,
    *,
    batches: Batches,
    stock: Stock,
    audit: Audit,
) -> Recall:
    """How far it went: ask again until it is complete.

    Raises BatchUnknown, StoreUnavailable.
    """
    record = _find(merchant_id, variant_id, batch_id, batches)
    if record.recall is None:
        write_down(audit, merchant_id, f"batch#{variant_id}#{batch_id}", "recalled", asking)
    batch, recall = record.batch, _off_sale(record, asking, batches, stock)
    for _ in range(MAX_CHUNKS // CHUNKS_AT_ONCE):
        chunks = list(islice(recall.left, CHUNKS_AT_ONCE))
        if not chunks:
            break
        unsold = batches.shut(batch, chunks)
        recall = batches.went_on(batch, recall, recall.went_on(len(chunks), unsold))
    return recall


def _off_sale(record: BatchRecord, asking: Asking, batches: Batches, stock: Stock) -> Recall:
    """The recall as recorded, now or before."""
    batch = record.batch
    names = batch.merchant_id, batch.variant_id, batch.batch_id
    for _ in range(TRIES):
        if record.recall is not None:
            return record.recall
        directory = stock.directory(*names[:2], consistent=True)
        recall = record.recalled(directory, asking.by, asking.reason, asking.at_ms)
        if batches.recall(record, directory, recall):
            return recall
        record = _find(*names, batches)
    raise StoreUnavailable("other changes to this variant's stock kept getting ahead")


def _find(merchant_id: str, variant_id: str, batch_id: str, batches: Batches) -> BatchRecord:
    record = batches.find(merchant_id, variant_id, batch_id)
    if record is None:
        raise BatchUnknown(batch_id)
    return record
