"""ExamplePay, an imaginary provider: JSON over HTTPS, callbacks signed as Standard Webhooks are.

To be copied to layers/scrip/python/scrip/adapters/gateways/ and changed. Name your provider's pages
here: whoever mends this reads them first. Source: standardwebhooks.com.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, TypeVar

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.gateways.http import HttpAnswer, send
from scrip.adapters.gateways.port import Gateway
from scrip.adapters.gateways.standard_signing import HEADERS, key_of, verify
from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import (
    BillNotReady,
    PaymentMerchantMismatch,
    PaymentModeMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    RequestMalformed,
)
from scrip.domain.money import Money
from scrip.domain.notice import IgnoredNotice, Notice, PaymentNotice, RefundNotice, UnpaidNotice
from scrip.domain.payment import OpenedPayment, Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest, RefundState

PROVIDER = "examplepay"
API_BASE = "https://api.examplepay.example"
METHODS = ("page",)
SIGNATURE_HEADERS = HEADERS
ACKNOWLEDGED = Acknowledgement(204, "", b"")

Shape = TypeVar("Shape")


class ExamplePaySecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a merchant sets. Never empty: a callback signed with an empty key proves nothing."""

    account: Annotated[str, msgspec.Meta(pattern=r"^acct_[a-z0-9]{4,}\Z")]
    api_key: Annotated[str, msgspec.Meta(pattern=r"^(test|live)_[A-Za-z0-9]{16,}\Z")]
    webhook_secrets: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        for secret in self.webhook_secrets:
            key_of(secret)

    @property
    def live(self) -> bool:
        return self.api_key.startswith("live_")

    def __repr__(self) -> str:
        return "ExamplePaySecrets(...)"


class _Payment(msgspec.Struct):
    """Or a refund, which has a `refund` and the `payment` it gives back. `merchant`, `order` and
    `refund` are our ids; amounts and `fee` are in minor units."""

    id: str
    account: str
    merchant: str
    order: str
    status: str
    amount: Annotated[int, msgspec.Meta(ge=0)]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
    at_ms: int
    live: bool = False
    refund: str = ""
    payment: str = ""
    fee: int = 0
    page_url: str | None = None


class _Event(msgspec.Struct):
    type: str
    data: _Payment


REFUND_STATES = {
    "sent": RefundState.PENDING,
    "done": RefundState.SUCCEEDED,
    "bounced": RefundState.FAILED,
}


