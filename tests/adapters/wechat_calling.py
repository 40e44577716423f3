"""What a shop asks of WeChat Pay, to test with."""

from typing import Any

from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.wechat import WechatGateway
from scrip.domain.money import Money
from scrip.domain.payment import Payment, PaymentAsked, PaymentRequest
from scrip.domain.refund import RefundRequest
from tests.domain.making import ORDER_ID
from tests.oracles.wechat_keys import NOW_SECONDS, secrets
from tests.oracles.wechat_server import WechatServer

ASKED = PaymentAsked("demo", ORDER_ID, ORDER_ID)


def gateway(base: str, **changes: Any) -> WechatGateway:
    return WechatGateway(secrets(**changes), base, URLLib3Session(timeout=1), lambda: NOW_SECONDS)


def request(**changes: Any) -> PaymentRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "money": Money(4500, "CNY"),
        "description": "演示商店 7K2M",
        "return_url": None,
        "expires_at_ms": NOW_SECONDS * 1000 + 900_500,
    }
    return PaymentRequest(**{**facts, **changes})


def payment(api: WechatServer, amount: int = 4500) -> Payment:
    return Payment(
        "wechat",
        api.orders[ORDER_ID]["transaction_id"],
        Money(amount, "CNY"),
        True,
        NOW_SECONDS * 1000,
    )


def refund(api: WechatServer, amount: int = 1000, **changes: Any) -> RefundRequest:
    facts: dict[str, Any] = {
        "merchant_id": "demo",
        "order_id": ORDER_ID,
        "refund_id": "R7K2M9Q4XTB3WHD5N0",
        "payment": payment(api),
        "payment_ref": ORDER_ID,
        "money": Money(amount, "CNY"),
        "reason": "sold out",
    }
    return RefundRequest(**{**facts, **changes})
