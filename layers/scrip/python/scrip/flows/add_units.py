"""Add units to a counted variant: a number the merchant may sell, without codes.

Units lie in chunks like codes do, as blanks: they are claimed, held and let go by the same writes.
The batch id derives from the Idempotency-Key; dying anywhere and running again goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scrip.domain.blind_index import batch_id_for
from scrip.domain.catalogue import Variant
from scrip.domain.chunk_range import Lane
from scrip.domain.errors import BatchRecalled, IdempotencyKeyReused, SupplyMismatch, VariantUnknown
from scrip.domain.goods import Supply
from scrip.domain.stock import Batch, SealedCode, chunk_capacity, lane_of

PER_CHUNK = chunk_capacity(0)
BLANK = b""


class VariantReader(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


class IndexKeys(Protocol):
    def of(self, merchant_id: str) -> bytes: ...


class BatchStore(Protocol):
    def begin_batch(self, batch: Batch) -> Batch: ...
    def add_chunks(
        self, batch: Batch, lane: str, chunks: Mapping[int, Sequence[SealedCode]]
    ) -> None: ...
    def publish(self, batch: Batch, lanes: Sequence[Lane]) -> None: ...


@dataclass(frozen=True, slots=True)
class Added:
    """`new`: put on sale by this very call."""

    batch: Batch
    new: bool


def add_units(
    merchant_id: str,
    variant_id: str,
    idempotency_key: str,
    units: int,
    *,
    now_ms: int,
    catalogue: VariantReader,
    stock: BatchStore,
    index_keys: IndexKeys,
) -> Added:
    """Raises VariantUnknown, SupplyMismatch, IdempotencyKeyReused, BatchRecalled,
    StoreUnavailable."""
    variant = catalogue.find_variant(merchant_id, variant_id)
    if variant is None:
        raise VariantUnknown(variant_id)
    if variant.supply is not Supply.COUNTED:
        raise SupplyMismatch(f"its supply is {variant.supply.value}")
    if variant.synced_from:
        raise SupplyMismatch(f"its units follow the level of {variant.synced_from.supplier}")
    # Its number of units is no longer what it was where some were taken off sale again.
    fingerprint = units.to_bytes(16, "big")
    batch_id = batch_id_for(index_keys.of(merchant_id), variant_id, idempotency_key)
    batch = stock.begin_batch(
        Batch(
            merchant_id=merchant_id,
            variant_id=variant_id,
            batch_id=batch_id,
            sealed_key=b"",
            fingerprint=fingerprint,
            codes=units,
            known=frozenset(),
            published=False,
            created_at_ms=now_ms,
        )
    )
    if batch.fingerprint != fingerprint:
        raise IdempotencyKeyReused("use a fresh Idempotency-Key for other units")
    if batch.recalled:
        raise BatchRecalled(batch_id)
    if batch.published:
        return Added(batch, new=False)
    blanks = [SealedCode(index, BLANK) for index in range(units)]
    chunks = [blanks[at : at + PER_CHUNK] for at in range(0, units, PER_CHUNK)]
    lane = lane_of(batch_id)
    stock.add_chunks(batch, lane, dict(enumerate(chunks)))
    stock.publish(batch, [Lane(lane, 0, len(chunks), units, PER_CHUNK)])
    return Added(batch, new=True)
