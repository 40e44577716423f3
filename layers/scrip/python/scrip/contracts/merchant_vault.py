"""Bodies of the merchant API about sealed codes: seen masked, destroyed."""

from typing import Annotated

from msgspec import Meta, Struct

from scrip.contracts.fields import Milliseconds, OrderId, Slug, Title
from scrip.contracts.operation import OPERATOR, READER, Operation
from scrip.contracts.storefront import OrderPath
from scrip.domain import errors
from scrip.domain.line import MAX_UNITS_PER_LINE
from scrip.domain.order import MAX_LINES

BatchId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{10}\Z",
        description="Names an import; its answer told it",
        examples=["0a1b2c3d4e"],
    ),
]
LineNumber = Annotated[int, Meta(ge=0, lt=MAX_LINES)]
UnitNumber = Annotated[int, Meta(ge=0, lt=MAX_UNITS_PER_LINE)]


class BatchPath(Struct):
    """Path of an import's batch."""

    variant_id: Slug
    batch_id: BatchId


class ShredBatch(Struct, forbid_unknown_fields=True):
    """Why a batch is destroyed. Goes into the audit trail: no code belongs in it."""

    reason: Title


class BatchShredded(Struct):
    """The batch's key is destroyed. From `gone_at_ms` on no backup holds it either."""

    batch_id: BatchId
    shredded_at_ms: Milliseconds
    gone_at_ms: Milliseconds


class ShredUnit(Struct, forbid_unknown_fields=True):
    """A sold code: its line and its place in the line, both counted from 0, and why."""

    line: LineNumber
    unit: UnitNumber
    reason: Title


class UnitShredded(Struct):
    """The code is destroyed. From `gone_at_ms` on no backup holds it either."""

    order_id: OrderId
    line: LineNumber
    unit: UnitNumber
    gone_at_ms: Milliseconds


class MaskedCodeView(Struct):
    """A code without its middle, or masked altogether where too little would be hidden. `code` is
    null when it was destroyed. Line and unit are counted from 0."""

    line: int
    unit: int
    variant_id: Slug
    code: str | None
    has_pin: bool


class MaskedCodesView(Struct):
    """The codes of an order as staff may see them, and how often and when they were shown in plain
    text. Each look at this is written down."""

    order_id: OrderId
    codes: list[MaskedCodeView]
    reveals: int
    first_revealed_at_ms: Milliseconds | None
    last_revealed_at_ms: Milliseconds | None


VAULT_OPERATIONS = (
    Operation(
        "GET /v1/merchant/orders/{order_id}/codes",
        "view_masked_codes",
        "See the codes of an order masked, and whether they were revealed",
        READER,
        {200: MaskedCodesView},
        path=OrderPath,
        problems=(errors.OrderUnknown, errors.OrderNotReadable, errors.SealBroken),
    ),
    Operation(
        "POST /v1/merchant/variants/{variant_id}/batches/{batch_id}/shred",
        "shred_batch",
        "Destroy the codes of a batch that sells no more, for good",
        OPERATOR,
        {200: BatchShredded},
        path=BatchPath,
        body=ShredBatch,
        problems=(errors.BatchUnknown, errors.BatchOnSale),
    ),
    Operation(
        "POST /v1/merchant/orders/{order_id}/shred",
        "shred_unit",
        "Destroy one sold code, for good",
        OPERATOR,
        {200: UnitShredded},
        path=OrderPath,
        body=ShredUnit,
        problems=(
            errors.OrderUnknown,
            errors.OrderNotReadable,
            errors.UnitUnknown,
            errors.CodesShredded,
            errors.SealBroken,
        ),
    ),
)
