"""Refunds at Stripe, each made once.

Stripe knows an idempotency key for 24 hours. A refund that is sent again later would be made again,
so it is looked for first, by the id of ours that it carries. Looking alone is not enough either:
within those hours a refund may be under way that no list shows yet.

Sources: docs.stripe.com/api/refunds, docs.stripe.com/refunds.
"""

from scrip.adapters.gateways.stripe_amounts import from_stripe, to_stripe
from scrip.adapters.gateways.stripe_api import Page, StripeApi, named
from scrip.adapters.gateways.stripe_objects import Refund
from scrip.domain.errors import IdempotencyKeyReused
from scrip.domain.refund import RefundReport, RefundRequest, RefundState

REFUNDS = "/v1/refunds"
MAX_REASON = 500
"""Characters in an entry of Stripe's metadata."""

STATES = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,  # Stripe asks the buyer for an account, by mail
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
"""What is not here, Stripe has yet to invent: a person must look."""


def refund(api: StripeApi, request: RefundRequest) -> RefundReport:
    """Raises IdempotencyKeyReused when it was sent before with another amount."""
    known = find(api, request)
    if known is not None:
        if known.money != request.money:
            raise IdempotencyKeyReused("the refund was sent before with another amount")
        return known
    ours = {
        "refund_id": request.refund_id,
        "order_id": request.order_id,
        "merchant_id": request.merchant_id,
    }
    if request.reason:  # Stripe takes an empty value for a wish to remove one
        ours["reason"] = request.reason[:MAX_REASON]
    form = {
        "payment_intent": request.payment.transaction_id,
        "amount": to_stripe(request.money),
        **named("metadata", ours),
    }
    made = api.post(REFUNDS, Refund, form, request.refund_id)
    return report(made, made.created)


def find(api: StripeApi, request: RefundRequest) -> RefundReport | None:
    """The refund as it stands now. None when it was never made."""
    made = api.each(REFUNDS, Page[Refund], payment_intent=request.payment.transaction_id)
    for each in made:
        if each.note("refund_id") == request.refund_id:
            return report(each, each.created)
    return None


def report(made: Refund, at_seconds: int) -> RefundReport:
    return RefundReport(
        refund_id=made.note("refund_id"),
        provider_ref=made.id,
        state=STATES.get(made.status or "", RefundState.STUCK),
        money=from_stripe(made.amount, made.currency.upper()),
        at_ms=at_seconds * 1000,
    )
