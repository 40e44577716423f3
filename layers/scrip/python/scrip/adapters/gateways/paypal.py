"""PayPal: opens orders, captures them, reads its callbacks.

Sources: developer.paypal.com/docs/api/orders/v2, /docs/api/payments/v2,
/docs/api/customer-disputes/v1, /api/rest/webhooks/event-names.

Money moves when we capture an order that its buyer approved, and at no other time. A callback only
tells what to ask about: every notice is made of PayPal's own answer to us.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.paypal_account import API_BASES, PayPalSecrets
from scrip.adapters.gateways.paypal_amounts import to_paypal
from scrip.adapters.gateways.paypal_api import NOT_FOUND, Known, PayPalApi
from scrip.adapters.gateways.paypal_bill import bill
from scrip.adapters.gateways.paypal_shapes import (
    CLOSED,
    PENDING,
    TAKEN,
    Capture,
    Id,
    Order,
    Refund,
    Tag,
    WireDispute,
)
from scrip.adapters.gateways.paypal_signing import HEADERS, Certificates, trusted_roots, verify
from scrip.domain.bill import BillLine
from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.errors import (
    PaymentMerchantMismatch,
    RequestInvalid,
    RequestMalformed,
)
from scrip.domain.notice import (
    DisputeNotice,
    IgnoredNotice,
    Notice,
    PaymentNotice,
    RefundNotice,
    UnpaidNotice,
)
from scrip.domain.payment import OpenedPayment, Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest

PROVIDER = "paypal"
METHODS = ("paypal",)
SIGNATURE_HEADERS = HEADERS
ACKNOWLEDGED = None

LONGEST_TEXT = 127
CUSTOM_ID = "/purchase_units/@reference_id=='default'/custom_id"

CAPTURED = "ORDER_ALREADY_CAPTURED"
NOT_CAPTURED = frozenset(
    {
        "COMPLIANCE_VIOLATION",
        "DUPLICATE_INVOICE_ID",
        "INSTRUMENT_DECLINED",
        "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
        "ORDER_EXPIRED",
        "ORDER_NOT_APPROVED",
        "PAYEE_BLOCKED_TRANSACTION",
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
        "PAYER_ACCOUNT_RESTRICTED",
        "PAYER_ACTION_REQUIRED",
        "PAYER_CANNOT_PAY",
        "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
        "TRANSACTION_BLOCKED_BY_PAYEE",
        "TRANSACTION_LIMIT_EXCEEDED",
        "TRANSACTION_RECEIVING_LIMIT_EXCEEDED",
        "TRANSACTION_REFUSED",
    }
)
"""Why a capture brings no money: of this buyer's money, not of our call."""

DISPUTE_STATES = {
    "ACCEPTED": DisputeState.LOST,
    "CANCELED_BY_BUYER": DisputeState.WON,
    "DENIED": DisputeState.WON,
    "NONE": DisputeState.WON,
    "RESOLVED_BUYER_FAVOUR": DisputeState.LOST,
    "RESOLVED_SELLER_FAVOUR": DisputeState.WON,
    "RESOLVED_WITH_PAYOUT": DisputeState.WON,
}
"""By the outcome of a resolved dispute. Any other is still open: a person must look."""


class _Event(msgspec.Struct):
    event_type: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9._-]{1,64}\Z")]
    resource: msgspec.Raw


class _Named(msgspec.Struct):
    id: Id


class _NamedDispute(msgspec.Struct):
    id: Id = msgspec.field(name="dispute_id")


