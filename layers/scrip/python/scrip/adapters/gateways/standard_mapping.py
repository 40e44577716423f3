"""Where in a provider's events our words lie, said by its merchant instead of by code."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.errors import PaymentMerchantMismatch, PaymentModeMismatch, RequestInvalid
from scrip.domain.money import Money, minor_digits
from scrip.domain.notice import (
    DisputeNotice,
    IgnoredNotice,
    Notice,
    PaymentNotice,
    RefundNotice,
    UnpaidNotice,
)
from scrip.domain.payment import Payment
from scrip.domain.refund import RefundReport, RefundState

LONGEST_TEXT = 128
MOST_DIGITS = 15

Path = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z", max_length=200)]
"""Names of nested objects: `data.metadata.order_id`."""

Word = Literal[
    "paid",
    "unpaid",
    "refunded",
    "refund_pending",
    "refund_failed",
    "disputed",
    "dispute_won",
    "dispute_lost",
]

REFUNDS = {
    "refunded": RefundState.SUCCEEDED,
    "refund_pending": RefundState.PENDING,
    "refund_failed": RefundState.FAILED,
}
DISPUTES = {
    "disputed": DisputeState.OPENED,
    "dispute_won": DisputeState.WON,
    "dispute_lost": DisputeState.LOST,
}


class Fields(Struct, frozen=True, forbid_unknown_fields=True):
    """Paths. What has none is not told by this provider.

    `amount` is the payment's, or the dispute's; `refund_amount` the refund's. `refund_id` is ours,
    `refund_ref` the provider's. `live`: true or false. `account`: which account was paid. `at`:
    when, as RFC 3339; without it the time of sending counts.
    """

    order_id: Path
    transaction_id: Path
    amount: Path
    currency: Path
    type: Path = "type"
    merchant_id: Path | None = None
    refund_id: Path | None = None
    refund_ref: Path | None = None
    refund_amount: Path | None = None
    dispute_id: Path | None = None
    reason: Path | None = None
    live: Path | None = None
    account: Path | None = None
    at: Path = "timestamp"


class EventMap(Struct, frozen=True, forbid_unknown_fields=True):
    """`types`: which of the provider's event types mean what. `amounts`: whether it counts cents
    or writes `45.00`. `account`: the one that must be paid."""

    fields: Fields
    types: Annotated[dict[str, Word], Meta(min_length=1, max_length=50)]
    amounts: Literal["minor", "decimal"]
    account: str | None = None


class Told:
    """One event, read as its map says. `sent_at_ms`: counts where the event has no time."""

    def __init__(self, event: object, by: EventMap, live: bool, sent_at_ms: int) -> None:
        self.event = event
        self.by = by
        self.live = live
        self.sent_at_ms = sent_at_ms

    def notice(self, provider: str, merchant_id: str) -> Notice:
        """`merchant_id`: whose it is unless the event says so.

        Raises RequestInvalid, PaymentModeMismatch, PaymentMerchantMismatch."""
        kind = self._found("type")
        word = self.by.types.get(kind) if isinstance(kind, str) else None
        if word is None:
            return IgnoredNotice(f"event {str(kind)[:LONGEST_TEXT]}")
        if self._found("order_id") is None:
            return IgnoredNotice("not an order of ours")
        if self._found("live") not in (None, self.live):
            raise PaymentModeMismatch("a test payment on a live account, or the other way round")
        if self.by.account is not None and self._text("account") != self.by.account:
            raise PaymentMerchantMismatch("another account was paid")
        merchant_id, order_id = self._text("merchant_id", merchant_id), self._text("order_id")
        if word == "unpaid":
            return UnpaidNotice(merchant_id, order_id, self._text("reason", str(kind)))
        transaction_id = self._text("transaction_id")
        if word in REFUNDS:
            report = self._refund(REFUNDS[word])
            return RefundNotice(merchant_id, order_id, transaction_id, report)
        money = self._money("amount")
        if word in DISPUTES:
            dispute = Dispute(
                provider=provider,
                dispute_id=self._text("dispute_id"),
                transaction_id=transaction_id,
                state=DISPUTES[word],
                money=money,
                reason=self._text("reason", str(kind)),
                at_ms=self._at_ms(),
            )
            return DisputeNotice(merchant_id, order_id, dispute)
        payment = Payment(provider, transaction_id, money, self.live, self._at_ms())
        return PaymentNotice(merchant_id, order_id, payment)

    def _refund(self, state: RefundState) -> RefundReport:
        refund_id, provider_ref = self._text("refund_id", ""), self._text("refund_ref", "")
        if not (refund_id or provider_ref):
            raise RequestInvalid("a refund without a number")
        money = self._money("refund_amount")
        return RefundReport(refund_id, provider_ref, state, money, self._at_ms())

    def _found(self, field: str) -> object:
        """What lies at the field's path; None where nothing does."""
        path: str | None = getattr(self.by.fields, field)
        at = self.event
        for name in path.split(".") if path else ():
            at = at.get(name) if isinstance(at, dict) else None
        return at if path else None

    def _text(self, field: str, missing: str | None = None) -> str:
        found = self._found(field)
        if found is None and missing is not None:
            return missing
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if not isinstance(found, str) or not 0 < len(found) <= LONGEST_TEXT:
            raise RequestInvalid(f"no {field}")
        return found

    def _money(self, field: str) -> Money:
        currency = self._text("currency").upper()
        if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
            raise RequestInvalid("not a currency")
        places = minor_digits(currency) if self.by.amounts == "decimal" else 0
        return Money(_minor(self._found(field), places), currency)

    def _at_ms(self) -> int:
        found = self._found("at")
        try:
            at = datetime.fromisoformat(found) if isinstance(found, str) else None
        except ValueError:
            at = None
        return round(at.timestamp() * 1000) if at and at.tzinfo else self.sent_at_ms


def _minor(found: object, places: int) -> int:
    """An amount of money exactly. Raises RequestInvalid for what cannot be one."""
    if isinstance(found, bool) or not isinstance(found, int | str | Decimal):
        raise RequestInvalid("no amount")
    try:
        number = Decimal(found)
    except InvalidOperation as error:
        raise RequestInvalid("not an amount") from error
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise RequestInvalid("not an amount")
    if len(number.as_tuple().digits) > 2 * MOST_DIGITS - 2:  # what Decimal reckons with exactly
        raise RequestInvalid("not an amount")
    minor = number.scaleb(places)
    if minor < 0 or minor != minor.to_integral_value():
        raise RequestInvalid("an amount below nothing or between two units")
    return int(minor)
