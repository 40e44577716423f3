"""Stripe's events: which move an order, and how each is read.

Sources: docs.stripe.com/api/events/types, docs.stripe.com/disputes/how-disputes-work.
"""

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from scrip.adapters.gateways.stripe_amounts import from_stripe
from scrip.adapters.gateways.stripe_api import StripeApi
from scrip.adapters.gateways.stripe_objects import (
    CheckoutSession,
    Owned,
    PaymentIntent,
    Refund,
    WireDispute,
)
from scrip.adapters.gateways.stripe_payments import (
    INTENTS,
    PROVIDER,
    intent_paid,
    session_paid,
)
from scrip.adapters.gateways.stripe_refunds import report
from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.errors import PaymentModeMismatch, RequestInvalid, RequestMalformed
from scrip.domain.notice import (
    DisputeNotice,
    IgnoredNotice,
    Notice,
    PaymentNotice,
    RefundNotice,
    UnpaidNotice,
)

Shape = TypeVar("Shape")

NOT_OURS = IgnoredNotice("not an order of ours")

DISPUTE_STATES = {
    "warning_needs_response": DisputeState.OPENED,
    "warning_under_review": DisputeState.OPENED,
    "warning_closed": DisputeState.WON,
    "needs_response": DisputeState.OPENED,
    "under_review": DisputeState.OPENED,
    "appeal_needs_response": DisputeState.OPENED,
    "appeal_under_review": DisputeState.OPENED,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}


class EventData(msgspec.Struct):
    object: msgspec.Raw


class Event(msgspec.Struct):
    type: str
    created: Annotated[int, msgspec.Meta(ge=0, lt=10**11)]
    data: EventData
    livemode: bool = False


def read_event(raw: bytes, live: bool, api: StripeApi) -> Notice:
    """`raw`: verified. `live`: whether the merchant's key moves real money.

    Raises RequestMalformed, RequestInvalid, PaymentModeMismatch; PaymentProviderUnavailable and
    PaymentProviderRefused for the few events that say too little by themselves.
    """
    event = decode(raw, Event)
    read = READERS.get(event.type)
    if read is None:
        return IgnoredNotice(f"event {event.type}")
    if event.livemode != live:
        raise PaymentModeMismatch(f"livemode is {event.livemode}")
    return read(event, api)


def decode(raw: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise RequestInvalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestMalformed("the callback is not valid JSON") from error


def _intent_succeeded(event: Event, _: StripeApi) -> Notice:
    intent = decode(event.data.object, PaymentIntent)
    if not intent.ours:
        return NOT_OURS
    return PaymentNotice(*_owner(intent), intent_paid(intent, event.livemode, event.created))


def _session_completed(event: Event, _: StripeApi) -> Notice:
    session = decode(event.data.object, CheckoutSession)
    if not session.ours:
        return NOT_OURS
    if session.payment_status == "unpaid":
        return IgnoredNotice("session completed, payment still under way")
    return PaymentNotice(*_owner(session), session_paid(session, event.livemode, event.created))


def _intent_unpaid(event: Event, _: StripeApi) -> Notice:
    """The buyer may try another card, as long as the PaymentIntent is not canceled."""
    intent = decode(event.data.object, PaymentIntent)
    error = intent.last_payment_error
    reason = (error and (error.decline_code or error.code)) or intent.cancellation_reason
    return _unpaid(intent, reason or event.type)


def _session_unpaid(event: Event, _: StripeApi) -> Notice:
    return _unpaid(decode(event.data.object, CheckoutSession), event.type)


def _refund(event: Event, api: StripeApi) -> Notice:
    """A refund that was begun in Stripe's dashboard carries no ids of ours: its payment does."""
    refund = decode(event.data.object, Refund)
    if refund.payment_intent is None:
        return NOT_OURS
    named: Owned = refund
    if not refund.ours:
        named = api.get(f"{INTENTS.path}/{refund.payment_intent}", PaymentIntent)
    if not named.ours:
        return NOT_OURS
    told = report(refund, event.created)
    return RefundNotice(*_owner(named), refund.payment_intent, told)


def _dispute(event: Event, api: StripeApi) -> Notice:
    """Such events come late and out of order: how the dispute stands now is asked for."""
    path = f"/v1/disputes/{decode(event.data.object, Owned).id}"
    dispute = api.get(path, WireDispute, expand="payment_intent")
    intent = dispute.payment_intent
    if intent is None or not intent.ours:
        return NOT_OURS
    money = from_stripe(dispute.amount, dispute.currency.upper())
    told = Dispute(
        provider=PROVIDER,
        dispute_id=dispute.id,
        transaction_id=intent.id,
        state=_dispute_state(dispute),
        money=money,
        reason=dispute.reason,
        at_ms=event.created * 1000,
    )
    return DisputeNotice(*_owner(intent), told)


def _dispute_state(dispute: WireDispute) -> DisputeState:
    """A prevented dispute was settled before it began, with the buyer's money or without."""
    if dispute.status == "prevented":
        taken = sum(each.amount for each in dispute.balance_transactions) < 0
        return DisputeState.LOST if taken else DisputeState.WON
    if dispute.status not in DISPUTE_STATES:
        raise RequestInvalid("a dispute in a state that Stripe does not document")
    return DISPUTE_STATES[dispute.status]


def _unpaid(named: Owned, reason: str) -> Notice:
    return UnpaidNotice(*_owner(named), reason) if named.ours else NOT_OURS


def _owner(named: Owned) -> tuple[str, str]:
    return named.note("merchant_id"), named.note("order_id")


READERS: dict[str, Callable[[Event, StripeApi], Notice]] = {
    "payment_intent.succeeded": _intent_succeeded,
    "payment_intent.payment_failed": _intent_unpaid,
    "payment_intent.canceled": _intent_unpaid,
    "checkout.session.completed": _session_completed,
    "checkout.session.async_payment_succeeded": _session_completed,
    "checkout.session.async_payment_failed": _session_unpaid,
    "checkout.session.expired": _session_unpaid,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
}
"""`charge.refunded` is not here: it tells the sum of all refunds, and of none which it is."""
