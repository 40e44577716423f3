"""A payment as its provider reports it, in words of ours."""

import hashlib
from dataclasses import dataclass

from scrip.domain.money import Money


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that a provider says it holds. `transaction_id` is the provider's own, for dedupe."""

    provider: str
    transaction_id: str
    money: Money
    live: bool
    succeeded_at_ms: int


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """A verified callback that reports a payment of one of our orders."""

    merchant_id: str
    order_id: str
    payment: Payment

    @property
    def facts(self) -> dict[str, str]:
        """For the log: whoever must find this money, also when no order takes it."""
        return {"order_id": self.order_id, "transaction_id": self.payment.transaction_id}


@dataclass(frozen=True, slots=True)
class IgnoredNotice:
    """A verified callback that moves nothing here."""

    reason: str

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What a provider needs to open a payment. `return_url`: where its hosted page leads back to,
    None for a payment in the shop's own page."""

    merchant_id: str
    order_id: str
    money: Money
    description: str
    return_url: str | None

    @property
    def key(self) -> str:
        """Makes repeating the request safe. All of it is part of the key: after a crash and a
        change of price, a provider would refuse a key that it knows with other figures."""
        content = repr((self.money, self.description, self.return_url))
        return f"{self.order_id}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class OpenedPayment:
    """What the buyer's device needs to pay: `checkout_url` where the provider's hosted page was
    asked for, else `client_secret`."""

    provider: str
    reference: str
    client_secret: str | None = None
    checkout_url: str | None = None
