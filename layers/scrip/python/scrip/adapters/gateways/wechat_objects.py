"""What WeChat Pay says of payments and refunds, in words of ours.

`amount.total` and `amount.refund` are what was asked for. What the payer gave or gets
(`payer_total`, `payer_refund`) may be less by coupons, which WeChat makes good.
Source: pay.weixin.qq.com/doc/v3/merchant/4013070356 (query), 4012556457 (refund).
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from scrip.domain.money import Money
from scrip.domain.payment import Payment, Unpaid
from scrip.domain.refund import RefundReport, RefundState

PROVIDER = "wechat"

Fen = Annotated[int, msgspec.Meta(ge=0, lt=10**15)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]

PAID = "SUCCESS"
FINISHED = frozenset({"CLOSED", "REVOKED", "REFUND"})
"""States of an order in which no money can come any more. REFUND: it came, and some or all of it
went back: nothing is delivered for it."""

REFUND_STATES = {
    "SUCCESS": RefundState.SUCCEEDED,
    "CLOSED": RefundState.FAILED,
    "PROCESSING": RefundState.PENDING,
    "ABNORMAL": RefundState.STUCK,  # the buyer's card is gone: a person must name an account
}
RefundStatus = Literal["SUCCESS", "CLOSED", "PROCESSING", "ABNORMAL"]


class Transaction(msgspec.Struct):
    """An order, however far it is."""

    mchid: str
    appid: str
    out_trade_no: str
    trade_state: str
    attach: str = ""

    @property
    def unpaid(self) -> Unpaid:
        return Unpaid(closed=self.trade_state in FINISHED)


class _Total(msgspec.Struct):
    total: Fen
    currency: Currency = "CNY"


class PaidTransaction(msgspec.Struct):
    """What an order has besides once it is paid."""

    transaction_id: Id
    success_time: Time
    amount: _Total

    @property
    def payment(self) -> Payment:
        return Payment(
            provider=PROVIDER,
            transaction_id=self.transaction_id,
            money=Money(self.amount.total, self.amount.currency),
            live=True,  # there is no other mode
            succeeded_at_ms=ms(self.success_time),
        )


class _Refunded(msgspec.Struct):
    refund: Fen
    currency: Currency = "CNY"


class Refund(msgspec.Struct):
    """A refund as it is answered."""

    out_refund_no: str
    refund_id: str
    status: RefundStatus
    create_time: Time
    amount: _Refunded
    success_time: Time | None = None

    @property
    def report(self) -> RefundReport:
        return _report(self, self.status, self.success_time or self.create_time)


class RefundNews(msgspec.Struct):
    """A refund as it is notified: without currency and app, and with a time only if it succeeded.
    `told`, when the notice was made, stands for it else."""

    mchid: str
    out_trade_no: str
    transaction_id: Id
    out_refund_no: str
    refund_id: str
    refund_status: RefundStatus
    amount: _Refunded
    success_time: Time | None = None

    def report(self, told: datetime) -> RefundReport:
        return _report(self, self.refund_status, self.success_time or told)


class Resource(msgspec.Struct):
    """Something sealed with the merchant's APIv3 key."""

    algorithm: str
    ciphertext: str
    nonce: str
    associated_data: str = ""


class Envelope(msgspec.Struct):
    """A callback's body."""

    event_type: str
    create_time: Time
    resource: Resource


def _report(refund: Refund | RefundNews, status: str, at: datetime) -> RefundReport:
    return RefundReport(
        refund_id=refund.out_refund_no,
        provider_ref=refund.refund_id,
        state=REFUND_STATES[status],
        money=Money(refund.amount.refund, refund.amount.currency),
        at_ms=ms(at),
    )


def ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
