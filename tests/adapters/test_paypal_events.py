"""PayPal's callbacks: which tell something, and that PayPal's own answer is what they tell."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrip.adapters.gateways.paypal import READERS
from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.errors import (
    PaymentMerchantMismatch,
    PaymentProviderUnavailable,
    Rejected,
    RequestInvalid,
    RequestMalformed,
    SignatureMissing,
)
from scrip.domain.money import Money
from scrip.domain.notice import (
    DisputeNotice,
    IgnoredNotice,
    Notice,
    PaymentNotice,
    RefundNotice,
    UnpaidNotice,
)
from scrip.domain.payment import Payment, Unpaid
from scrip.domain.refund import RefundReport, RefundState
from tests.adapters.paypal_making import NOW, account, gateway, opened, paid, refund_of
from tests.domain.making import ORDER_ID
from tests.oracles.paypal_server import PayPalServer

TAKEN_AT_MS = 1_795_341_605_000
REFUNDED_AT_MS = 1_795_428_000_000
OURS = "R7K2M9Q4XTB3WHD5N01"


@pytest.fixture
def api() -> Iterator[PayPalServer]:
    with account() as server:
        yield server


def told(api: PayPalServer, kind: str, resource: Any) -> Notice:
    raw, headers = api.event(kind, resource, NOW)
    return gateway(api).read_callback(raw, headers, NOW)


# Payments.


def test_an_approved_order_is_captured(api: PayPalServer) -> None:
    asked = opened(api)
    raw, headers = api.pay(asked.reference, NOW)

    notice = gateway(api).read_callback(raw, headers, NOW)

    [capture_id] = api.captures
    payment = Payment("paypal", capture_id, Money(4500, "EUR"), False, TAKEN_AT_MS)
    assert notice == PaymentNotice("demo", ORDER_ID, payment)
    assert gateway(api).read_callback(raw, headers, NOW) == notice
    assert len(api.captures) == 1


@pytest.mark.parametrize("kind", ["PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.PENDING"])
def test_every_event_of_a_payment_reads_as_the_same_notice(api: PayPalServer, kind: str) -> None:
    _, payment = paid(api)

    notice = told(api, kind, {"id": payment.transaction_id})

    assert notice == PaymentNotice("demo", ORDER_ID, payment)


def test_what_a_callback_says_of_the_money_counts_for_nothing(api: PayPalServer) -> None:
    _, payment = paid(api)
    lies = {
        "id": payment.transaction_id,
        "status": "DECLINED",
        "amount": {"currency_code": "USD", "value": "9999.00"},
        "custom_id": "demo/0000000000000000",
    }

    notice = told(api, "PAYMENT.CAPTURE.DENIED", lies)

    assert notice == PaymentNotice("demo", ORDER_ID, payment)


def test_a_capture_that_is_pending_says_nothing_yet(api: PayPalServer) -> None:
    api.hold = True
    asked = opened(api)

    approved = gateway(api).read_callback(*api.pay(asked.reference, NOW), NOW)

    [capture_id] = api.captures
    pending = told(api, "PAYMENT.CAPTURE.PENDING", {"id": capture_id})
    assert approved == pending == IgnoredNotice("capture still pending")


@pytest.mark.parametrize("kind", ["PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED"])
def test_a_capture_that_failed_brought_no_money(api: PayPalServer, kind: str) -> None:
    _, payment = paid(api)
    api.captures[payment.transaction_id]["status"] = "DECLINED"

    notice = told(api, kind, {"id": payment.transaction_id})

    assert notice == UnpaidNotice("demo", ORDER_ID, "DECLINED")


def test_a_capture_that_is_refused_tells_why(api: PayPalServer) -> None:
    api.refuse = ["INSTRUMENT_DECLINED"]
    asked = opened(api)

    notice = gateway(api).read_callback(*api.pay(asked.reference, NOW), NOW)

    assert notice == UnpaidNotice("demo", ORDER_ID, "INSTRUMENT_DECLINED")


def test_an_order_that_was_closed_is_not_captured_when_it_is_approved(api: PayPalServer) -> None:
    asked = opened(api)
    assert gateway(api).close_payment(asked) == Unpaid(closed=True)

    notice = gateway(api).read_callback(*api.pay(asked.reference, NOW), NOW)

    assert isinstance(notice, IgnoredNotice)
    assert api.captures == {}


def test_nothing_is_captured_because_a_callback_says_it_was_approved(api: PayPalServer) -> None:
    asked = opened(api)

    notice = told(api, "CHECKOUT.ORDER.APPROVED", {"id": asked.reference, "status": "APPROVED"})

    assert isinstance(notice, IgnoredNotice)
    assert api.captures == {}


@pytest.mark.parametrize("custom_id", ["", "an-order-of-another-shop", "a/b/c/d", "/x", "x/"])
def test_another_shop_of_the_same_account_is_left_alone(api: PayPalServer, custom_id: str) -> None:
    asked = opened(api)
    [unit] = api.orders[asked.reference]["purchase_units"]
    unit["custom_id"] = custom_id

    notice = gateway(api).read_callback(*api.pay(asked.reference, NOW), NOW)

    assert isinstance(notice, IgnoredNotice)
    assert api.captures == {}


@pytest.mark.parametrize("kind", ["PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED"])
def test_a_payment_of_another_shop_is_ignored(api: PayPalServer, kind: str) -> None:
    _, payment = paid(api)
    refund = api.take_back(payment.transaction_id, "1.00")
    api.captures[payment.transaction_id]["custom_id"] = "another"
    named = refund["id"] if kind.endswith("REFUNDED") else payment.transaction_id

    assert told(api, kind, {"id": named}) == IgnoredNotice("not an order of ours")


def test_money_on_another_account_is_not_ours(api: PayPalServer) -> None:
    _, payment = paid(api)
    api.captures[payment.transaction_id]["payee"] = {"merchant_id": "AAAAAAAAAAAAA"}

    with pytest.raises(PaymentMerchantMismatch):
        told(api, "PAYMENT.CAPTURE.COMPLETED", {"id": payment.transaction_id})


# Refunds.


def test_a_refund_of_ours_is_known_by_our_number(api: PayPalServer) -> None:
    asked, payment = paid(api)
    report = gateway(api).refund(refund_of(asked, payment, money=Money(1000, "EUR")))

    notice = told(api, "PAYMENT.CAPTURE.REFUNDED", {"id": report.provider_ref})

    assert notice == RefundNotice("demo", ORDER_ID, payment.transaction_id, report)


@pytest.mark.parametrize("kind", ["PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED"])
@pytest.mark.parametrize("changes", [{}, {"invoice_id": ""}])
def test_what_was_given_back_elsewhere_has_no_number_of_ours(
    api: PayPalServer, kind: str, changes: dict[str, str]
) -> None:
    _, payment = paid(api)
    refund = api.take_back(payment.transaction_id, "1.00", **changes)

    notice = told(api, kind, {"id": refund["id"]})

    report = RefundReport(
        "", refund["id"], RefundState.SUCCEEDED, Money(100, "EUR"), REFUNDED_AT_MS
    )
    assert notice == RefundNotice("demo", ORDER_ID, payment.transaction_id, report)


# Disputes.


def dispute(api: PayPalServer, transaction_id: str, **changes: Any) -> dict[str, Any]:
    api.disputes["PP-D-4012"] = {
        "dispute_id": "PP-D-4012",
        "create_time": "2026-11-23T10:00:00.000Z",
        "disputed_transactions": [{"seller_transaction_id": transaction_id}],
        "reason": "UNAUTHORISED",
        "status": "WAITING_FOR_SELLER_RESPONSE",
        "dispute_amount": {"currency_code": "EUR", "value": "45.00"},
        **changes,
    }
    return {"dispute_id": "PP-D-4012", "status": "OPEN"}


@pytest.mark.parametrize("kind", ["CREATED", "UPDATED", "RESOLVED"])
def test_a_dispute_is_told_as_it_stands_now(api: PayPalServer, kind: str) -> None:
    _, payment = paid(api)
    resource = dispute(api, payment.transaction_id)

    assert told(api, f"CUSTOMER.DISPUTE.{kind}", resource) == DisputeNotice(
        "demo",
        ORDER_ID,
        Dispute(
            "paypal",
            "PP-D-4012",
            payment.transaction_id,
            DisputeState.OPENED,
            Money(4500, "EUR"),
            "UNAUTHORISED",
            REFUNDED_AT_MS,
        ),
    )


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("RESOLVED_BUYER_FAVOUR", DisputeState.LOST),
        ("ACCEPTED", DisputeState.LOST),
        ("RESOLVED_SELLER_FAVOUR", DisputeState.WON),
        ("RESOLVED_WITH_PAYOUT", DisputeState.WON),
        ("CANCELED_BY_BUYER", DisputeState.WON),
        ("DENIED", DisputeState.WON),
        ("NONE", DisputeState.WON),
        ("SOMETHING_NEW", DisputeState.OPENED),
    ],
)
def test_a_dispute_ends_as_paypal_decided(
    api: PayPalServer, outcome: str, state: DisputeState
) -> None:
    _, payment = paid(api)
    ended = {"status": "RESOLVED", "dispute_outcome": {"outcome_code": outcome}}
    resource = dispute(api, payment.transaction_id, **ended)

    notice = told(api, "CUSTOMER.DISPUTE.CREATED", resource)

    assert isinstance(notice, DisputeNotice)
    assert notice.dispute.state is state


def test_a_dispute_about_another_shop_is_ignored(api: PayPalServer) -> None:
    _, payment = paid(api)
    api.captures[payment.transaction_id]["custom_id"] = ""
    resource = dispute(api, payment.transaction_id)

    assert isinstance(told(api, "CUSTOMER.DISPUTE.CREATED", resource), IgnoredNotice)


# What is refused.


def test_an_event_that_moves_nothing_is_ignored_and_asks_nothing(api: PayPalServer) -> None:
    notice = told(api, "CHECKOUT.ORDER.COMPLETED", {"id": "1"})

    assert notice == IgnoredNotice("event CHECKOUT.ORDER.COMPLETED")
    assert [each for each in api.requests if "certs" not in each] == []


@pytest.mark.parametrize("kind", sorted(READERS))
def test_what_paypal_does_not_know_is_refused(api: PayPalServer, kind: str) -> None:
    resource = {"id": "3C679366E00000099", "dispute_id": "PP-D-1"}

    with pytest.raises(RequestInvalid, match="does not know"):
        told(api, kind, resource)


def test_a_refund_of_no_capture_is_ignored(api: PayPalServer) -> None:
    _, payment = paid(api)
    refund = api.take_back(payment.transaction_id, "1.00", links=[])

    notice = told(api, "PAYMENT.CAPTURE.REFUNDED", {"id": refund["id"]})

    assert notice == IgnoredNotice("a refund of no capture")


@pytest.mark.parametrize("kind", sorted(READERS))
@pytest.mark.parametrize(
    "resource", [{}, {"id": 7}, {"id": ""}, {"id": "../../v1/x", "dispute_id": "a/b"}, [], "x"]
)
def test_a_signed_event_of_another_shape_is_refused(
    api: PayPalServer, kind: str, resource: Any
) -> None:
    with pytest.raises(RequestInvalid):
        told(api, kind, resource)
    assert [each for each in api.requests if "certs" not in each] == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b"\xff", b"null{}", b'"\xff"'])
def test_a_signed_body_that_is_no_json_is_refused(api: PayPalServer, raw: bytes) -> None:
    with pytest.raises((RequestMalformed, RequestInvalid)):
        gateway(api).read_callback(raw, api.signer.headers(raw, NOW), NOW)


def test_paypal_not_answering_leaves_the_callback_undecided(api: PayPalServer) -> None:
    _, payment = paid(api)
    api.fail_with.append((503, {}))

    with pytest.raises(PaymentProviderUnavailable):
        told(api, "PAYMENT.CAPTURE.COMPLETED", {"id": payment.transaction_id})


def test_nothing_is_read_before_the_signature_is(api: PayPalServer) -> None:
    with pytest.raises(SignatureMissing):
        gateway(api).read_callback(b"{", {}, NOW)


@pytest.fixture(scope="module")
def lasting() -> Iterator[PayPalServer]:
    with account() as server:
        yield server


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(sorted(READERS)) | st.text(max_size=20), resource=JSON)
def test_whatever_is_signed_is_read_or_refused(
    lasting: PayPalServer, kind: str, resource: Any
) -> None:
    raw = json.dumps({"event_type": kind, "resource": resource}).encode()
    try:
        notice = gateway(lasting).read_callback(raw, lasting.signer.headers(raw, NOW), NOW)
    except Rejected:
        return
    assert isinstance(notice, IgnoredNotice)