class PayPalGateway:
    """One merchant's PayPal account."""

    provider = PROVIDER
    certificates = Certificates(trusted_roots)
    """PayPal's, whoever the merchant is."""

    def __init__(self, secrets: PayPalSecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.http = http
        base = (api_base or API_BASES[secrets.environment]).rstrip("/")
        self.api = PayPalApi(base, secrets.client_id, secrets.client_secret, http)
        self.place = secrets.place(base)

    def open_payment(self, request: PaymentRequest) -> OpenedPayment:
        """Create an order for its buyer to approve. Repeating it within six hours answers the same.

        `application_context` is the older way to say where to lead back to. The newer one makes
        orders that PayPal does not promise to let be changed, so that they could not be closed.
        """
        if request.method not in (None, *METHODS):
            raise RequestInvalid(f"PayPal has no method {request.method}")
        unit = {
            "custom_id": str(Tag(request.merchant_id, request.order_id)),
            "invoice_id": request.order_id,
            "description": request.description[:LONGEST_TEXT],
            "amount": {
                "currency_code": request.money.currency,
                "value": to_paypal(request.money),
            },
        }
        context = {"user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING"}
        if request.return_url is not None:
            context |= {"return_url": request.return_url, "cancel_url": request.return_url}
        body = {"intent": "CAPTURE", "purchase_units": [unit], "application_context": context}
        return _opened(self.api.post("/v2/checkout/orders", body, request.key, Order))

    def read_payment(self, _: PaymentRequest, reference: str) -> OpenedPayment:
        """A payment opened before, as its buyer needs it."""
        return _opened(self._order(reference))

    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> None:
        key_at = partial(self._key_at, now_seconds)
        verify(raw, headers, self.secrets.webhook_ids, key_at, now_seconds)

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        """Verify the raw bytes, then ask PayPal about what they name. Raises
        PaymentProviderUnavailable and PaymentProviderRefused, too."""
        self.verify_callback(raw, headers, now_seconds)
        event = _decode(raw, _Event)
        shape, read = READERS.get(event.event_type, (None, None))
        if shape is None or read is None:
            return IgnoredNotice(f"event {event.event_type}")
        try:
            return read(self, _decode(event.resource, shape).id)
        except Known as unknown:
            raise RequestInvalid("PayPal does not know what the callback names") from unknown

    def query_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        """Captures what its buyer approved: whoever approved and never came back has bought."""
        try:
            order, _ = self._brought_in(asked.reference)
        except Known:
            return Unpaid(closed=True)
        return self._standing(order)

    def close_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        """PayPal cannot cancel an order, but without a capture no money comes. So it is marked, at
        PayPal, and what bears the mark is never captured here. A capture that is under way in
        this very moment is told by its own callback."""
        path = f"/v2/checkout/orders/{asked.reference}"
        try:
            order = self.api.get(path, Order, (NOT_FOUND,))
            if not order.ended:
                mark = str(Tag(asked.merchant_id, asked.order_id, CLOSED))
                self.api.replace(path, CUSTOM_ID, mark)
                order = self.api.get(path, Order, (NOT_FOUND,))
        except Known:
            return Unpaid(closed=True)
        return self._standing(order)

    def refund(self, request: RefundRequest) -> RefundReport:
        """PayPal keeps the refund's id for 45 days: repeated later, it would be another refund."""
        body: dict[str, Any] = {
            "amount": {
                "currency_code": request.money.currency,
                "value": to_paypal(request.money),
            },
            "custom_id": str(Tag(request.merchant_id, request.order_id)),
            "invoice_id": request.refund_id,
        }
        if request.reason:  # PayPal takes no empty note
            body["note_to_payer"] = request.reason[:LONGEST_TEXT]
        path = f"/v2/payments/captures/{request.payment.transaction_id}/refund"
        done = self.api.post(path, body, request.refund_id, Refund)
        return _report(request.refund_id, done)

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        """Found by our number in the order: PayPal cannot be asked by it."""
        for refund in self._order(request.payment_ref).unit.payments.refunds:
            if refund.invoice_id == request.refund_id:
                return _report(request.refund_id, refund)
        return None

    def download_bill(self, day: str) -> Iterator[BillLine]:
        """A day in UTC. PayPal shows a transaction within three hours. Raises BillNotReady."""
        return bill(self.api, day)

    def _key_at(self, now_seconds: int, url: str) -> Any:
        return self.certificates.key_at(url, self.place, self.http, now_seconds)

    def _order(self, reference: str) -> Order:
        return self.api.get(f"/v2/checkout/orders/{reference}", Order)

    def _capture(self, capture_id: str) -> Capture:
        """Raises PaymentMerchantMismatch, Known."""
        capture = self.api.get(f"/v2/payments/captures/{capture_id}", Capture, (NOT_FOUND,))
        return self._paid_to_us(capture)

    def _brought_in(self, reference: str) -> tuple[Order, str]:
        """An order of ours, captured if its buyer approved it and nobody closed it; and PayPal's
        word for why no money came. Raises Known when PayPal has forgotten it."""
        path = f"/v2/checkout/orders/{reference}"
        order = self.api.get(path, Order, (NOT_FOUND,))
        if order.status != "APPROVED" or order.ended or order.tag is None:
            return order, ""
        # A buyer may approve again after a refusal. Were the key the same, so would be the answer.
        key = f"{order.id}-{order.update_time}"
        known = (CAPTURED, *NOT_CAPTURED)
        try:
            return self.api.post(f"{path}/capture", {}, key, Order, known), ""
        except Known as refused:
            if refused.code == CAPTURED:
                return self.api.get(path, Order, (NOT_FOUND,)), ""
            return order, refused.code

    def _standing(self, order: Order) -> Payment | Unpaid:
        capture = order.capture
        if capture is None or capture.status not in TAKEN:
            return Unpaid(closed=order.ended)
        return Unpaid() if capture.status == PENDING else self._payment(capture)

    def _paid_to_us(self, capture: Capture) -> Capture:
        if capture.payee.merchant_id not in ("", self.secrets.merchant_id):
            raise PaymentMerchantMismatch("another account was paid")
        return capture

    def _payment(self, capture: Capture) -> Payment:
        self._paid_to_us(capture)
        return Payment(
            provider=PROVIDER,
            transaction_id=capture.id,
            money=capture.amount.money,
            live=self.secrets.live,
            succeeded_at_ms=capture.succeeded_at_ms,
        )

    def _of_order(self, order_id: str) -> Notice:
        order, refused = self._brought_in(order_id)
        if order.tag is not None and order.capture is not None:
            return self._told(order.tag, order.capture)
        if order.tag is not None and refused:
            return UnpaidNotice(order.tag.merchant_id, order.tag.order_id, refused)
        return IgnoredNotice("an order not of ours, not approved or closed")

    def _of_capture(self, capture_id: str) -> Notice:
        capture = self._capture(capture_id)
        return self._told(Tag.read(capture.custom_id), capture)

    def _told(self, tag: Tag | None, capture: Capture) -> Notice:
        if tag is None:
            return IgnoredNotice("not an order of ours")
        if capture.status == PENDING:
            return IgnoredNotice("capture still pending")
        if capture.status in TAKEN:
            return PaymentNotice(tag.merchant_id, tag.order_id, self._payment(capture))
        return UnpaidNotice(tag.merchant_id, tag.order_id, capture.status)

    def _of_refund(self, refund_id: str) -> Notice:
        """A refund, or what PayPal took back by itself: both are given back to the buyer."""
        refund = self.api.get(f"/v2/payments/refunds/{refund_id}", Refund, (NOT_FOUND,))
        if not refund.capture_id:
            return IgnoredNotice("a refund of no capture")
        capture = self._capture(refund.capture_id)
        tag = Tag.read(capture.custom_id)
        if tag is None:
            return IgnoredNotice("not an order of ours")
        ours = refund.invoice_id if refund.invoice_id != capture.invoice_id else ""
        return RefundNotice(tag.merchant_id, tag.order_id, capture.id, _report(ours, refund))

    def _of_dispute(self, dispute_id: str) -> Notice:
        dispute = self.api.get(f"/v1/customer/disputes/{dispute_id}", WireDispute, (NOT_FOUND,))
        capture = self._capture(dispute.disputed_transactions[0].seller_transaction_id)
        tag = Tag.read(capture.custom_id)
        if tag is None:
            return IgnoredNotice("not an order of ours")
        state = DisputeState.OPENED
        if dispute.status == "RESOLVED":
            state = DISPUTE_STATES.get(dispute.dispute_outcome.outcome_code, state)
        told = Dispute(
            provider=PROVIDER,
            dispute_id=dispute.dispute_id,
            transaction_id=capture.id,
            state=state,
            money=dispute.dispute_amount.money,
            reason=dispute.reason,
            at_ms=dispute.at_ms,
        )
        return DisputeNotice(tag.merchant_id, tag.order_id, told)


Reader = tuple[type[Any], Callable[[PayPalGateway, str], Notice]]

CAPTURES: Reader = (_Named, PayPalGateway._of_capture)
REFUNDS: Reader = (_Named, PayPalGateway._of_refund)
DISPUTES: Reader = (_NamedDispute, PayPalGateway._of_dispute)
READERS: dict[str, Reader] = {
    "CHECKOUT.ORDER.APPROVED": (_Named, PayPalGateway._of_order),
    "PAYMENT.CAPTURE.COMPLETED": CAPTURES,
    "PAYMENT.CAPTURE.DECLINED": CAPTURES,
    "PAYMENT.CAPTURE.DENIED": CAPTURES,
    "PAYMENT.CAPTURE.PENDING": CAPTURES,
    "PAYMENT.CAPTURE.REFUNDED": REFUNDS,
    "PAYMENT.CAPTURE.REVERSED": REFUNDS,
    "CUSTOMER.DISPUTE.CREATED": DISPUTES,
    "CUSTOMER.DISPUTE.UPDATED": DISPUTES,
    "CUSTOMER.DISPUTE.RESOLVED": DISPUTES,
}
"""Event -> the shape of what it names, and how that is asked about."""


def _decode(raw: bytes | msgspec.Raw, shape: type[Any]) -> Any:
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise RequestInvalid(str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RequestMalformed("the callback is not valid JSON") from error


def _opened(order: Order) -> OpenedPayment:
    return OpenedPayment(PROVIDER, order.id, checkout_url=order.page)


def _report(refund_id: str, refund: Refund) -> RefundReport:
    return RefundReport(refund_id, refund.id, refund.state, refund.amount.money, refund.at_ms)


SECRETS, GATEWAY = PayPalSecrets, PayPalGateway
