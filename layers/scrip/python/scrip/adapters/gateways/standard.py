"""Any other provider: a signed link to its page, its events by Standard Webhooks.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. What the page
takes and what the events mean is said in the merchant's settings, not here.
"""

import hmac
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote, urlsplit

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.exact_json import DECODER
from scrip.adapters.gateways.standard_calls import Bridge, PaymentAnswer, RefundAnswer
from scrip.adapters.gateways.standard_mapping import EventMap, Told
from scrip.adapters.gateways.standard_signing import HEADERS, key_of, verify
from scrip.adapters.http import is_public_name
from scrip.domain.bill import BillLine
from scrip.domain.errors import (
    PaymentCallMissing,
    PaymentProviderRefused,
    RequestInvalid,
    RequestMalformed,
)
from scrip.domain.money import Money, minor_digits
from scrip.domain.notice import Notice
from scrip.domain.payment import OpenedPayment, Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest

PROVIDER = "standard"
METHODS: tuple[str, ...] = ()
SIGNATURE_HEADERS = HEADERS
ACKNOWLEDGED = Acknowledgement(204, "text/plain", b"")

SIGNATURE = "{signature}"
BLANKS = (
    "merchant_id",
    "order_id",
    "reference",
    "amount",
    "amount_minor",
    "currency",
    "description",
    "return_url",
    "expires_at",
)
NEEDED = ("{order_id}", "{currency}", SIGNATURE)

Secret = Annotated[str, msgspec.Meta(pattern=r"^whsec_[A-Za-z0-9+/]+={0,2}\Z", max_length=128)]
Address = Annotated[
    str, msgspec.Meta(pattern=r"^https://[a-z0-9.-]+(:\d+)?/[!-~]*\Z", max_length=2000)
]


class StandardSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a merchant sets for a provider that Scrip does not know.

    `merchant_id`: the shop's own here, for events that do not name it. `webhook_secrets`: sign the
    provider's events. `own_secret`: signs what we say, the link to its
    page and the calls to the bridge. `checkout_url`: the page, with blanks for an order's facts.
    """

    merchant_id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{1,19}\Z")]
    live: bool
    webhook_secrets: Annotated[tuple[Secret, ...], msgspec.Meta(min_length=1, max_length=4)]
    own_secret: Secret
    checkout_url: Address
    events: EventMap
    bridge_url: Address | None = None

    def __post_init__(self) -> None:
        for secret in (*self.webhook_secrets, self.own_secret):
            key_of(secret)  # a ValueError is a secret that cannot be set
        if self.own_secret in self.webhook_secrets:
            raise ValueError("what we sign must not pass for what the provider signs")
        if not self.checkout_url.endswith(SIGNATURE) or "?" not in self.checkout_url:
            raise ValueError("the link's last parameter must be {signature}")
        if not all(blank in self.checkout_url for blank in NEEDED):
            raise ValueError("the link must name the order and its currency")
        if "{amount}" not in self.checkout_url and "{amount_minor}" not in self.checkout_url:
            raise ValueError("the link must name the amount")
        rest = self.checkout_url
        for blank in (*BLANKS, "signature"):
            rest = rest.replace(f"{{{blank}}}", "")
        if "{" in rest or "}" in rest:
            raise ValueError("the link has a blank that nothing fills")
        for url in filter(None, (self.checkout_url, self.bridge_url)):
            if not is_public_name(urlsplit(url).hostname or ""):
                raise ValueError("not a public name")

    def __repr__(self) -> str:
        return "StandardSecrets(...)"


class StandardGateway:
    """One merchant's account with a provider of its own."""

    provider = PROVIDER

    def __init__(self, secrets: StandardSecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.bridge = Bridge(api_base or secrets.bridge_url, secrets.own_secret, http)

    def open_payment(self, request: PaymentRequest) -> OpenedPayment:
        """A link, made without asking anybody: the same figures make the same. The page must check
        its signature, and take no money after `expires_at` (seconds)."""
        if request.method is not None:
            raise RequestInvalid("this provider has one method")
        facts = {
            "merchant_id": request.merchant_id,
            "order_id": request.order_id,
            "reference": request.key,
            "amount": _decimal(request.money),
            "amount_minor": str(request.money.amount_minor),
            "currency": request.money.currency,
            "description": request.description,
            "return_url": request.return_url or "",
            "expires_at": str(request.expires_at_ms // 1000),
        }
        url = self.secrets.checkout_url.removesuffix(SIGNATURE)
        for blank, fact in facts.items():
            url = url.replace(f"{{{blank}}}", quote(fact, safe=""))
        signed = url.partition("?")[2].encode()
        url += hmac.digest(key_of(self.secrets.own_secret), signed, "sha256").hex()
        return OpenedPayment(PROVIDER, request.key, checkout_url=url)

    def read_payment(self, request: PaymentRequest, _: str) -> OpenedPayment:
        return self.open_payment(request)

    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> None:
        verify(raw, headers, self.secrets.webhook_secrets, now_seconds)

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        """Verify the signature over the raw bytes, then read them as the settings say."""
        self.verify_callback(raw, headers, now_seconds)
        try:
            event = DECODER.decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise RequestMalformed("the callback is not valid JSON") from error
        sent_at_ms = int(headers["webhook-timestamp"]) * 1000
        told = Told(event, self.secrets.events, self.secrets.live, sent_at_ms)
        return told.notice(PROVIDER, self.secrets.merchant_id)

    def query_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        return self._payment("payment.query", asked)

    def close_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        return self._payment("payment.close", asked)

    def refund(self, request: RefundRequest) -> RefundReport:
        report = self._refund("refund.create", request)
        if report is None:
            raise PaymentProviderRefused("the bridge began no refund")
        return report

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        return self._refund("refund.query", request)

    def download_bill(self, _: str) -> Iterator[BillLine]:
        raise PaymentCallMissing("this provider has no such call")

    def _payment(self, kind: str, asked: PaymentAsked) -> Payment | Unpaid:
        answer = self.bridge.ask(kind, msgspec.to_builtins(asked), PaymentAnswer)
        read: Payment | Unpaid = answer.read(PROVIDER, self.secrets.live)
        return read

    def _refund(self, kind: str, request: RefundRequest) -> RefundReport | None:
        data = {
            "merchant_id": request.merchant_id,
            "order_id": request.order_id,
            "reference": request.payment_ref,
            "transaction_id": request.payment.transaction_id,
            "refund_id": request.refund_id,
            "amount_minor": request.money.amount_minor,
            "currency": request.money.currency,
            "reason": request.reason,
        }
        answer: RefundAnswer = self.bridge.ask(kind, data, RefundAnswer)
        return answer.read(request)


def _decimal(money: Money) -> str:
    places = minor_digits(money.currency)
    whole, rest = divmod(money.amount_minor, 10**places)
    return f"{whole}.{rest:0{places}d}" if places else str(whole)


SECRETS, GATEWAY = StandardSecrets, StandardGateway
