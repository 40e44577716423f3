"""Bodies of the merchant API about disputed payments: an order frozen, evidence of what was had."""

from collections.abc import Sequence

from msgspec import Struct

from scrip.contracts.fields import AmountMinor, Currency, Email, Milliseconds, OrderId, Slug, Title
from scrip.contracts.operation import OPERATOR, READER, Operation
from scrip.contracts.storefront import OrderPath
from scrip.domain import errors
from scrip.domain.dispute import Dispute, DisputeState


class DisputeView(Struct):
    """A payment that the buyer's bank or the provider takes back into question, and how that
    stands. `reason`: the provider's word."""

    provider: str
    dispute_id: str
    transaction_id: str
    state: DisputeState
    amount_minor: AmountMinor
    currency: Currency
    reason: str
    told_at_ms: Milliseconds


class FreezeOrder(Struct, forbid_unknown_fields=True):
    """Whether the shop itself stops the order. The reason goes into the audit trail."""

    frozen: bool
    reason: Title


class OrderFreeze(Struct):
    """`frozen`: whether anything holds the order, the shop or a dispute."""

    order_id: OrderId
    frozen: bool
    disputes: list[DisputeView]


class HappeningView(Struct):
    """`by`: buyer, or an API key's id; `source`: from which address. Both may be empty."""

    at_ms: Milliseconds
    what: str
    by: str
    source: str


class SoldLine(Struct):
    """A line as it was sold. `title`: what the variant is called now."""

    number: int
    variant_id: Slug
    title: str
    quantity: int
    unit_price_minor: int
    claimed: int


class EvidenceView(Struct):
    """What a provider asks for. `access_log`: what happened as text, a line each, to be pasted into
    the provider's form. No code stands in it."""

    order_id: OrderId
    email: Email
    amount_minor: AmountMinor
    currency: Currency
    lines: list[SoldLine]
    happened: list[HappeningView]
    access_log: str
    disputes: list[DisputeView]


def dispute_views(disputes: Sequence[Dispute]) -> list[DisputeView]:
    return [
        DisputeView(
            each.provider,
            each.dispute_id,
            each.transaction_id,
            each.state,
            each.money.amount_minor,
            each.money.currency,
            each.reason,
            each.at_ms,
        )
        for each in disputes
    ]


DISPUTE_OPERATIONS = (
    Operation(
        "PUT /v1/merchant/orders/{order_id}/freeze",
        "freeze_order",
        "Freeze an order, or let it go on",
        OPERATOR,
        {200: OrderFreeze},
        path=OrderPath,
        body=FreezeOrder,
        problems=(errors.OrderUnknown,),
    ),
    Operation(
        "GET /v1/merchant/orders/{order_id}/evidence",
        "read_evidence",
        "Download what happened to an order, for a dispute",
        READER,
        {200: EvidenceView},
        path=OrderPath,
        problems=(errors.OrderUnknown,),
    ),
)
