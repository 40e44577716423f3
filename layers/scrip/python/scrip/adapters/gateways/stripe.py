"""Stripe: a merchant's account there, its secrets and its calls.

Sources: docs.stripe.com/api, docs.stripe.com/webhooks. Each quirk has a module of its own:
`stripe_signature`, `stripe_events`, `stripe_payments`, `stripe_refunds`, `stripe_bill`,
`stripe_amounts`.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.stripe_api import StripeApi, told
from scrip.adapters.gateways.stripe_bill import bill
from scrip.adapters.gateways.stripe_events import read_event
from scrip.adapters.gateways.stripe_objects import CheckoutSession, PaymentIntent
from scrip.adapters.gateways.stripe_payments import (
    METHOD_FORMS,
    PROVIDER,
    collection_of,
    opened,
    opening,
    standing,
)
from scrip.adapters.gateways.stripe_refunds import find, refund
from scrip.adapters.gateways.stripe_signature import verify
from scrip.domain.bill import BillLine
from scrip.domain.notice import Notice
from scrip.domain.payment import OpenedPayment, Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest

METHODS = tuple(METHOD_FORMS)
SIGNATURE_HEADERS = ("stripe-signature",)
ACKNOWLEDGED = None
"""Any 2xx will do. Else Stripe sends again for three days."""


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


class StripeGateway:
    """One merchant's Stripe account."""

    provider = PROVIDER

    def __init__(self, secrets: StripeSecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.api = StripeApi(secrets.secret_key, api_base, http)

    def open_payment(self, request: PaymentRequest) -> OpenedPayment:
        made_in, form = opening(request)
        return opened(self.api.post(made_in.path, made_in.shape, form, request.key))

    def read_payment(self, _: PaymentRequest, reference: str) -> OpenedPayment:
        return opened(self._found(reference))

    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> None:
        verify(raw, headers.get("stripe-signature", ""), self.secrets.webhook_secrets, now_seconds)

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        self.verify_callback(raw, headers, now_seconds)
        return read_event(raw, self.secrets.live, self.api)

    def query_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        return standing(self._found(asked.reference))

    def close_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        """Stripe refuses to close what is closed, paid or being paid: which of these is asked."""
        kept_in = collection_of(asked.reference)
        answer = self.api.ask("POST", f"{kept_in.path}/{asked.reference}/{kept_in.close}", {})
        if answer.status == 400:
            return self.query_payment(asked)
        return standing(told(answer, kept_in.shape))

    def refund(self, request: RefundRequest) -> RefundReport:
        return refund(self.api, request)

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        return find(self.api, request)

    def download_bill(self, day: str) -> Iterator[BillLine]:
        return bill(self.api, day)

    def _found(self, reference: str) -> PaymentIntent | CheckoutSession:
        kept_in = collection_of(reference)
        return self.api.get(f"{kept_in.path}/{reference}", kept_in.shape, expand=kept_in.charge)


SECRETS, GATEWAY = StripeSecrets, StripeGateway
