"""A merchant's account at the stand-in for Stripe, and what is asked of it."""

from typing import Any

from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.stripe import StripeGateway, StripeSecrets
from scrip.domain.money import Money
from scrip.domain.payment import Payment, PaymentAsked, PaymentRequest
from scrip.domain.refund import RefundRequest
from tests.domain.making import ORDER_ID
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer

PAGE = "https://shop.example/thanks"


def gateway(base: str = "http://127.0.0.1:9", key: str = SECRET_KEY) -> StripeGateway:
    return StripeGateway(StripeSecrets(key, (WEBHOOK_SECRET,)), base, URLLib3Session(timeout=1))


def request(**changes: Any) -> PaymentRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "money": Money(4500, "EUR"),
        "description": "Shop demo",
        "return_url": None,
        "expires_at_ms": 1_800_000_000_000,
    }
    return PaymentRequest(**{**facts, **changes})


def asked(reference: str) -> PaymentAsked:
    return PaymentAsked("demo", ORDER_ID, reference)


def open_one(api: StripeServer, **changes: Any) -> str:
    """The reference of a payment opened now."""
    return gateway(api.base).open_payment(request(**changes)).reference


def pay_one(api: StripeServer, **changes: Any) -> tuple[str, Payment]:
    """A payment opened and paid now."""
    reference = open_one(api, **changes)
    api.settle(reference)
    payment = gateway(api.base).query_payment(asked(reference))
    assert isinstance(payment, Payment)
    return reference, payment


def refunding(reference: str, payment: Payment, **changes: Any) -> RefundRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "refund_id": "R0000000000000000000001",
        "payment": payment,
        "payment_ref": reference,
        "money": Money(1500, "EUR"),
        "reason": "sold out",
    }
    return RefundRequest(**{**facts, **changes})
