"""Stripe: opens payments over its HTTPS API, reads its signed events.

Sources: docs.stripe.com/webhooks (signature), /api/payment_intents, /api/checkout/sessions,
/api/idempotent_requests.
"""

import base64
import hmac
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.http import send
from scrip.adapters.gateways.stripe_amounts import from_stripe, to_stripe
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentModeMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    RequestMalformed,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)
from scrip.domain.notice import IgnoredNotice, Notice, PaymentNotice
from scrip.domain.payment import OpenedPayment, Payment, PaymentRequest

PROVIDER = "stripe"
API_BASE = "https://api.stripe.com"
API_VERSION = "2024-06-20"
"""Since 2023-08-16 a PaymentIntent without payment_method_types takes what the dashboard allows."""

TOLERANCE_SECONDS = 300
PAID_SESSION_EVENTS = ("checkout.session.completed", "checkout.session.async_payment_succeeded")


class StripeSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a merchant sets for Stripe. Several webhook secrets may be valid during a rotation."""

    secret_key: Annotated[str, msgspec.Meta(pattern=r"^[rs]k_[A-Za-z0-9_]+\Z")]
    webhook_secrets: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=16)], ...], msgspec.Meta(min_length=1)
    ]

    @property
    def live(self) -> bool:
        return self.secret_key.split("_")[1] == "live"

    def __repr__(self) -> str:
        return "StripeSecrets(...)"


class _Object(msgspec.Struct):
    id: str
    currency: str | None = None
    metadata: dict[str, str] = {}
    amount: int | None = None
    amount_received: int | None = None
    amount_total: int | None = None
    payment_status: str = ""
    payment_intent: str | None = None


class _EventData(msgspec.Struct):
    object: msgspec.Raw


class _Event(msgspec.Struct):
    type: str
    created: int
    data: _EventData
    livemode: bool = False


class _Opened(msgspec.Struct):
    id: str
    client_secret: str | None = None
    url: str | None = None


class _Refusal(msgspec.Struct):
    type: str = ""
    code: str | None = None


class _RefusalBody(msgspec.Struct):
    error: _Refusal


class StripeGateway:
    """One merchant's Stripe account."""

    provider = PROVIDER

    def __init__(self, secrets: StripeSecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.api_base = (api_base or API_BASE).rstrip("/")
        self.http = http

    def open_payment(self, request: PaymentRequest) -> OpenedPayment:
        """Create a PaymentIntent, or a Checkout Session for a hosted page.

        Repeating it with the same `key` answers the same payment. Raises
        PaymentProviderUnavailable, PaymentProviderRefused, IdempotencyKeyReused.
        """
        metadata = {"merchant_id": request.merchant_id, "order_id": request.order_id}
        amount = to_stripe(request.money)
        currency = request.money.currency.lower()
        if request.return_url is None:
            form = {"amount": amount, "currency": currency, **_named("metadata", metadata)}
            return self._opened("/v1/payment_intents", form, request.key)
        line = {
            "quantity": 1,
            "price_data[currency]": currency,
            "price_data[unit_amount]": amount,
            "price_data[product_data][name]": request.description,
        }
        form = {
            "mode": "payment",
            "success_url": request.return_url,
            "client_reference_id": request.order_id,
            **{f"line_items[0]{_bracketed(name)}": value for name, value in line.items()},
            **_named("metadata", metadata),
            **_named("payment_intent_data[metadata]", metadata),
        }
        return self._opened("/v1/checkout/sessions", form, request.key)

    def read_payment(self, _: PaymentRequest, reference: str) -> OpenedPayment:
        """A payment opened before, as its buyer needs it."""
        kind = "checkout/sessions" if reference.startswith("cs_") else "payment_intents"
        return _as_opened(self._ask("GET", f"/v1/{kind}/{reference}"))

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        """Verify the signature over the raw bytes, then parse them.

        Raises SignatureMissing, SignatureInvalid, SignatureExpired, RequestMalformed,
        RequestInvalid, PaymentModeMismatch.
        """
        verify(raw, headers.get("stripe-signature", ""), self.secrets.webhook_secrets, now_seconds)
        event = _decode(raw, _Event)
        if event.type not in ("payment_intent.succeeded", *PAID_SESSION_EVENTS):
            return IgnoredNotice(f"event {event.type}")
        paid = _decode(event.data.object, _Object)
        if "order_id" not in paid.metadata:
            return IgnoredNotice("not an order of ours")
        if event.livemode != self.secrets.live:
            raise PaymentModeMismatch(f"livemode is {event.livemode}")
        if event.type in PAID_SESSION_EVENTS:
            if paid.payment_status == "unpaid":
                return IgnoredNotice("session completed, payment still under way")
            transaction_id, amount = paid.payment_intent or paid.id, paid.amount_total
        else:
            transaction_id = paid.id
            amount = paid.amount if paid.amount_received is None else paid.amount_received
        if amount is None or not paid.currency or amount < 0:
            raise RequestInvalid("a paid event without amount or currency")
        money = from_stripe(amount, paid.currency.upper())
        return PaymentNotice(
            merchant_id=paid.metadata.get("merchant_id", ""),
            order_id=paid.metadata["order_id"],
            payment=Payment(
                provider=PROVIDER,
                transaction_id=transaction_id,
                money=money,
                live=event.livemode,
                succeeded_at_ms=event.created * 1000,
            ),
        )

    def _opened(self, path: str, form: dict[str, Any], key: str) -> OpenedPayment:
        return _as_opened(self._ask("POST", path, form, key))

    def _ask(
        self, method: str, path: str, form: dict[str, Any] | None = None, key: str | None = None
    ) -> _Opened:
        login = base64.b64encode(f"{self.secrets.secret_key}:".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Stripe-Version": API_VERSION}
        if key:
            headers["Idempotency-Key"] = key
        body = b""
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form).encode()
        answer = send(self.http, method, self.api_base + path, headers, body)
        if answer.status >= 300:
            raise _refusal(answer.status, answer.content)
        try:
            return msgspec.json.decode(answer.content, type=_Opened)
        except msgspec.DecodeError as error:
            raise PaymentProviderUnavailable("Stripe's answer is not its own") from error


def verify(raw: bytes, header: str, secrets: tuple[str, ...], now_seconds: int) -> None:
    """Any `v1` that fits any secret passes: Stripe signs with both during a rotation.

    Raises SignatureMissing, SignatureInvalid, SignatureExpired.
    """
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    stamps = [value for name, value in pairs if name == "t"]
    given = [value for name, value in pairs if name == "v1"]
    if not stamps or not given:
        raise SignatureMissing("Stripe-Signature needs t and v1")
    stamp = stamps[0]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise SignatureInvalid("t is no time")
    signed = stamp.encode() + b"." + raw
    expected = [hmac.new(secret.encode(), signed, "sha256").hexdigest() for secret in secrets]
    if not any(
        hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given
    ):
        raise SignatureInvalid("no v1 fits")
    if abs(now_seconds - int(stamp)) > TOLERANCE_SECONDS:
        raise SignatureExpired(f"more than {TOLERANCE_SECONDS} s away from now")


def _decode(raw: bytes | msgspec.Raw, shape: type[Any]) -> Any:
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise RequestInvalid(str(error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestMalformed("the callback is not valid JSON") from error


def _as_opened(opened: _Opened) -> OpenedPayment:
    return OpenedPayment(PROVIDER, opened.id, opened.client_secret, opened.url)


def _refusal(status: int, content: bytes) -> Exception:
    """What a failed call means. Stripe's own message may quote the request: it is left out."""
    try:
        refusal = msgspec.json.decode(content, type=_RefusalBody).error
    except msgspec.DecodeError:
        refusal = _Refusal()
    if refusal.type == "idempotency_error" and status == 400:
        return IdempotencyKeyReused("the payment was opened with other figures")
    fact = f"Stripe answered {status} {refusal.code or refusal.type}".strip()
    if status in (409, 429) or status >= 500:
        return PaymentProviderUnavailable(fact)
    return PaymentProviderRefused(fact)


def _named(prefix: str, values: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}[{name}]": value for name, value in values.items()}


def _bracketed(name: str) -> str:
    first, bracket, rest = name.partition("[")
    return f"[{first}]{bracket}{rest}"


SECRETS, GATEWAY = StripeSecrets, StripeGateway
