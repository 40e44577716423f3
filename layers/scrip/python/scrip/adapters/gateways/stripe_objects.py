"""Stripe's objects, as far as they matter here.

Sources: docs.stripe.com/api/payment_intents/object, /api/checkout/sessions/object,
/api/refunds/object, /api/disputes/object, /api/charges/object.
"""

from typing import Annotated

import msgspec

StripeId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,255}\Z")]
"""It becomes part of addresses."""


class Owned(msgspec.Struct, kw_only=True):
    """What was made here carries our ids."""

    id: StripeId
    metadata: dict[str, str] | None = None

    @property
    def ours(self) -> bool:
        return "order_id" in (self.metadata or {})

    def note(self, name: str) -> str:
        """Empty when it was not made here."""
        return (self.metadata or {}).get(name, "")


class Charge(Owned):
    """One attempt to take money. A copy of its PaymentIntent's metadata is on it."""

    created: int


class PaymentError(msgspec.Struct):
    code: str | None = None
    decline_code: str | None = None


class PaymentIntent(Owned):
    amount: int | None = None
    amount_received: int | None = None
    currency: str | None = None
    status: str = ""
    client_secret: str | None = None
    livemode: bool = False
    created: int = 0
    latest_charge: Charge | str | None = None
    last_payment_error: PaymentError | None = None
    cancellation_reason: str | None = None


class CheckoutSession(Owned):
    amount_total: int | None = None
    currency: str | None = None
    status: str | None = None
    payment_status: str = ""
    payment_intent: PaymentIntent | StripeId | None = None
    url: str | None = None
    livemode: bool = False
    created: int = 0


class Refund(Owned):
    amount: int
    currency: str
    created: int
    status: str | None = None
    payment_intent: StripeId | None = None


class Movement(msgspec.Struct):
    """Of a balance: its sign says whether it came or went."""

    amount: int


class WireDispute(Owned):
    amount: int
    currency: str
    status: str
    reason: str
    payment_intent: PaymentIntent | None = None
    balance_transactions: list[Movement] = []
