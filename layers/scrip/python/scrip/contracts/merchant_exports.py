"""Bodies of the merchant API about exports. The file of one is the only way out for codes here."""

from typing import Annotated

from msgspec import Meta, Struct

from scrip.contracts.fields import Milliseconds, OrderId, Slug, Title
from scrip.contracts.merchant import KeyId, VariantPath
from scrip.contracts.operation import OPERATOR, READER, Operation
from scrip.domain import errors
from scrip.domain.export import MAX_CODES, Export, ExportState

ExportId = Annotated[OrderId, Meta(description="Of an order number's shape")]
EXPORT_ERRORS = (errors.ExportUnknown, errors.ExportKeyRefused, errors.ExportNotOpen)


class ExportPath(Struct):
    """Path of an export."""

    export_id: ExportId


class RequestExport(Struct, forbid_unknown_fields=True):
    """Codes to take out of the stock for good, and why. Another key must approve it."""

    codes: Annotated[int, Meta(ge=1, le=MAX_CODES)]
    reason: Title


class ExportView(Struct):
    """An export. `claimed` of `codes` have left the stock: all of them when it is `ready`, or all
    that there were. Who asked and who approved may download until `downloads_until_ms`."""

    export_id: ExportId
    variant_id: Slug
    state: ExportState
    codes: int
    claimed: int
    reason: str
    requested_by: KeyId
    requested_at_ms: Milliseconds
    expires_at_ms: Milliseconds
    approved_by: KeyId | None
    downloads_until_ms: Milliseconds | None


def export_view(export: Export) -> ExportView:
    return ExportView(
        export_id=export.export_id,
        variant_id=export.variant_id,
        state=export.state,
        codes=export.codes,
        claimed=export.units_claimed,
        reason=export.reason,
        requested_by=export.requested_by,
        requested_at_ms=export.requested_at_ms,
        expires_at_ms=export.expires_at_ms,
        approved_by=export.approved_by or None,
        downloads_until_ms=export.downloads_until_ms or None,
    )


EXPORT_OPERATIONS = (
    Operation(
        "POST /v1/merchant/variants/{variant_id}/exports",
        "request_export",
        "Ask for unsold codes to leave the stock",
        OPERATOR,
        {201: ExportView},
        path=VariantPath,
        body=RequestExport,
        idempotent=True,
        problems=(
            errors.VariantUnknown,
            errors.SupplyMismatch,
            errors.ExportKeyRefused,
            errors.SealBroken,
        ),
    ),
    Operation(
        "GET /v1/merchant/exports/{export_id}",
        "read_export",
        "Read an export",
        READER,
        {200: ExportView},
        path=ExportPath,
        problems=(errors.ExportUnknown,),
    ),
    Operation(
        "POST /v1/merchant/exports/{export_id}/approve",
        "approve_export",
        "Approve an export that another key asked for; its codes leave the stock",
        OPERATOR,
        {200: ExportView},
        path=ExportPath,
        problems=(*EXPORT_ERRORS, errors.MoveContended),
    ),
    Operation(
        "POST /v1/merchant/exports/{export_id}/refuse",
        "refuse_export",
        "Refuse or withdraw an export that nobody approved yet",
        OPERATOR,
        {200: ExportView},
        path=ExportPath,
        problems=EXPORT_ERRORS,
    ),
    Operation(
        "POST /v1/merchant/exports/{export_id}/download",
        "download_export",
        "Download the codes of an approved export as CSV, marked for this key",
        OPERATOR,
        {200: str},
        path=ExportPath,
        media_type="text/csv",
        problems=(*EXPORT_ERRORS, errors.SealBroken, errors.MoveContended),
    ),
)
