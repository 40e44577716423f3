"""Bodies of the merchant API about what suppliers deliver, and what a person decides of it."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from scrip.contracts.fields import AmountMinor, Currency, Milliseconds, OrderId, Slug, Title
from scrip.contracts.merchant_routes import READ_ROUTES
from scrip.contracts.merchant_vault import LineNumber, UnitNumber
from scrip.contracts.operation import OPERATOR, Operation
from scrip.contracts.storefront import OrderPath
from scrip.contracts.top_up import BarredName
from scrip.domain import errors
from scrip.domain.attempt import AttemptState
from scrip.domain.line import Fate
from scrip.domain.order import Order, OrderRecord
from scrip.domain.owed import refunded_minor
from scrip.domain.top_up import TopUp, Unit, fate_of, waits_for_a_person


class TriedView(Struct):
    """An earlier attempt, which failed for certain. `reason`: the supplier's code for it."""

    reference: str
    supplier: str
    sku: str
    reason: str


class AttemptView(Struct):
    """What is known of the last attempt. `supplier`: the shop's account; `reference`: under which
    the supplier knows it, `supplier_ref`: the supplier's own id. `sends`: how often it may have
    left, last at `sent_at_ms`; `waits_for`: what keeps it from every supplier until then. `asked`:
    how often it was asked about, last at `asked_at_ms`.
    `code`: the last that the supplier said; `reason`: what ended it, or why a person must look."""

    supplier: str
    sku: str
    reference: str
    supplier_ref: str
    receipt: str
    state: AttemptState
    reason: str
    code: str
    sends: int
    sent_at_ms: Milliseconds | None
    waits_for: list[BarredName]
    asked: int
    asked_at_ms: Milliseconds | None
    tried: list[TriedView]


class TopUpView(Struct):
    """One unit that a supplier delivers; line and unit are counted from 0. `filled`: what its buyer
    filled in. `waits`: for a person. `attempt` is null while nothing was begun."""

    line: int
    unit: int
    variant_id: Slug
    price_minor: AmountMinor
    filled: dict[str, str]
    fate: Fate
    waits: bool
    attempt: AttemptView | None


class TopUpsView(Struct):
    """Units of an order that suppliers deliver; what its buyer is owed in all, and has back."""

    order_id: OrderId
    currency: Currency
    refund_due_minor: AmountMinor
    refunded_minor: AmountMinor
    top_ups: list[TopUpView]


class DecideTopUp(Struct, forbid_unknown_fields=True):
    """What became of a unit that waits for a person: it succeeded, it failed and its price is
    given back, or its supplier is asked again for as long as at first. The reason goes into the
    audit trail."""

    line: LineNumber
    unit: UnitNumber
    verdict: Literal["succeeded", "failed", "ask_again"]
    reason: Title


class TopUpDecided(Struct):
    """The attempt as it is now; its order follows within seconds."""

    order_id: OrderId
    line: LineNumber
    unit: UnitNumber
    attempt: AttemptView


def top_ups_view(record: OrderRecord, units: Mapping[Unit, TopUp | None]) -> TopUpsView:
    order = record.order
    return TopUpsView(
        order_id=order.order_id,
        currency=order.total.currency,
        refund_due_minor=getattr(order, "owed_minor", 0),
        refunded_minor=refunded_minor(record),
        top_ups=[_top_up_view(order, unit, found) for unit, found in units.items()],
    )


def top_up_decided(top_up: TopUp) -> TopUpDecided:
    unit = top_up.unit
    return TopUpDecided(unit.order_id, unit.line, unit.unit, _attempt_view(top_up))


def _top_up_view(order: Order, unit: Unit, top_up: TopUp | None) -> TopUpView:
    line = order.line(unit.line)
    return TopUpView(
        line=unit.line,
        unit=unit.unit,
        variant_id=line.variant_id,
        price_minor=line.unit_price.amount_minor,
        filled=dict(line.filled),
        fate=fate_of(order, unit),
        waits=waits_for_a_person(fate_of(order, unit), top_up),
        attempt=_attempt_view(top_up) if top_up else None,
    )


def _attempt_view(top_up: TopUp) -> AttemptView:
    attempt = top_up.attempt
    return AttemptView(
        supplier=attempt.supplier,
        sku=top_up.route.sku,
        reference=attempt.reference,
        supplier_ref=attempt.ref,
        receipt=attempt.receipt,
        state=attempt.state,
        reason=attempt.reason,
        code=attempt.code,
        sends=attempt.sends,
        sent_at_ms=attempt.sent_at_ms or None,
        waits_for=[each.value for each in top_up.waits_for],
        asked=attempt.asked,
        asked_at_ms=attempt.asked_at_ms or None,
        tried=[TriedView(*each) for each in top_up.tried],
    )


TOP_UP_OPERATIONS = (
    READ_ROUTES,
    Operation(
        "GET /v1/merchant/orders/{order_id}/top-ups",
        "read_top_ups",
        "What suppliers deliver of an order, and what is known of it",
        OPERATOR,
        {200: TopUpsView},
        path=OrderPath,
        problems=(errors.OrderUnknown,),
    ),
    Operation(
        "POST /v1/merchant/orders/{order_id}/top-ups/decide",
        "decide_top_up",
        "Decide of a top-up that nobody knows the end of",
        OPERATOR,
        {200: TopUpDecided},
        path=OrderPath,
        body=DecideTopUp,
        problems=(
            errors.OrderUnknown,
            errors.UnitUnknown,
            errors.TopUpNotWaiting,
            errors.MoveContended,
        ),
    ),
)
