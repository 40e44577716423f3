"""Import codes of one request: leave out those known, seal them, write their chunks, publish once.

The batch id derives from the Idempotency-Key. Dying anywhere and running again with the same key
goes on where it stopped: the batch keeps its data key, chunks that exist stay as they are, and the
batch is published once, together with the directory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from scrip.domain.blind_index import Seen, batch_id_for, marks_of
from scrip.domain.catalogue import Variant
from scrip.domain.chunk_range import Lane
from scrip.domain.code import MAX_CODES_PER_IMPORT, MAX_REASONS, Code, DataKey
from scrip.domain.code_request import ParsedCodes
from scrip.domain.errors import (
    BatchRecalled,
    CodesRefused,
    IdempotencyKeyReused,
    StoreUnavailable,
    SupplyMismatch,
    VariantUnknown,
)
from scrip.domain.goods import Supply
from scrip.domain.stock import Batch, SealedCode, chunk_capacity, lane_of

TRIES = 8
"""Imports of the same merchant that may get ahead of this one before we ask to be sent again."""


class Vault(Protocol):
    def new_key(self, merchant_id: str, variant_id: str, batch_id: str) -> DataKey: ...
    def key_of(self, batch: Batch) -> DataKey: ...
    def fingerprint(self, key: DataKey, codes: Sequence[Code]) -> bytes: ...
    def seal(self, key: DataKey, batch: Batch, codes: Sequence[Code]) -> list[SealedCode]: ...


class BatchStore(Protocol):
    def find_batch(self, merchant_id: str, variant_id: str, batch_id: str) -> Batch | None: ...
    def add_chunks(
        self, batch: Batch, lane: str, chunks: Mapping[int, Sequence[SealedCode]]
    ) -> None: ...
    def publish(self, batch: Batch, lanes: Sequence[Lane]) -> None: ...


class IndexKeys(Protocol):
    def of(self, merchant_id: str) -> bytes: ...


class SeenCodes(Protocol):
    def find(self, merchant_id: str, marks: Sequence[bytes]) -> Seen: ...
    def record(self, batch: Batch, marks: list[bytes], seen: Seen) -> Batch | None: ...


class VariantReader(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


@dataclass(frozen=True, slots=True)
class Imported:
    """`duplicates` stood in this request before; `new`: put on sale by this very call."""

    batch: Batch
    duplicates: int
    new: bool


def import_codes(
    merchant_id: str,
    variant_id: str,
    idempotency_key: str,
    read: Callable[[], ParsedCodes],
    *,
    now_ms: int,
    catalogue: VariantReader,
    stock: BatchStore,
    vault: Vault,
    index_keys: IndexKeys,
    seen_codes: SeenCodes,
) -> Imported:
    """All rows are taken or none; codes imported before, by whatever import, are left out.

    Raises VariantUnknown, SupplyMismatch, CodesRefused, IdempotencyKeyReused, BatchRecalled,
    StoreUnavailable.
    """
    variant = catalogue.find_variant(merchant_id, variant_id)
    if variant is None:
        raise VariantUnknown(variant_id)
    if variant.supply is not Supply.CODES:
        raise SupplyMismatch(f"its supply is {variant.supply.value}")
    parsed = read()
    _check(parsed)
    index_key = index_keys.of(merchant_id)
    batch_id = batch_id_for(index_key, variant_id, idempotency_key)
    batch = stock.find_batch(merchant_id, variant_id, batch_id)
    if batch is None:
        key = vault.new_key(merchant_id, variant_id, batch_id)
        draft = Batch(
            merchant_id=merchant_id,
            variant_id=variant_id,
            batch_id=batch_id,
            sealed_key=key.sealed,
            fingerprint=vault.fingerprint(key, parsed.codes),
            codes=len(parsed.codes),
            known=frozenset(),
            published=False,
            created_at_ms=now_ms,
        )
        batch = _begin(draft, marks_of(index_key, parsed.codes), seen_codes)
    key = vault.key_of(batch)
    if batch.fingerprint != vault.fingerprint(key, parsed.codes):
        raise IdempotencyKeyReused("use a fresh Idempotency-Key for other codes")
    if batch.recalled:
        raise BatchRecalled(batch_id)
    if batch.published:
        return Imported(batch, parsed.duplicates, new=False)
    every = vault.seal(key, batch, parsed.codes)
    sealed = [code for code in every if code.index not in batch.known]
    per_chunk = chunk_capacity(max(len(code.ciphertext) for code in sealed))
    chunks = [sealed[at : at + per_chunk] for at in range(0, len(sealed), per_chunk)]
    lane = lane_of(batch_id)
    stock.add_chunks(batch, lane, dict(enumerate(chunks)))
    stock.publish(batch, [Lane(lane, 0, len(chunks), len(sealed), per_chunk)])
    return Imported(batch, parsed.duplicates, new=True)


def _begin(draft: Batch, marks: list[bytes], seen_codes: SeenCodes) -> Batch:
    """Record the batch with what it may sell. From then on its codes are its own, and what it
    leaves out is settled: a run that goes on after a crash must make the same chunks."""
    for _ in range(TRIES):
        seen = seen_codes.find(draft.merchant_id, marks)
        known = frozenset(n for n, mark in enumerate(marks) if mark in seen.batches)
        new = [mark for mark in marks if mark not in seen.batches]
        batch = replace(draft, known=known, codes=len(new), published=not new)
        recorded = seen_codes.record(batch, new, seen)
        if recorded is not None:
            return recorded
    raise StoreUnavailable("other imports of this merchant kept getting ahead")


def _check(parsed: ParsedCodes) -> None:
    if parsed.refused:
        raise CodesRefused(f"{len(parsed.refused)} rows", parsed.refused[:MAX_REASONS])
    if not parsed.codes:
        raise CodesRefused("there is no code in it", ())
    if len(parsed.codes) > MAX_CODES_PER_IMPORT:
        raise CodesRefused(f"at most {MAX_CODES_PER_IMPORT} codes a request", ())
