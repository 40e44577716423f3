"""Bodies of the merchant API about what was sold: a bad code replaced, unseen codes taken back."""

from typing import Annotated

from msgspec import Meta, Struct

from scrip.contracts.fields import AmountMinor, Currency, Milliseconds, OrderId, Title
from scrip.contracts.merchant_vault import LineNumber, UnitNumber
from scrip.contracts.operation import OPERATOR, Operation
from scrip.domain import errors
from scrip.domain.line import MAX_UNITS_PER_LINE


class LinePath(Struct):
    """Path of an order's line, counted from 0."""

    order_id: OrderId
    line: LineNumber


class ReplaceCode(Struct, forbid_unknown_fields=True):
    """A bad code: its place in the line, counted from 0, and why. The reason goes into the audit
    trail: no code belongs in it."""

    unit: UnitNumber
    reason: Title


class CodeReplaced(Struct):
    """The buyer finds another code in the place of the bad one, from now on."""

    order_id: OrderId
    line: LineNumber
    unit: UnitNumber
    replaced_at_ms: Milliseconds


class ReturnCodes(Struct, forbid_unknown_fields=True):
    """`units`: how many of the line are to be back in the end, with those that are already; without
    it all. The reason goes into the audit trail."""

    reason: Title
    units: Annotated[int, Meta(ge=1, le=MAX_UNITS_PER_LINE)] | None = None


class CodesReturned(Struct):
    """`returned` units of the line are on sale again; what the order's buyer is owed in all."""

    order_id: OrderId
    line: LineNumber
    returned: int
    refund_due_minor: AmountMinor
    currency: Currency


AFTER_SALE_OPERATIONS = (
    Operation(
        "POST /v1/merchant/orders/{order_id}/lines/{line}/replace",
        "replace_code",
        "Replace a bad code, once for each line",
        OPERATOR,
        {200: CodeReplaced},
        path=LinePath,
        body=ReplaceCode,
        problems=(
            errors.OrderUnknown,
            errors.OrderNotReadable,
            errors.OrderFrozen,
            errors.UnitUnknown,
            errors.VariantUnknown,
            errors.CodeReplaced,
            errors.ReplacementClosed,
            errors.SoldOut,
            errors.MoveContended,
        ),
    ),
    Operation(
        "POST /v1/merchant/orders/{order_id}/lines/{line}/return",
        "return_codes",
        "Take codes back that nobody was shown, and owe their price",
        OPERATOR,
        {200: CodesReturned},
        path=LinePath,
        body=ReturnCodes,
        problems=(
            errors.OrderUnknown,
            errors.OrderNotReadable,
            errors.OrderFrozen,
            errors.UnitUnknown,
            errors.CodesRevealed,
            errors.CodeReplaced,
            errors.MoveContended,
        ),
    ),
)
