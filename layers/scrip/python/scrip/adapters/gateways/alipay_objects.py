"""What Alipay tells, as far as it matters, and what we note of a payment to find it again.

Source: opendocs.alipay.com, "异步通知参数说明" and the answers of each method.
"""

from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from scrip.adapters.gateways.alipay_text import from_yuan


class Reference(NamedTuple):
    """By which a payment is found again: `page-1790000000-0123456789abcdef`, how it is paid, until
    when, and which figures. Alipay itself knows it by the order's id."""

    method: str
    expires_at: int
    figures: str

    @classmethod
    def read(cls, text: str) -> "Reference":
        method, expires_at, figures = text.split("-")
        return cls(method, int(expires_at), figures)

    def __str__(self) -> str:
        return "-".join(map(str, self))


class Told(msgspec.Struct):
    """A callback, as far as it matters. `refund_fee` is the sum of all refunds so far."""

    notify_type: str = ""
    notify_time: str = ""
    app_id: str = ""
    seller_id: str = ""
    passback_params: str = ""
    out_trade_no: str = ""
    trade_no: str = ""
    trade_status: str = ""
    total_amount: str = ""
    gmt_payment: str = ""
    gmt_refund: str = ""
    refund_fee: str = ""
    out_biz_no: str = ""

    @property
    def merchant_id(self) -> str:
        return unquote(self.passback_params)

    @property
    def refunded(self) -> bool:
        """Some ordinary notices carry a `refund_fee` of 0.00."""
        return bool(self.gmt_refund) or from_yuan(self.refund_fee or "0") > 0


class Precreated(msgspec.Struct):
    qr_code: str


class Trade(msgspec.Struct):
    out_trade_no: str
    trade_no: str
    trade_status: str
    total_amount: str
    send_pay_date: str = ""


class Refunded(msgspec.Struct):
    fund_change: str = ""


class FoundRefund(msgspec.Struct):
    out_trade_no: str = ""
    out_request_no: str = ""
    refund_amount: str = ""
    refund_status: str = ""
    gmt_refund_pay: str = ""


class BillFound(msgspec.Struct):
    bill_download_url: str


def our_refund_id(refund_id: str, order_id: str) -> str:
    """The number, where it could be one that was made here. A refund that was begun without one
    goes by the order's."""
    short = len(refund_id) <= 24 and refund_id.isascii() and refund_id.isalnum()
    return refund_id if short and refund_id != order_id else ""
