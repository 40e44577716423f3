"""PayPal's statement of a day."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import BillNotReady, PaymentProviderRefused, RequestInvalid
from scrip.domain.money import Money
from tests.adapters.paypal_making import account, gateway
from tests.domain.making import ORDER_ID
from tests.oracles.paypal_server import PayPalServer, issue

DAY = "2026-11-22"
MIDNIGHT_MS = 1_795_305_600_000


@pytest.fixture
def api() -> Iterator[PayPalServer]:
    with account() as server:
        yield server


def line(number: int = 1, second: int = 0, **changes: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(MIDNIGHT_MS // 1000 + second, UTC)
    return {
        "transaction_id": f"T{number}",
        "transaction_event_code": "T0006",
        "transaction_initiation_date": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "transaction_amount": {"currency_code": "EUR", "value": "45.00"},
        "fee_amount": {"currency_code": "EUR", "value": "-1.59"},
        "transaction_status": "S",
        "invoice_id": ORDER_ID,
        "custom_field": f"demo/{ORDER_ID}",
        **changes,
    }


REFUND: dict[str, Any] = {
    "transaction_event_code": "T1107",
    "transaction_amount": {"currency_code": "EUR", "value": "-10.00"},
    "fee_amount": {"currency_code": "EUR", "value": "0.30"},
    "invoice_id": "R7K2M9Q4XTB3WHD5N01",
    "paypal_reference_id": "T1",
}


def bill(api: PayPalServer) -> list[BillLine]:
    return list(gateway(api).download_bill(DAY))


def test_a_payment_and_its_refund_stand_in_the_bill(api: PayPalServer) -> None:
    api.statement = [line(), line(2, 60, **REFUND)]

    assert bill(api) == [
        BillLine(BillKind.PAYMENT, "T1", ORDER_ID, "", Money(4500, "EUR"), 159, MIDNIGHT_MS),
        BillLine(
            BillKind.REFUND,
            "T1",
            ORDER_ID,
            "R7K2M9Q4XTB3WHD5N01",
            Money(1000, "EUR"),
            -30,
            MIDNIGHT_MS + 60_000,
        ),
    ]


@pytest.mark.parametrize("code", ["T1106", "T1107", "T1201"])
def test_what_was_given_back_elsewhere_has_no_number_of_ours(api: PayPalServer, code: str) -> None:
    api.statement = [line(2, **{**REFUND, "transaction_event_code": code, "invoice_id": ORDER_ID})]
    del api.statement[0]["fee_amount"]

    [back] = bill(api)

    assert (back.kind, back.refund_id, back.fee_minor) == (BillKind.REFUND, "", 0)


def test_money_of_another_shop_has_no_order_of_ours(api: PayPalServer) -> None:
    api.statement = [line(custom_field="something else", invoice_id="INV-1")]

    [payment] = bill(api)

    assert (payment.order_id, payment.refund_id) == ("", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction_event_code": "T0400"},
        {"transaction_event_code": "T0200"},
        {"transaction_event_code": "T1503"},
        {"transaction_status": "P"},
        {"transaction_status": "D"},
        {"transaction_amount": {"currency_code": "EUR", "value": "-45.00"}},
    ],
)
def test_what_is_neither_paid_nor_given_back_is_left_out(
    api: PayPalServer, changes: dict[str, Any]
) -> None:
    api.statement = [line(**changes)]

    assert bill(api) == []


def test_a_payment_that_was_reversed_later_was_a_payment(api: PayPalServer) -> None:
    api.statement = [line(transaction_status="V")]

    assert len(bill(api)) == 1


def test_a_day_is_all_of_its_seconds_and_no_more(api: PayPalServer) -> None:
    api.statement = [line(number, second) for number, second in enumerate((-1, 0, 86399, 86400))]

    assert [each.transaction_id for each in bill(api)] == ["T1", "T2"]


def test_every_page_is_read(api: PayPalServer) -> None:
    api.page_size = 2
    api.statement = [line(number, number) for number in range(7)]

    assert [each.transaction_id for each in bill(api)] == [f"T{number}" for number in range(7)]


def test_a_day_that_is_too_much_is_read_in_parts(api: PayPalServer) -> None:
    api.most = 3
    seconds = [0, 1, 337, 338, 674, 675, 43199, 43200, 43201, 86398, 86399]
    api.statement = [line(number, second) for number, second in enumerate(seconds)]

    read = [each.transaction_id for each in bill(api)]

    assert read == [f"T{number}" for number in range(len(seconds))]


def test_a_minute_that_is_too_much_is_told(api: PayPalServer) -> None:
    api.most = 3
    api.statement = [line(number, 5) for number in range(4)]

    with pytest.raises(PaymentProviderRefused, match="RESULTSET_TOO_LARGE"):
        bill(api)


def test_a_page_that_became_too_much_is_told(api: PayPalServer) -> None:
    api.page_size = 1
    api.statement = [line(), line(2, 1)]
    pages = gateway(api).download_bill(DAY)
    next(pages)
    api.most = 1

    with pytest.raises(PaymentProviderRefused, match="RESULTSET_TOO_LARGE"):
        next(pages)


@pytest.mark.parametrize(
    ("until", "ready"), [("2026-11-22T23:59:59Z", False), ("2026-11-23T00:00:00Z", True)]
)
def test_a_day_that_is_not_all_shown_is_not_ready(
    api: PayPalServer, until: str, ready: bool
) -> None:
    api.statement = [line()]
    api.shown_until = until

    if ready:
        assert len(bill(api)) == 1
    else:
        with pytest.raises(BillNotReady):
            bill(api)


def test_nothing_of_a_day_is_told_before_all_of_it_is_shown(api: PayPalServer) -> None:
    api.most = 1
    api.statement = [line(), line(2, 86399)]
    api.shown_until = "2026-11-22T12:00:00Z"

    with pytest.raises(BillNotReady):
        next(gateway(api).download_bill(DAY))


def test_an_account_that_may_not_search_is_told_so(api: PayPalServer) -> None:
    api.fail_with.append(issue("NOT_AUTHORIZED", 403))

    with pytest.raises(PaymentProviderRefused, match="NOT_AUTHORIZED"):
        bill(api)


def test_what_is_no_day_is_refused(api: PayPalServer) -> None:
    with pytest.raises(RequestInvalid):
        list(gateway(api).download_bill("yesterday"))
