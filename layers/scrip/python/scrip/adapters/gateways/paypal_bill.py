"""PayPal's statement of a day, by its transaction search.

Sources: developer.paypal.com/docs/api/transaction-search/v1, /docs/transaction-search/
transaction-event-codes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from scrip.adapters.gateways.paypal_api import Known, PayPalApi
from scrip.adapters.gateways.paypal_shapes import Statement, Tag, Turnover, millis
from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import BillNotReady, RequestInvalid

PAGE_SIZE = 250
"""PayPal allows 500, whose lines may be more than is read of an answer."""

TOO_LARGE = "RESULTSET_TOO_LARGE"
"""More than 10 000 lines: PayPal wants to be asked about a shorter time."""

SHORTEST = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

DONE = frozenset({"S", "V"})
"""States of what happened: succeeded, and reversed since (which is a line of its own)."""

PAYMENT_CODES = "T00"
"""Payments received, of every kind."""

GIVEN_BACK = frozenset({"T1106", "T1107", "T1201"})
"""Reversal, refund, chargeback."""


def bill(api: PayPalApi, day: str) -> Iterator[BillLine]:
    """`day` in UTC. Raises BillNotReady, RequestInvalid."""
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError as error:
        raise RequestInvalid("not a day") from error
    end = start + timedelta(days=1)
    for turnover in _between(api, start, end, end):
        line = _line(turnover)
        if line is not None:
            yield line


def _between(
    api: PayPalApi, start: datetime, end: datetime, shown_until: datetime
) -> Iterator[Turnover]:
    """All of [start, end), in halves where that is too much at once. Raises BillNotReady."""
    try:
        first = _page(api, start, end, 1)
    except Known:
        middle = start + (end - start) / 2
        yield from _between(api, start, middle, shown_until)
        yield from _between(api, middle, end, shown_until)
        return
    if first.last_refreshed_datetime < shown_until:
        raise BillNotReady("PayPal has not shown all of this day yet")
    yield from (each.transaction_info for each in first.transaction_details)
    for number in range(2, first.total_pages + 1):
        page = _page(api, start, end, number)
        yield from (each.transaction_info for each in page.transaction_details)


def _page(api: PayPalApi, start: datetime, end: datetime, number: int) -> Statement:
    """Raises Known when it is too much and can be halved."""
    asked = {
        "start_date": _written(start),
        "end_date": _written(end - SECOND),  # PayPal counts whole seconds, this one too
        "fields": "transaction_info",
        "page_size": PAGE_SIZE,
        "page": number,
    }
    known = (TOO_LARGE,) if end - start > SHORTEST and number == 1 else ()
    return api.get(f"/v1/reporting/transactions?{urlencode(asked)}", Statement, known)


def _line(turnover: Turnover) -> BillLine | None:
    """None for what is neither a payment nor given back: payouts, conversions, holds."""
    code, amount, fee = (
        turnover.transaction_event_code,
        turnover.transaction_amount,
        turnover.fee_amount,
    )
    if turnover.transaction_status not in DONE:
        return None
    received = code.startswith(PAYMENT_CODES) and amount.minor > 0
    if not received and code not in GIVEN_BACK:
        return None
    tag = Tag.read(turnover.custom_field)
    order_id = tag.order_id if tag else ""
    return BillLine(
        kind=BillKind.PAYMENT if received else BillKind.REFUND,
        transaction_id=turnover.transaction_id if received else turnover.paypal_reference_id,
        order_id=order_id,
        refund_id="" if received or turnover.invoice_id == order_id else turnover.invoice_id,
        money=amount.money,
        fee_minor=-fee.minor if fee else 0,
        at_ms=millis(turnover.transaction_initiation_date),
    )


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
