"""Payments at Stripe: PaymentIntents in the shop's own page, Checkout Sessions on Stripe's.

Sources: docs.stripe.com/payments/paymentintents/lifecycle, /api/payment_intents/cancel,
/api/checkout/sessions/expire.
"""

from typing import NamedTuple

from scrip.adapters.gateways.stripe_amounts import from_stripe, to_stripe
from scrip.adapters.gateways.stripe_api import named
from scrip.adapters.gateways.stripe_objects import Charge, CheckoutSession, PaymentIntent
from scrip.domain.errors import RequestInvalid
from scrip.domain.money import Money
from scrip.domain.payment import OpenedPayment, Payment, PaymentRequest, Unpaid

PROVIDER = "stripe"


class Collection(NamedTuple):
    """`close`: the call that ends one of it. `charge`: where in it the charge is to be found."""

    path: str
    shape: type[PaymentIntent] | type[CheckoutSession]
    close: str
    charge: str


INTENTS = Collection("/v1/payment_intents", PaymentIntent, "cancel", "latest_charge")
SESSIONS = Collection(
    "/v1/checkout/sessions", CheckoutSession, "expire", "payment_intent.latest_charge"
)

METHOD_FORMS: dict[str, dict[str, str]] = {
    "card": {},
    "alipay": {},
    "ideal": {},
    "paypal": {},
    "wechat_pay": {"payment_method_options[wechat_pay][client]": "web"},
}
"""Ways to pay that can be asked for, and what Stripe wants to know of each. Without one it offers
all that the merchant has switched on."""

DEAD_INTENTS = frozenset({"canceled", "requires_payment_method"})
"""A completed session never asks its buyer for another way to pay."""


def collection_of(reference: str) -> Collection:
    return SESSIONS if reference.startswith("cs_") else INTENTS


def opening(request: PaymentRequest) -> tuple[Collection, dict[str, object]]:
    """Where to post what. Raises RequestInvalid, PaymentProviderRefused."""
    metadata = {"merchant_id": request.merchant_id, "order_id": request.order_id}
    price = {"currency": request.money.currency.lower(), "unit_amount": to_stripe(request.money)}
    method = _method(request.method)
    if request.return_url is None:
        asked = {"amount": price["unit_amount"], "currency": price["currency"]}
        return INTENTS, {**asked, **method, **named("metadata", metadata)}
    return SESSIONS, {
        "mode": "payment",
        "success_url": request.return_url,
        "client_reference_id": request.order_id,
        "line_items[0][quantity]": 1,
        **named("line_items[0][price_data]", price),
        "line_items[0][price_data][product_data][name]": request.description,
        **method,
        **named("metadata", metadata),
        **named("payment_intent_data[metadata]", metadata),
    }


def opened(found: PaymentIntent | CheckoutSession) -> OpenedPayment:
    if isinstance(found, PaymentIntent):
        return OpenedPayment(PROVIDER, found.id, client_secret=found.client_secret)
    return OpenedPayment(PROVIDER, found.id, checkout_url=found.url)


def standing(found: PaymentIntent | CheckoutSession) -> Payment | Unpaid:
    """How a payment stands that was asked for: the same payment as its event tells."""
    if isinstance(found, PaymentIntent):
        if found.status == "succeeded":
            return intent_paid(found, found.livemode, _charged_seconds(found))
        return Unpaid(closed=found.status == "canceled")
    intent = found.payment_intent if isinstance(found.payment_intent, PaymentIntent) else None
    if found.status != "complete":
        return Unpaid(closed=found.status == "expired")
    if found.payment_status == "unpaid":
        return Unpaid(closed=intent is not None and intent.status in DEAD_INTENTS)
    at_seconds = _charged_seconds(intent) if intent else found.created
    return session_paid(found, found.livemode, at_seconds)


def intent_paid(intent: PaymentIntent, live: bool, at_seconds: int) -> Payment:
    """Raises RequestInvalid."""
    amount = intent.amount if intent.amount_received is None else intent.amount_received
    money = _money(amount, intent.currency)
    return Payment(PROVIDER, intent.id, money, live, at_seconds * 1000)


def session_paid(session: CheckoutSession, live: bool, at_seconds: int) -> Payment:
    """Raises RequestInvalid."""
    intent = session.payment_intent
    paid_by = intent.id if isinstance(intent, PaymentIntent) else intent
    money = _money(session.amount_total, session.currency)
    return Payment(PROVIDER, paid_by or session.id, money, live, at_seconds * 1000)


def _charged_seconds(intent: PaymentIntent) -> int:
    """When the charge was made; of a bank debit, which takes days, not when it succeeded."""
    charge = intent.latest_charge
    return charge.created if isinstance(charge, Charge) else intent.created


def _money(amount: int | None, currency: str | None) -> Money:
    if amount is None or not currency:
        raise RequestInvalid("a payment without amount or currency")
    return from_stripe(amount, currency.upper())


def _method(method: str | None) -> dict[str, str]:
    if method is None:
        return {}
    if method not in METHOD_FORMS:
        raise RequestInvalid(f"method: one of {', '.join(METHOD_FORMS)}")
    return {"payment_method_types[0]": method, **METHOD_FORMS[method]}
