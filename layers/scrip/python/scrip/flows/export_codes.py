"""Unsold codes leave the stock for good: one key asks, another approves, both may download.

Approving moves the export first and claims then, chunk by chunk; each pointer is saved before its
chunk is touched, and a claim finds itself again. So whoever dies anywhere is gone on with by
approving or downloading again, two at once meet in the same writes, and nothing is claimed before
the approval stands.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from scrip.domain.api_key import ApiKey
from scrip.domain.catalogue import Variant
from scrip.domain.code import Code
from scrip.domain.errors import (
    ExportKeyRefused,
    ExportNotOpen,
    ExportUnknown,
    IdempotencyKeyReused,
    MoveContended,
    StoreUnavailable,
    SupplyMismatch,
    VariantUnknown,
)
from scrip.domain.export import Export, export_id_for
from scrip.domain.goods import Supply
from scrip.domain.stock import ChunkRef
from scrip.domain.watermark import Person, marked_file
from scrip.steps.claim import Chunks
from scrip.steps.write_down import Audit

FIRST = 0.0
"""The luck to be given the first chunk on sale: exports are few, and need not be spread."""

MAX_STEPS = 3_000
"""More chunks than codes that one export may claim: a bound on the loop, never met."""


class Exports(Protocol):
    def add(self, export: Export) -> Export: ...
    def find(self, merchant_id: str, export_id: str) -> Export | None: ...
    def move(self, seen: Export, moved: Export) -> Export: ...


class Codes(Protocol):
    def open_places(
        self, merchant_id: str, variant_id: str, places: Sequence[tuple[ChunkRef, str]]
    ) -> Sequence[Code | None]: ...


class IndexKeys(Protocol):
    def of(self, merchant_id: str) -> bytes: ...


class VariantReader(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


class Acting(NamedTuple):
    """Which key acts, from where and when. `event_id` is random."""

    key: ApiKey
    source: str
    at_ms: int
    event_id: str


class Wanted(NamedTuple):
    """What is asked for."""

    variant_id: str
    codes: int
    reason: str
    idempotency_key: str


def request_export(
    wanted: Wanted,
    acting: Acting,
    *,
    catalogue: VariantReader,
    index_keys: IndexKeys,
    exports: Exports,
    audit: Audit,
) -> Export:
    """Nothing leaves the stock yet. Raises ExportKeyRefused, VariantUnknown, SupplyMismatch,
    IdempotencyKeyReused, StoreUnavailable."""
    _check_own(acting.key)
    merchant_id = acting.key.merchant_id
    variant = catalogue.find_variant(merchant_id, wanted.variant_id)
    if variant is None:
        raise VariantUnknown(wanted.variant_id)
    if variant.supply is not Supply.CODES:
        raise SupplyMismatch(f"its supply is {variant.supply.value}")
    index_key = index_keys.of(merchant_id)
    asked = Export(
        merchant_id=merchant_id,
        export_id=export_id_for(index_key, wanted.variant_id, wanted.idempotency_key),
        variant_id=wanted.variant_id,
        codes=wanted.codes,
        reason=wanted.reason,
        state="requested",
        requested_by=acting.key.key_id,
        requested_at_ms=acting.at_ms,
    )
    _write_down(audit, asked, "export_requested", acting, codes=wanted.codes, reason=wanted.reason)
    kept = exports.add(asked)
    if not kept.same_request(asked):
        raise IdempotencyKeyReused("use a fresh Idempotency-Key for another export")
    return kept


def read_export(merchant_id: str, export_id: str, *, exports: Exports) -> Export:
    """Raises ExportUnknown."""
    export = exports.find(merchant_id, export_id)
    if export is None:
        raise ExportUnknown(export_id)
    return export


def approve_export(
    export_id: str,
    acting: Acting,
    *,
    exports: Exports,
    stock: Chunks,
    audit: Audit,
) -> Export:
    """The codes are out of the stock when this answers. By the same key again: goes on where it
    stopped.

    Raises ExportUnknown, ExportKeyRefused, ExportNotOpen, MoveContended, StoreUnavailable.
    """
    _check_own(acting.key)
    export = read_export(acting.key.merchant_id, export_id, exports=exports)
    if export.approved_by != acting.key.key_id:
        approved = export.approve(acting.key.key_id, acting.at_ms)
        _write_down(audit, export, "export_approved", acting)
        export = exports.move(export, approved)
    if export.approved_by != acting.key.key_id:
        raise ExportNotOpen(f"the export is {export.state}")
    return _claimed(export, acting.at_ms, exports, stock)


def refuse_export(export_id: str, acting: Acting, *, exports: Exports, audit: Audit) -> Export:
    """By whoever may ask or approve; nothing left the stock.

    Raises ExportUnknown, ExportKeyRefused, ExportNotOpen, StoreUnavailable.
    """
    _check_own(acting.key)
    export = read_export(acting.key.merchant_id, export_id, exports=exports)
    if export.state == "refused":
        return export
    refused = export.refuse(acting.at_ms)
    _write_down(audit, export, "export_refused", acting)
    export = exports.move(export, refused)
    if export.state != "refused":
        raise ExportNotOpen(f"the export is {export.state}")
    return export


def download_export(
    export_id: str,
    acting: Acting,
    *,
    exports: Exports,
    stock: Chunks,
    codes: Codes,
    index_keys: IndexKeys,
    audit: Audit,
) -> str:
    """A file of one's own, the same each time but for its first line.

    Raises ExportUnknown, ExportKeyRefused, ExportNotOpen, SealBroken, MoveContended,
    StoreUnavailable.
    """
    key = acting.key
    export = read_export(key.merchant_id, export_id, exports=exports)
    export.check_download(key.key_id, acting.at_ms)
    export = _claimed(export, acting.at_ms, exports, stock)
    _write_down(audit, export, "export_downloaded", acting, codes=export.units_claimed)
    found = codes.open_places(export.merchant_id, export.variant_id, export.places())
    person = Person(export_id, key.key_id, index_keys.of(export.merchant_id))
    return marked_file(
        person, key.label, acting.at_ms, [code for code in found if code is not None]
    )


def _claimed(export: Export, now_ms: int, exports: Exports, stock: Chunks) -> Export:
    """The approved export with all its codes, or all that the stock has."""
    for _ in range(MAX_STEPS):
        if export.state != "approved":
            return export
        after = export
        chunk: ChunkRef | None = export.chunk
        if chunk is not None:
            shop, variant = export.merchant_id, export.variant_id
            claim = stock.claim(shop, variant, chunk, export.missing_units(), now_ms)
            after = export.picked(claim.units)
            if not claim.left:
                _close(export, chunk, stock)
                chunk = None
        if chunk is None and after.units_claimed < after.codes:
            chunk = _next_chunk(export, now_ms, stock)
        export = exports.move(export, after.pointed_at(chunk))
    raise MoveContended(export.export_id)


def _close(export: Export, chunk: ChunkRef, stock: Chunks) -> None:
    try:
        stock.close_chunk(export.merchant_id, export.variant_id, chunk)
    except StoreUnavailable:
        return  # the claim stands; who finds the chunk exhausted next closes it


def _next_chunk(export: Export, now_ms: int, stock: Chunks) -> ChunkRef | None:
    shop, variant = export.merchant_id, export.variant_id
    directory = stock.directory(shop, variant, consistent=True)
    if export.chunk is not None and directory.lists(export.chunk):
        directory = stock.close_chunk(shop, variant, export.chunk)
    return directory.choose(FIRST, now_ms, kept=True)


def _check_own(key: ApiKey) -> None:
    if key.issued_by:
        raise ExportKeyRefused("this key was issued by another key, so it is nobody's own")


def _write_down(audit: Audit, export: Export, act: str, acting: Acting, **facts: str | int) -> None:
    audit.acted(
        export.merchant_id,
        export.export_id,
        act,
        at_ms=acting.at_ms,
        event_id=acting.event_id,
        by=acting.key.key_id,
        source=acting.source,
        **facts,
    )
