"""Payments in words of ours: what is asked of a provider, and what it says of the money."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from scrip.domain.money import Money


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that a provider says it holds. `transaction_id` is the provider's own: it dedupes, and
    a refund names it."""

    provider: str
    transaction_id: str
    money: Money
    live: bool
    succeeded_at_ms: int

    def is_transaction(self, other: "Payment") -> bool:
        """Whether both tell of the same money, whatever they say of its amount."""
        return (self.provider, self.transaction_id) == (other.provider, other.transaction_id)


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A provider holds no money for an order. `closed`: nor can it come any more."""

    closed: bool = False


@dataclass(frozen=True, slots=True)
class Payer:
    """What some ways to pay must know of who pays: `openid` inside WeChat, `ip` of the device."""

    openid: str | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What a provider needs to open a payment.

    `method` is one of the gateway's own names (its `METHODS`), None for its usual one.
    `return_url`: where its hosted page leads back to, None for a payment in the shop's own page.
    """

    merchant_id: str
    order_id: str
    money: Money
    description: str
    return_url: str | None
    expires_at_ms: int
    method: str | None = None
    payer: Payer = Payer()

    @property
    def key(self) -> str:
        """Makes repeating the request safe. All of it is part of the key: after a crash and a
        change of price, a provider would refuse a key that it knows with other figures."""
        content = repr((self.money, self.description, self.return_url, self.method))
        return f"{self.order_id}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class OpenedPayment:
    """What the buyer's device needs to pay, one of: `client_secret` (Stripe's own form),
    `checkout_url` (a page to visit), `qr_text` (to be shown as a QR code and scanned), `invoke`
    (parameters for the wallet's own script).

    `reference`: by which the gateway finds the payment again.
    """

    provider: str
    reference: str
    client_secret: str | None = None
    checkout_url: str | None = None
    qr_text: str | None = None
    invoke: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PaymentAsked:
    """A payment opened before, to be asked about or closed."""

    merchant_id: str
    order_id: str
    reference: str
