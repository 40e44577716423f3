"""Import codes of one request: seal them, write their chunks, then put them on sale at once.

The batch id derives from the Idempotency-Key. Dying anywhere and running again with the same key
goes on where it stopped: the batch keeps its data key, chunks that exist stay as they are, and the
batch is published once, together with the directory.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from scrip.domain.catalogue import Variant
from scrip.domain.code import MAX_CODES_PER_IMPORT, MAX_REASONS, Code, DataKey, ParsedCodes
from scrip.domain.errors import CodesRefused, IdempotencyKeyReused, VariantUnknown
from scrip.domain.stock import Batch, SealedCode, chunk_capacity

BATCH_ID_LENGTH = 10


class Vault(Protocol):
    def new_key(self, merchant_id: str, variant_id: str, batch_id: str) -> DataKey: ...
    def key_of(self, batch: Batch) -> DataKey: ...
    def fingerprint(self, key: DataKey, codes: Sequence[Code]) -> bytes: ...
    def seal(self, key: DataKey, batch: Batch, codes: Sequence[Code]) -> list[SealedCode]: ...


class BatchStore(Protocol):
    def find_batch(self, merchant_id: str, variant_id: str, batch_id: str) -> Batch | None: ...
    def add_batch(self, batch: Batch) -> Batch: ...
    def add_chunks(self, batch: Batch, chunks: Sequence[Sequence[SealedCode]]) -> None: ...
    def publish(self, batch: Batch, chunks: int, per_chunk: int) -> None: ...


class VariantReader(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


@dataclass(frozen=True, slots=True)
class Imported:
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
) -> Imported:
    """All rows are taken or none.

    Raises VariantUnknown, CodesRefused, IdempotencyKeyReused, StoreUnavailable.
    """
    if catalogue.find_variant(merchant_id, variant_id) is None:
        raise VariantUnknown(variant_id)
    parsed = read()
    _check(parsed)
    batch_id = batch_id_for(merchant_id, variant_id, idempotency_key)
    batch = stock.find_batch(merchant_id, variant_id, batch_id)
    if batch is None:
        key = vault.new_key(merchant_id, variant_id, batch_id)
        batch = stock.add_batch(
            Batch(
                merchant_id=merchant_id,
                variant_id=variant_id,
                batch_id=batch_id,
                sealed_key=key.sealed,
                fingerprint=vault.fingerprint(key, parsed.codes),
                codes=len(parsed.codes),
                published=False,
                created_at_ms=now_ms,
            )
        )
    key = vault.key_of(batch)
    if batch.fingerprint != vault.fingerprint(key, parsed.codes):
        raise IdempotencyKeyReused("use a fresh Idempotency-Key for other codes")
    if batch.published:
        return Imported(batch, parsed.duplicates, new=False)
    sealed = vault.seal(key, batch, parsed.codes)
    per_chunk = chunk_capacity(max(len(code.ciphertext) for code in sealed))
    chunks = [sealed[at : at + per_chunk] for at in range(0, len(sealed), per_chunk)]
    stock.add_chunks(batch, chunks)
    stock.publish(batch, len(chunks), per_chunk)
    return Imported(batch, parsed.duplicates, new=True)


def batch_id_for(merchant_id: str, variant_id: str, idempotency_key: str) -> str:
    name = f"{merchant_id}|{variant_id}|{idempotency_key}"
    return hashlib.sha256(name.encode()).hexdigest()[:BATCH_ID_LENGTH]


def _check(parsed: ParsedCodes) -> None:
    if parsed.refused:
        raise CodesRefused(f"{len(parsed.refused)} rows", parsed.refused[:MAX_REASONS])
    if not parsed.codes:
        raise CodesRefused("there is no code in it", ())
    if len(parsed.codes) > MAX_CODES_PER_IMPORT:
        raise CodesRefused(f"at most {MAX_CODES_PER_IMPORT} codes a request", ())
