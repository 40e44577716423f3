"""Bodies of the merchant API about money that goes back."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from scrip.contracts.fields import AmountMinor, Currency, Milliseconds, OrderId, Title
from scrip.contracts.merchant_vault import LineNumber
from scrip.contracts.operation import OPERATOR, Operation
from scrip.contracts.storefront import OrderPath
from scrip.domain import errors
from scrip.domain.errors import RequestInvalid
from scrip.domain.line import MAX_UNITS_PER_LINE
from scrip.domain.order import MAX_AMOUNT_MINOR, MAX_LINES, OrderRecord, SettledOrder
from scrip.domain.owed import refunded_minor
from scrip.domain.refund import Refund, RefundState
from scrip.domain.refund_wish import RefundWish


class RefundView(Struct):
    """`provider_ref`: the provider's own id of it. `foreign`: begun in the provider's console.
    `told_at_ms`: of when the provider's last word is; null: it said nothing yet."""

    refund_id: str
    provider: str
    transaction_id: str
    amount_minor: AmountMinor
    currency: Currency
    state: RefundState
    begun_at_ms: Milliseconds
    told_at_ms: Milliseconds | None
    provider_ref: str
    foreign: bool


class LineToRefund(Struct, forbid_unknown_fields=True):
    """How many units of a line, counted from 0, are given back in the end."""

    line: LineNumber
    units: Annotated[int, Meta(ge=1, le=MAX_UNITS_PER_LINE)]


class PutRefundDue(Struct, forbid_unknown_fields=True):
    """What the order gives back in the end, one of both: an amount in all, or units of lines. The
    reason goes into the audit trail."""

    reason: Title
    refund_due_minor: Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR)] | None = None
    lines: Annotated[list[LineToRefund], Meta(min_length=1, max_length=MAX_LINES)] | None = None


class RefundDue(Struct):
    """`refund_due_minor`: what is owed in all; `refunded_minor`: how much of it the buyer has."""

    order_id: OrderId
    currency: Currency
    paid_minor: AmountMinor
    refund_due_minor: AmountMinor
    refunded_minor: AmountMinor
    refunds: list[RefundView]


def wish_of(body: PutRefundDue) -> RefundWish:
    """Raises RequestInvalid."""
    if (body.refund_due_minor is None) == (body.lines is None):
        raise RequestInvalid("either refund_due_minor or lines")
    units = {each.line: each.units for each in body.lines or ()}
    if len(units) < len(body.lines or ()):
        raise RequestInvalid("a line comes twice")
    return RefundWish(body.refund_due_minor, units)


def refund_views(refunds: Sequence[Refund]) -> list[RefundView]:
    return [
        RefundView(
            each.refund_id,
            each.provider,
            each.transaction_id,
            each.money.amount_minor,
            each.money.currency,
            each.state,
            each.begun_at_ms,
            each.told_at_ms or None,
            each.provider_ref,
            each.foreign,
        )
        for each in refunds
    ]


def refund_due(record: OrderRecord) -> RefundDue:
    order = record.order
    paid, owed = 0, 0
    if isinstance(order, SettledOrder):
        paid, owed = order.payment.money.amount_minor, order.owed_minor
    return RefundDue(
        order_id=order.order_id,
        currency=order.total.currency,
        paid_minor=paid,
        refund_due_minor=owed,
        refunded_minor=refunded_minor(record),
        refunds=refund_views(record.refunds),
    )


REFUND_OPERATIONS = (
    Operation(
        "PUT /v1/merchant/orders/{order_id}/refund-due",
        "set_refund_due",
        "Say what an order gives back in the end",
        OPERATOR,
        {200: RefundDue},
        path=OrderPath,
        body=PutRefundDue,
        problems=(
            errors.OrderUnknown,
            errors.OrderNotReadable,
            errors.OrderFrozen,
            errors.UnitUnknown,
            errors.MoveContended,
        ),
    ),
)
