"""Refunds by PayPal: given once, found again, refused."""

from collections.abc import Iterator

import pytest

from scrip.domain.errors import PaymentProviderRefused, PaymentProviderUnavailable
from scrip.domain.money import Money
from scrip.domain.refund import RefundReport, RefundState
from tests.adapters.paypal_making import account, gateway, paid, refund_of
from tests.oracles.paypal_server import PayPalServer

REFUNDED_AT_MS = 1_795_428_000_000


@pytest.fixture
def api() -> Iterator[PayPalServer]:
    with account() as server:
        yield server


def test_a_refund_is_given_once(api: PayPalServer) -> None:
    asked, payment = paid(api)
    wanted = refund_of(asked, payment, money=Money(1000, "EUR"))

    report = gateway(api).refund(wanted)

    [refund] = api.refunds.values()
    assert report == RefundReport(
        wanted.refund_id, refund["id"], RefundState.SUCCEEDED, Money(1000, "EUR"), REFUNDED_AT_MS
    )
    assert refund["amount"] == {"currency_code": "EUR", "value": "10.00"}
    assert gateway(api).refund(wanted) == report
    assert len(api.refunds) == 1


def test_a_refund_whose_answer_was_lost_was_given(api: PayPalServer) -> None:
    asked, payment = paid(api)
    wanted = refund_of(asked, payment)
    api.lose = 1
    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).refund(wanted)

    found = gateway(api).query_refund(wanted)

    assert found == gateway(api).refund(wanted)
    assert len(api.refunds) == 1


def test_a_refund_that_was_never_sent_is_not_known(api: PayPalServer) -> None:
    asked, payment = paid(api)
    gateway(api).refund(refund_of(asked, payment, money=Money(1, "EUR")))

    another = refund_of(asked, payment, refund_id="R7K2M9Q4XTB3WHD5N02")

    assert gateway(api).query_refund(another) is None


def test_a_refund_of_an_order_that_paypal_forgot_cannot_be_asked_about(api: PayPalServer) -> None:
    asked, payment = paid(api)
    del api.orders[asked.reference]

    with pytest.raises(PaymentProviderRefused):
        gateway(api).query_refund(refund_of(asked, payment))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("COMPLETED", RefundState.SUCCEEDED),
        ("PENDING", RefundState.PENDING),
        ("FAILED", RefundState.FAILED),
        ("CANCELLED", RefundState.FAILED),
        ("SOMETHING_NEW", RefundState.STUCK),
    ],
)
def test_a_refund_is_as_far_as_paypal_says(
    api: PayPalServer, status: str, state: RefundState
) -> None:
    asked, payment = paid(api)
    api.refund_status = status

    assert gateway(api).refund(refund_of(asked, payment)).state is state


def test_more_than_was_paid_is_not_given_back(api: PayPalServer) -> None:
    asked, payment = paid(api)
    gateway(api).refund(refund_of(asked, payment))

    with pytest.raises(PaymentProviderRefused, match="REFUND_AMOUNT_EXCEEDED"):
        gateway(api).refund(refund_of(asked, payment, refund_id="R7K2M9Q4XTB3WHD5N02"))


@pytest.mark.parametrize("reason", ["", "ü" * 1000])
def test_a_reason_may_be_empty_or_long(api: PayPalServer, reason: str) -> None:
    asked, payment = paid(api)

    assert gateway(api).refund(refund_of(asked, payment, reason=reason)).state.gave_back


def test_a_refund_goes_out_as_paypal_counts_it(api: PayPalServer) -> None:
    asked, payment = paid(api, money=Money(450000, "HUF"))

    report = gateway(api).refund(refund_of(asked, payment, money=Money(100, "HUF")))

    assert report.money == Money(100, "HUF")
    assert api.refunds[report.provider_ref]["amount"]["value"] == "1"
