"""One day of Stripe's balance as the lines of a bill."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrip.adapters.gateways import stripe_api
from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import (
    BillNotReady,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
)
from scrip.domain.money import Money
from tests.adapters.stripe_account import PAGE, gateway, pay_one, refunding
from tests.domain.making import ORDER_ID
from tests.oracles.stripe_calls import begin_refund, move_refund
from tests.oracles.stripe_server import StripeServer

DAY = datetime(2031, 3, 5, tzinfo=UTC)


def at(api: StripeServer, moment: datetime) -> None:
    """Set Stripe's clock, as nobody else can."""
    api.skew_seconds += moment.timestamp() - api.now_seconds()


@pytest.fixture
def noon(api: StripeServer) -> StripeServer:
    at(api, DAY + timedelta(hours=12))
    return api


def bill(api: StripeServer, day: datetime = DAY) -> list[BillLine]:
    """After the day is over."""
    at(api, day + timedelta(days=1, hours=2))
    return list(gateway(api.base).download_bill(f"{day:%Y-%m-%d}"))


@pytest.mark.parametrize("return_url", [None, PAGE])
def test_a_bill_tells_payments_and_refunds(noon: StripeServer, return_url: str | None) -> None:
    reference, payment = pay_one(noon, return_url=return_url)
    wanted = refunding(reference, payment)
    gateway(noon.base).refund(wanted)

    refund, paid = bill(noon)

    noon_ms = int((DAY + timedelta(hours=12)).timestamp() * 1000)
    assert paid == BillLine(
        BillKind.PAYMENT, payment.transaction_id, ORDER_ID, "", payment.money, 155, paid.at_ms
    )
    assert refund == BillLine(
        BillKind.REFUND,
        payment.transaction_id,
        ORDER_ID,
        wanted.refund_id,
        Money(1500, "EUR"),
        0,
        refund.at_ms,
    )
    assert all(0 <= line.at_ms - noon_ms < 60_000 for line in (paid, refund))


def test_a_refund_begun_in_the_dashboard_is_told_by_its_payment(noon: StripeServer) -> None:
    reference, payment = pay_one(noon)
    begin_refund(noon, noon.payments[reference], 100)

    refund, _ = bill(noon)

    assert (refund.transaction_id, refund.order_id, refund.refund_id) == (
        payment.transaction_id,
        "",
        "",
    )


def test_a_bank_debit_taken_back_is_a_refund(noon: StripeServer) -> None:
    reference, payment = pay_one(noon)
    charge = noon.objects[noon.payments[reference]["latest_charge"]]
    noon.move_balance("charge_failure", charge, -4500, fee=400)

    back, _ = bill(noon)

    assert back[:6] == (
        BillKind.REFUND,
        payment.transaction_id,
        ORDER_ID,
        "",
        Money(4500, "EUR"),
        400,
    )


def test_what_is_neither_payment_nor_refund_is_left_out(noon: StripeServer) -> None:
    reference, payment = pay_one(noon)
    made = gateway(noon.base).refund(refunding(reference, payment))
    move_refund(noon, made.provider_ref, "failed")
    noon.move_balance("dispute", noon.dispute(reference), -4500, fee=2000)
    payout = noon.keep({"id": "po_1", "object": "payout", "amount": 1, "currency": "eur"})
    noon.move_balance("payout", payout, -9000)
    noon.keep(noon.move_balance("fee", payout, -5), source=None)

    assert [line.kind for line in bill(noon)] == [BillKind.REFUND, BillKind.PAYMENT]


def test_a_day_ends_before_the_next_begins(api: StripeServer) -> None:
    moments = [timedelta(seconds=-1), timedelta(0), timedelta(hours=23, minutes=59), timedelta(1)]
    paid = []
    for number, moment in enumerate(moments):
        at(api, DAY + moment)
        paid.append(pay_one(api, description=f"{number}")[1].transaction_id)
    for number, move in enumerate(reversed(api.of_kind("balance_transaction"))):
        api.keep(move, created=int((DAY + moments[number]).timestamp()))

    told = [line.transaction_id for line in bill(api)]

    assert told == [paid[2], paid[1]]
    assert [line.transaction_id for line in bill(api, DAY - timedelta(days=1))] == [paid[0]]
    assert [line.transaction_id for line in bill(api, DAY + timedelta(days=1))] == [paid[3]]


def test_a_day_that_lasts_has_no_bill(api: StripeServer) -> None:
    for moment in (timedelta(0), timedelta(hours=23, minutes=58), timedelta(days=-400)):
        at(api, DAY + moment)

        with pytest.raises(BillNotReady):
            gateway(api.base).download_bill("2031-03-05")

    at(api, DAY + timedelta(days=1))
    assert list(gateway(api.base).download_bill("2031-03-05")) == []


def test_a_long_day_is_read_page_by_page(
    noon: StripeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = [pay_one(noon, description=f"{n}")[1].transaction_id for n in range(5)]
    monkeypatch.setattr(stripe_api, "PAGE_ROWS", 2)
    noon.requests.clear()

    assert [line.transaction_id for line in bill(noon)] == paid[::-1]
    assert sum("balance_transactions" in each for each in noon.requests) == 3


@pytest.mark.parametrize(
    ("money", "balance", "fee_minor"),
    [
        (Money(45, "ISK"), {"amount": 4500, "fee": 300, "currency": "isk"}, 3),
        (Money(4500, "MGA"), {"amount": 45, "fee": 2, "currency": "mga"}, 200),
        (Money(1000, "EUR"), {"amount": 1234, "fee": 66, "currency": "usd"}, 53),
        (Money(5000, "JPY"), {"amount": 3000, "fee": 117, "currency": "eur"}, 195),
        (Money(4500, "EUR"), {"amount": 4500, "fee": 0, "currency": "eur"}, 0),
        (Money(4500, "EUR"), {"amount": 4500, "fee": -25, "currency": "eur"}, -25),
        (Money(4500, "EUR"), {"amount": 0, "fee": 0, "currency": "eur"}, 0),
    ],
)
def test_a_fee_is_told_in_the_currency_that_the_buyer_paid_in(
    noon: StripeServer, money: Money, balance: dict[str, Any], fee_minor: int
) -> None:
    pay_one(noon, money=money)
    (move,) = noon.of_kind("balance_transaction")
    noon.keep(move, **balance)

    (line,) = bill(noon)

    assert (line.money, line.fee_minor) == (money, fee_minor)


def test_a_bill_that_cannot_be_read_tells_nothing(api: StripeServer) -> None:
    at(api, DAY + timedelta(days=2))
    account = gateway(api.base)

    api.fail_with += [(503, {"error": {"type": "api_error"}})] * 2
    with pytest.raises(PaymentProviderUnavailable):
        list(account.download_bill("2031-03-05"))
    api.fail_with.clear()
    with pytest.raises(PaymentProviderRefused, match="401"):
        list(gateway(api.base, "sk_test_revoked").download_bill("2031-03-05"))


@pytest.mark.parametrize(
    "source", ["ch_1", {"id": "ch_1"}, {"id": "ch_1", "amount": "1", "currency": "eur"}, None]
)
def test_a_line_that_stripe_would_not_write_stops_the_bill(
    noon: StripeServer, source: object
) -> None:
    pay_one(noon)
    (move,) = noon.of_kind("balance_transaction")
    noon.keep(move, source=source)

    with pytest.raises(PaymentProviderUnavailable):
        bill(noon)
