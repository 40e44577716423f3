"""One day of Stripe's balance, as lines of a bill.

Left out is what is neither: payouts, Stripe's own fees, disputes, and refunds that failed and
flowed back. Sources: docs.stripe.com/api/balance_transactions, docs.stripe.com/reports/
reporting-categories (which says to go by the category and not by the type).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from scrip.adapters.gateways.http import HttpAnswer
from scrip.adapters.gateways.stripe_amounts import from_stripe
from scrip.adapters.gateways.stripe_api import Page, StripeApi, decoded
from scrip.adapters.gateways.stripe_objects import Owned
from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import BillNotReady, PaymentProviderUnavailable

KINDS = {
    "charge": BillKind.PAYMENT,
    "refund": BillKind.REFUND,
    "charge_failure": BillKind.REFUND,  # a bank debit that succeeded and was taken back
}
BALANCE, TRANSACTIONS = "/v1/balance", "/v1/balance_transactions"
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


class _Source(Owned):
    """The charge or refund that moved the balance, in the currency that the buyer paid in."""

    amount: int
    currency: str
    payment_intent: str | None = None


class _Row(msgspec.Struct):
    """`amount` and `fee` are in the currency of the balance."""

    id: str
    amount: int
    fee: int
    created: int
    reporting_category: str
    source: msgspec.Raw = msgspec.Raw(b"null")


def bill(api: StripeApi, day: str) -> Iterator[BillLine]:
    """`day` in UTC, newest line first. Raises BillNotReady while the day lasts, by Stripe's
    clock."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    end = start + timedelta(days=1)
    if _now(api.ask("GET", BALANCE)) < end:
        raise BillNotReady(f"{day} is not over yet")
    rows = api.each(
        TRANSACTIONS,
        Page[_Row],
        expand="data.source",
        **{"created[gte]": f"{start.timestamp():.0f}", "created[lt]": f"{end.timestamp():.0f}"},
    )
    return (
        _line(KINDS[row.reporting_category], row) for row in rows if row.reporting_category in KINDS
    )


def _line(kind: BillKind, row: _Row) -> BillLine:
    source = decoded(row.source, _Source)
    money = from_stripe(source.amount, source.currency.upper())
    return BillLine(
        kind=kind,
        transaction_id=source.payment_intent or source.id,
        order_id=source.note("order_id"),
        refund_id=source.note("refund_id"),
        money=money,
        fee_minor=_in_proportion(row.fee, money.amount_minor, abs(row.amount)),
        at_ms=row.created * 1000,
    )


def _in_proportion(fee: int, amount_minor: int, balance_amount: int) -> int:
    """A fee as part of the payment. Exact where the balance is kept in the payment's currency,
    rounded where Stripe changed it."""
    return (
        (2 * fee * amount_minor + balance_amount) // (2 * balance_amount) if balance_amount else 0
    )


def _now(answer: HttpAnswer) -> datetime:
    try:
        return datetime.strptime(answer.headers.get("date", ""), HTTP_DATE).replace(tzinfo=UTC)
    except ValueError as error:
        raise PaymentProviderUnavailable("Stripe's answer is not its own") from error
