"""Calls to a merchant's bridge: signed as Standard Webhooks, answered in our words.

A provider that we have no module for has calls that we do not know. Its merchant writes one small
function that takes ours and makes the provider's.
"""

import hmac
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.http import send
from scrip.adapters.gateways.standard_signing import key_of, signed_headers
from scrip.domain.errors import (
    PaymentCallMissing,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
)
from scrip.domain.money import Money
from scrip.domain.payment import Payment, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest, RefundState

MOST_BYTES = 64 * 1024
BUSY = (408, 409, 425, 429)

Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
Minor = Annotated[int, msgspec.Meta(ge=0, lt=10**15)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Paid(msgspec.Struct, tag="paid", tag_field="state", frozen=True):
    """Money came for the order."""

    transaction_id: Text
    amount_minor: Minor
    currency: Currency
    paid_at_ms: int

    def read(self, provider: str, live: bool) -> Payment:
        money = Money(self.amount_minor, self.currency)
        return Payment(provider, self.transaction_id, money, live, self.paid_at_ms)


class NotPaid(msgspec.Struct, tag="unpaid", tag_field="state", frozen=True):
    """No money came yet."""

    def read(self, _provider: str, _live: bool) -> Unpaid:
        return Unpaid()


class Closed(msgspec.Struct, tag="closed", tag_field="state", frozen=True):
    """No money came, nor can it."""

    def read(self, _provider: str, _live: bool) -> Unpaid:
        return Unpaid(closed=True)


PaymentAnswer = Paid | NotPaid | Closed


class RefundAnswer(msgspec.Struct, frozen=True):
    """`unknown`: the refund was never begun."""

    state: Literal["pending", "succeeded", "failed", "stuck", "unknown"]
    refund_ref: Annotated[str, msgspec.Meta(max_length=128)] = ""
    at_ms: int = 0

    def read(self, asked: RefundRequest) -> RefundReport | None:
        if self.state == "unknown":
            return None
        state = RefundState(self.state)
        return RefundReport(asked.refund_id, self.refund_ref, state, asked.money, self.at_ms)


class Bridge:
    """`url`: where the merchant's function listens. None: there is none, every call is refused."""

    def __init__(
        self,
        url: str | None,
        secret: str,
        http: URLLib3Session,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self.secret = secret
        self.http = http
        self.clock = clock

    def ask(self, kind: str, data: dict[str, Any], shape: Any) -> Any:
        """Raises PaymentProviderRefused, PaymentProviderUnavailable. The message id is made of the
        content: the same call again bears the same."""
        if self.url is None:
            raise PaymentCallMissing("this provider has no such call")
        body = msgspec.json.encode({"type": kind, "data": data})
        message_id = "msg_" + hmac.digest(key_of(self.secret), body, "sha256").hex()[:32]
        headers = signed_headers(self.secret, message_id, int(self.clock()), body)
        headers["Content-Type"] = "application/json"
        answer = send(self.http, "POST", self.url, headers, body, MOST_BYTES)
        if answer.status in BUSY or answer.status >= 500:
            raise PaymentProviderUnavailable(f"the bridge answered {answer.status}")
        if answer.status != 200:
            raise PaymentProviderRefused(f"the bridge answered {answer.status}")
        try:
            return msgspec.json.decode(answer.content, type=shape)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise PaymentProviderUnavailable("the bridge's answer is not of its shape") from error
