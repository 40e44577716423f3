"""A shop's account with Alipay, to test with."""

from typing import Any

from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.alipay import AlipayGateway
from scrip.adapters.gateways.alipay_secrets import AlipaySecrets
from scrip.domain.money import Money
from scrip.domain.payment import Payment, PaymentAsked, PaymentRequest
from scrip.domain.refund import RefundRequest
from tests.domain.making import NOW_MS, ORDER_ID, WINDOW_MS
from tests.oracles.alipay_server import (
    ALIPAY_KEY,
    APP_ID,
    APP_KEY,
    NOTIFY_URL,
    SELLER_ID,
    AlipayServer,
    Trade,
    bare,
)

NOW = NOW_MS // 1000
EXPIRES_MS = NOW_MS + WINDOW_MS
NUMBER = "2026112222001400000000000001"
REFUND_ID = "RF7K2M9Q4XTB3WHD5N000001"


def secrets(**changes: Any) -> AlipaySecrets:
    facts: dict[str, Any] = {
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "app_private_key": bare(APP_KEY),
        "alipay_public_keys": (bare(ALIPAY_KEY.public_key()),),
        "notify_url": NOTIFY_URL,
        "sandbox": True,
    }
    return AlipaySecrets(**{**facts, **changes})


SECRETS = secrets()


def gateway(
    api: AlipayServer | None = None, given: AlipaySecrets = SECRETS, seconds: int = 5
) -> AlipayGateway:
    http = URLLib3Session(timeout=seconds)
    if api is None:
        return AlipayGateway(given, "http://127.0.0.1:9", http, lambda: NOW)
    return AlipayGateway(given, api.base, http, api.clock)


def request(**changes: Any) -> PaymentRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "money": Money(4500, "CNY"),
        "description": "Shop demo",
        "return_url": None,
        "expires_at_ms": EXPIRES_MS,
    }
    return PaymentRequest(**{**facts, **changes})


def opened(api: AlipayServer, **changes: Any) -> PaymentAsked:
    """A payment whose buyer is on its page."""
    asked = request(**changes)
    payment = gateway(api).open_payment(asked)
    assert payment.checkout_url
    api.visit(payment.checkout_url)
    return PaymentAsked(asked.merchant_id, asked.order_id, payment.reference)


def paid(api: AlipayServer) -> Payment:
    asked = opened(api)
    api.pay(asked.order_id)
    payment = gateway(api).query_payment(asked)
    assert isinstance(payment, Payment)
    return payment


def refund_of(payment: Payment, fen: int = 4500, **changes: Any) -> RefundRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "refund_id": REFUND_ID,
        "payment": payment,
        "payment_ref": "page-0-0",
        "money": Money(fen, "CNY"),
        "reason": "sold out",
    }
    return RefundRequest(**{**facts, **changes})


def standing() -> AlipayServer:
    """A book with one paid order, and nobody to call."""
    content = {"total_amount": "45.00", "subject": "礼品卡 +1%&=", "passback_params": "demo"}
    trade = Trade(NUMBER, content, "TRADE_SUCCESS", "2025-10-09 16:53:20")
    return AlipayServer(now=NOW, trades={ORDER_ID: trade})
