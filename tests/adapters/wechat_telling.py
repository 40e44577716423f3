"""What WeChat Pay tells a shop, sealed and signed, to test with."""

from base64 import b64encode
from functools import cache
from typing import Any

from botocore.httpsession import URLLib3Session
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from scrip.adapters.gateways.wechat import WechatGateway
from scrip.domain.money import Money
from scrip.domain.notice import Notice, PaymentNotice
from scrip.domain.payment import Payment
from tests.domain.making import ORDER_ID
from tests.oracles.wechat_keys import APPID, MCHID, NOW_SECONDS, PUBLIC_KEY_ID, pair, secrets
from tests.oracles.wechat_server import WechatServer

NOW_MS = NOW_SECONDS * 1000
OTHER_KEY = "another0APIv3key0of32characters0"
WECHAT = WechatServer()  # not listening: it only seals and signs
PAID = {
    "mchid": MCHID,
    "appid": APPID,
    "out_trade_no": ORDER_ID,
    "transaction_id": "4200000985202103031441826014",
    "trade_type": "NATIVE",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "bank_type": "OTHERS",
    "attach": "demo",
    "success_time": "2025-10-09T16:53:15+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 4500, "payer_total": 4400, "currency": "CNY", "payer_currency": "CNY"},
}
NOTICE = PaymentNotice(
    "demo",
    ORDER_ID,
    Payment("wechat", "4200000985202103031441826014", Money(4500, "CNY"), True, NOW_MS - 5000),
)
REFUNDED = {
    "mchid": MCHID,
    "out_trade_no": ORDER_ID,
    "transaction_id": "4200000985202103031441826014",
    "out_refund_no": "R7K2M9Q4XTB3WHD5N0",
    "refund_id": "50200207182018070300011301001",
    "refund_status": "SUCCESS",
    "success_time": "2025-10-09T16:53:22+08:00",
    "user_received_account": "招商银行信用卡0403",
    "amount": {"total": 4500, "refund": 1000, "payer_total": 4400, "payer_refund": 970},
}


@cache
def gateway(**changes: Any) -> WechatGateway:
    return WechatGateway(secrets(**changes), "http://127.0.0.1:9", URLLib3Session(timeout=1))


def read(raw: bytes, headers: dict[str, str], now_seconds: int = NOW_SECONDS) -> Notice:
    return gateway().read_callback(raw, headers, now_seconds)


def signed(raw: bytes, stamp: str = str(NOW_SECONDS), nonce: str = "n1") -> dict[str, str]:
    """As the library signs, for bytes that are no text."""
    message = f"{stamp}\n{nonce}\n".encode() + raw + b"\n"
    signature = pair(PUBLIC_KEY_ID).private.sign(message, PKCS1v15(), SHA256())
    return {
        **WECHAT.sign(b""),
        "wechatpay-timestamp": stamp,
        "wechatpay-nonce": nonce,
        "wechatpay-signature": b64encode(signature).decode(),
    }
