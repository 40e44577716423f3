"""Open an import: a job, and leave to upload one file for it."""

from typing import Protocol

from scrip.domain.blind_index import batch_id_for
from scrip.domain.catalogue import Variant
from scrip.domain.errors import IdempotencyKeyReused, ImportUnknown, VariantUnknown
from scrip.domain.import_job import ImportJob, State, Wanted

RECENT = 50


class Jobs(Protocol):
    def open(self, job: ImportJob, name: str) -> ImportJob: ...
    def find(self, merchant_id: str, import_id: str) -> ImportJob | None: ...
    def recent(self, merchant_id: str, limit: int) -> list[ImportJob]: ...


class IndexKeys(Protocol):
    def of(self, merchant_id: str) -> bytes: ...


class VariantReader(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


def open_import(
    merchant_id: str,
    wanted: Wanted,
    idempotency_key: str,
    *,
    luck_id: str,
    now_ms: int,
    catalogue: VariantReader,
    jobs: Jobs,
    index_keys: IndexKeys,
) -> ImportJob:
    """The import of this key, opened now or before. `luck_id`: random hex digits for its id, which
    begins with its time so that imports list in their order.

    Raises VariantUnknown, IdempotencyKeyReused, StoreUnavailable.
    """
    variant = catalogue.find_variant(merchant_id, wanted.variant_id)
    if variant is None:
        raise VariantUnknown(wanted.variant_id)
    wanted = wanted._replace(currency=variant.price.currency)
    job = ImportJob(
        merchant_id=merchant_id,
        import_id=f"{now_ms:011x}{luck_id}",
        wanted=wanted,
        state=State.WAITING,
        created_at_ms=now_ms,
    )
    name = batch_id_for(index_keys.of(merchant_id), wanted.variant_id, idempotency_key)
    opened = jobs.open(job, name)
    if opened.wanted._replace(currency=wanted.currency) != wanted:
        raise IdempotencyKeyReused("use a fresh Idempotency-Key for another file")
    return opened


def read_import(merchant_id: str, import_id: str, *, jobs: Jobs) -> ImportJob:
    """Raises ImportUnknown."""
    job = jobs.find(merchant_id, import_id)
    if job is None:
        raise ImportUnknown(import_id)
    return job


def list_imports(merchant_id: str, *, jobs: Jobs) -> list[ImportJob]:
    """The newest first."""
    return jobs.recent(merchant_id, RECENT)