class ExamplePayGateway:
    provider = PROVIDER

    def __init__(self, secrets: ExamplePaySecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.api_base = (api_base or API_BASE).rstrip("/")
        self.http = http

    def open_payment(self, request: PaymentRequest) -> OpenedPayment:
        """PUT under the order's id: sent again it is the same payment."""
        if request.method not in (None, *METHODS):
            raise RequestInvalid("method: page")
        wanted = {
            "merchant": request.merchant_id,
            "amount": request.money.amount_minor,
            "currency": request.money.currency,
            "title": request.description,
            "return_url": request.return_url,
        }
        return _opened(self._told("PUT", f"/payments/{request.order_id}", _Payment, wanted))

    def read_payment(self, _: PaymentRequest, reference: str) -> OpenedPayment:
        return _opened(self._told("GET", f"/payments/{reference}", _Payment))

    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> None:
        verify(raw, headers, self.secrets.webhook_secrets, now_seconds)

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        self.verify_callback(raw, headers, now_seconds)
        try:
            event = msgspec.json.decode(raw, type=_Event)
        except msgspec.ValidationError as error:
            raise RequestInvalid(str(error)) from error
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestMalformed("the callback is not valid JSON") from error
        read = READERS.get(event.type)
        if read is None:
            return IgnoredNotice(f"event {event.type}")
        if event.data.account != self.secrets.account:
            raise PaymentMerchantMismatch("paid to another account")
        if event.data.live != self.secrets.live:
            raise PaymentModeMismatch(f"live is {event.data.live}")
        return read(event.data)

    def query_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        return _standing(self._told("GET", f"/payments/{asked.reference}", _Payment))

    def close_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        """It answers what became of it: closed, or paid after all."""
        return _standing(self._told("DELETE", f"/payments/{asked.reference}", _Payment))

    def refund(self, request: RefundRequest) -> RefundReport:
        """PUT under the refund's id: sent again it is the same refund."""
        wanted = {
            "payment": request.payment.transaction_id,
            "amount": request.money.amount_minor,
        }
        return _report(self._told("PUT", f"/refunds/{request.refund_id}", _Payment, wanted))

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        answer = self._ask("GET", f"/refunds/{request.refund_id}")
        return None if answer.status == 404 else _report(_decoded(answer, _Payment))

    def download_bill(self, day: str) -> Iterator[BillLine]:
        answer = self._ask("GET", f"/bills/{day}")
        if answer.status == 404:
            raise BillNotReady(day)
        return (_line(each) for each in _decoded(answer, list[_Payment]))

    def _told(
        self, method: str, path: str, shape: type[Shape], wanted: object | None = None
    ) -> Shape:
        return _decoded(self._ask(method, path, wanted), shape)

    def _ask(self, method: str, path: str, wanted: object | None = None) -> HttpAnswer:
        headers = {
            "Authorization": f"Bearer {self.secrets.api_key}",
            "Content-Type": "application/json",
        }
        body = b"" if wanted is None else msgspec.json.encode(wanted)
        return send(self.http, method, self.api_base + path, headers, body)


def _decoded(answer: HttpAnswer, shape: type[Shape]) -> Shape:
    """A refusal's own words may quote the request: only its number is told."""
    if answer.status == 429 or answer.status >= 500:
        raise PaymentProviderUnavailable(f"ExamplePay answered {answer.status}")
    if answer.status >= 300:
        raise PaymentProviderRefused(f"ExamplePay answered {answer.status}")
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PaymentProviderUnavailable("ExamplePay's answer is not its own") from error


def _paid(paid: _Payment) -> PaymentNotice:
    money = Money(paid.amount, paid.currency)
    payment = Payment(PROVIDER, paid.id, money, paid.live, paid.at_ms)
    return PaymentNotice(paid.merchant, paid.order, payment)


def _unpaid(closed: _Payment) -> UnpaidNotice:
    return UnpaidNotice(closed.merchant, closed.order, closed.status)


def _refunded(refund: _Payment) -> RefundNotice:
    return RefundNotice(refund.merchant, refund.order, refund.payment, _report(refund))


READERS: dict[str, Callable[[_Payment], Notice]] = {
    "payment.paid": _paid,
    "payment.closed": _unpaid,
    "refund.moved": _refunded,
}


def _opened(payment: _Payment) -> OpenedPayment:
    return OpenedPayment(PROVIDER, payment.order, checkout_url=payment.page_url)


def _standing(payment: _Payment) -> Payment | Unpaid:
    if payment.status == "paid":
        return _paid(payment).payment
    return Unpaid(closed=payment.status == "closed")


def _report(refund: _Payment) -> RefundReport:
    """A state that is not in the table is for a person."""
    state = REFUND_STATES.get(refund.status, RefundState.STUCK)
    money = Money(refund.amount, refund.currency)
    return RefundReport(refund.refund, refund.id, state, money, refund.at_ms)


def _line(line: _Payment) -> BillLine:
    kind = BillKind.REFUND if line.refund else BillKind.PAYMENT
    money = Money(line.amount, line.currency)
    paid = line.payment or line.id
    return BillLine(kind, paid, line.order, line.refund, money, line.fee, line.at_ms)


SECRETS = ExamplePaySecrets
GATEWAY: Callable[[ExamplePaySecrets, str, URLLib3Session], Gateway] = ExamplePayGateway
