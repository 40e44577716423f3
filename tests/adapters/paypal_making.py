"""A shop's PayPal account, against the stand-in over loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.paypal import PayPalGateway
from scrip.adapters.gateways.paypal_account import PayPalSecrets
from scrip.adapters.gateways.paypal_signing import Certificates
from scrip.domain.money import Money
from scrip.domain.payment import Payment, PaymentAsked, PaymentRequest
from scrip.domain.refund import RefundRequest
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.paypal_server import (
    ACCOUNT,
    CLIENT_ID,
    CLIENT_SECRET,
    PayPalServer,
    paypal_server,
)

NOW = NOW_MS // 1000
SECRETS = PayPalSecrets("sandbox", CLIENT_ID, CLIENT_SECRET, ACCOUNT, ("8PT597110X687430L",))


def gateway(api: PayPalServer, secrets: PayPalSecrets = SECRETS) -> PayPalGateway:
    made = PayPalGateway(secrets, api.base, URLLib3Session(timeout=2))
    made.certificates = Certificates(lambda: api.signer.roots)
    return made


def request(**changes: Any) -> PaymentRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "money": Money(4500, "EUR"),
        "description": "Shop demo",
        "return_url": "https://shop.example/thanks?a=1",
        "expires_at_ms": 1_800_000_000_000,
    }
    return PaymentRequest(**{**facts, **changes})


def opened(api: PayPalServer, **changes: Any) -> PaymentAsked:
    """An order that was opened at PayPal, and how to ask about it."""
    wanted = request(**changes)
    reference = gateway(api).open_payment(wanted).reference
    return PaymentAsked(wanted.merchant_id, wanted.order_id, reference)


def paid(api: PayPalServer, **changes: Any) -> tuple[PaymentAsked, Payment]:
    """An order that was captured, and its payment."""
    asked = opened(api, **changes)
    api.approve(asked.reference)
    payment = gateway(api).query_payment(asked)
    assert isinstance(payment, Payment)
    return asked, payment


def refund_of(asked: PaymentAsked, payment: Payment, **changes: Any) -> RefundRequest:
    facts: dict[str, Any] = {
        "merchant_id": asked.merchant_id,
        "order_id": asked.order_id,
        "refund_id": "R7K2M9Q4XTB3WHD5N01",
        "payment": payment,
        "payment_ref": asked.reference,
        "money": payment.money,
        "reason": "sold out",
    }
    return RefundRequest(**{**facts, **changes})


@contextmanager
def account() -> Iterator[PayPalServer]:
    """An empty book, and no token of an earlier one."""
    with paypal_server() as api:
        yield api
