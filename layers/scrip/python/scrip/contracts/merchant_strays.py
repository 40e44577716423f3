"""Bodies of the merchant API about money beside an order, and what a person decides of it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import OrderId, Title
from scrip.contracts.operation import OPERATOR, Operation
from scrip.contracts.storefront import OrderPath
from scrip.domain import errors
from scrip.domain.order import OrderRecord
from scrip.domain.outcome import Action, Case


class StrayPaymentView(Struct):
    """Money beside an order: how it came (`case`), and what is done with it (`action`)."""

    stray_id: str
    provider: str
    transaction_id: str
    amount_minor: int
    currency: str
    case: Case
    action: Action


class DecideStray(Struct, forbid_unknown_fields=True):
    """What becomes of money that is held (`action` is `hold`): give all of it back, deliver the
    order for it, or nothing, since it was dealt with elsewhere. The reason goes into the audit
    trail."""

    stray_id: Annotated[str, Meta(max_length=300)]
    action: Literal["refund", "deliver", "nothing"]
    reason: Title


class StrayPayments(Struct):
    """All money beside the order. What was decided is done within some minutes."""

    order_id: OrderId
    stray_payments: list[StrayPaymentView]


def stray_views(record: OrderRecord) -> list[StrayPaymentView]:
    return [
        StrayPaymentView(
            stray.stray_id,
            stray.payment.provider,
            stray.payment.transaction_id,
            stray.payment.money.amount_minor,
            stray.payment.money.currency,
            stray.case,
            stray.action,
        )
        for stray in record.strays
    ]


STRAY_OPERATIONS = (
    Operation(
        "POST /v1/merchant/orders/{order_id}/stray-payments/decide",
        "decide_stray",
        "Decide what becomes of a payment that is held beside an order",
        OPERATOR,
        {200: StrayPayments},
        path=OrderPath,
        body=DecideStray,
        problems=(
            errors.OrderUnknown,
            errors.StrayUnknown,
            errors.StrayDecided,
            errors.MoveContended,
        ),
    ),
)
