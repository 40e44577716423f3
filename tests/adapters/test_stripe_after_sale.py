"""Stripe's events about money that goes back: refunds and disputes, whoever began them."""

import json
from typing import Any

import pytest

from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.errors import (
    PaymentModeMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
)
from scrip.domain.money import Money
from scrip.domain.notice import DisputeNotice, IgnoredNotice, Notice, RefundNotice
from scrip.domain.refund import RefundReport, RefundState
from tests.adapters.stripe_account import PAGE, gateway, pay_one, refunding
from tests.domain.making import ORDER_ID
from tests.oracles.stripe_calls import begin_refund, move_refund
from tests.oracles.stripe_server import SECRET_KEY, StripeServer, sign

NOT_OURS = IgnoredNotice("not an order of ours")
REFUND_EVENTS = ["refund.created", "refund.updated", "refund.failed"]
DISPUTE_EVENTS = ["charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"]


def read(api: StripeServer, raw: bytes, key: str = SECRET_KEY) -> Notice:
    headers = {"stripe-signature": sign(raw, at=api.now_seconds())}
    return gateway(api.base, key).read_callback(raw, headers, api.now_seconds())


def event(api: StripeServer, kind: str, about: dict[str, Any], **more: Any) -> bytes:
    return api.event(kind, about, created=1_760_000_000, **more)


# --- refunds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", REFUND_EVENTS)
@pytest.mark.parametrize("return_url", [None, PAGE])
def test_a_refund_of_ours_is_told_without_asking(
    api: StripeServer, kind: str, return_url: str | None
) -> None:
    reference, payment = pay_one(api, return_url=return_url)
    wanted = refunding(reference, payment)
    made = gateway(api.base).refund(wanted)
    kept = move_refund(api, made.provider_ref, "failed")
    asked = len(api.requests)

    notice = read(api, event(api, kind, kept))

    report = RefundReport(
        wanted.refund_id, made.provider_ref, RefundState.FAILED, wanted.money, 1_760_000_000_000
    )
    assert notice == RefundNotice("demo", ORDER_ID, payment.transaction_id, report)
    assert len(api.requests) == asked


def test_a_refund_begun_in_the_dashboard_is_told_by_its_payment(api: StripeServer) -> None:
    reference, payment = pay_one(api)
    for metadata in (None, {}, {"note": "somebody asked on the telephone"}):
        kept = begin_refund(api, api.payments[reference], 100, metadata)

        notice = read(api, event(api, "refund.created", kept))

        assert isinstance(notice, RefundNotice)
        assert (notice.merchant_id, notice.order_id) == ("demo", ORDER_ID)
        assert notice.transaction_id == payment.transaction_id
        assert (notice.refund.refund_id, notice.refund.provider_ref) == ("", kept["id"])
        assert notice.refund.money == Money(100, "EUR")


def test_a_refund_of_what_was_not_sold_here_is_ignored(api: StripeServer) -> None:
    reference, _ = pay_one(api)
    intent = api.keep(api.payments[reference], metadata={})
    refund = begin_refund(api, intent, 100)

    assert read(api, event(api, "refund.created", refund)) == NOT_OURS
    assert read(api, event(api, "refund.updated", refund | {"payment_intent": None})) == NOT_OURS


def test_the_sum_of_all_refunds_is_ignored(api: StripeServer) -> None:
    reference, _ = pay_one(api)
    charge = api.objects[api.payments[reference]["latest_charge"]]

    notice = read(api, event(api, "charge.refunded", charge | {"amount_refunded": 300}))

    assert notice == IgnoredNotice("event charge.refunded")


# --- disputes ----------------------------------------------------------------------------------

STATES = [
    ("warning_needs_response", DisputeState.OPENED),
    ("warning_under_review", DisputeState.OPENED),
    ("warning_closed", DisputeState.WON),
    ("needs_response", DisputeState.OPENED),
    ("under_review", DisputeState.OPENED),
    ("appeal_needs_response", DisputeState.OPENED),
    ("appeal_under_review", DisputeState.OPENED),
    ("won", DisputeState.WON),
    ("lost", DisputeState.LOST),
    ("prevented", DisputeState.WON),
]


@pytest.mark.parametrize("kind", DISPUTE_EVENTS)
@pytest.mark.parametrize("return_url", [None, PAGE])
def test_a_dispute_is_told_with_the_order_that_was_paid(
    api: StripeServer, kind: str, return_url: str | None
) -> None:
    reference, payment = pay_one(api, return_url=return_url)
    dispute = api.dispute(reference, amount=4400)

    assert read(api, event(api, kind, dispute)) == DisputeNotice(
        "demo",
        ORDER_ID,
        Dispute(
            "stripe",
            dispute["id"],
            payment.transaction_id,
            DisputeState.OPENED,
            Money(4400, "EUR"),
            "fraudulent",
            1_760_000_000_000,
        ),
    )


@pytest.mark.parametrize(("status", "state"), STATES)
def test_a_dispute_stands_as_stripe_says_now_not_as_the_event_did(
    api: StripeServer, status: str, state: DisputeState
) -> None:
    reference, _ = pay_one(api)
    stale = event(api, "charge.dispute.created", api.dispute(reference))
    api.dispute(reference, status)

    notice = read(api, stale)

    assert isinstance(notice, DisputeNotice)
    assert notice.dispute.state is state


def test_a_dispute_prevented_with_the_buyers_money_is_lost(api: StripeServer) -> None:
    reference, _ = pay_one(api)
    taken, back = {"id": "txn_1", "amount": -4500}, {"id": "txn_2", "amount": 4500}

    for moves, state in (([taken], DisputeState.LOST), ([taken, back], DisputeState.WON)):
        dispute = api.dispute(reference, "prevented", balance_transactions=moves)
        notice = read(api, event(api, "charge.dispute.closed", dispute))

        assert isinstance(notice, DisputeNotice)
        assert notice.dispute.state is state


def test_a_dispute_in_a_state_nobody_knows_is_not_guessed(api: StripeServer) -> None:
    reference, _ = pay_one(api)

    with pytest.raises(RequestInvalid):
        read(api, event(api, "charge.dispute.updated", api.dispute(reference, "adjourned")))


def test_a_dispute_over_what_was_not_sold_here_is_ignored(api: StripeServer) -> None:
    reference, _ = pay_one(api)
    api.keep(api.payments[reference], metadata={})
    dispute = api.dispute(reference)

    assert read(api, event(api, "charge.dispute.created", dispute)) == NOT_OURS
    api.keep(dispute, payment_intent=None)
    assert read(api, event(api, "charge.dispute.created", dispute)) == NOT_OURS


# --- both --------------------------------------------------------------------------------------


def events(api: StripeServer) -> list[bytes]:
    """Such that Stripe must be asked."""
    reference, _ = pay_one(api)
    refund = begin_refund(api, api.payments[reference], 100)
    return [
        event(api, "refund.created", refund),
        event(api, "charge.dispute.created", api.dispute(reference)),
    ]


def test_an_event_waits_until_stripe_answers(api: StripeServer) -> None:
    pages: list[Any] = [(503, {"error": {}}), (200, "<html>"), (200, {"id": "du_1/../x"})]
    for raw in events(api):
        for page in pages:
            api.fail_with.append(page)
            with pytest.raises(PaymentProviderUnavailable):
                read(api, raw)

        assert isinstance(read(api, raw), RefundNotice | DisputeNotice)


def test_a_key_that_may_not_look_is_told(api: StripeServer) -> None:
    for raw in events(api):
        api.fail_with.append((403, {"error": {"type": "invalid_request_error"}}))
        with pytest.raises(PaymentProviderRefused, match="403"):
            read(api, raw)


def test_money_of_the_other_mode_is_refused_before_anybody_is_asked(api: StripeServer) -> None:
    about = events(api)
    asked = len(api.requests)

    for raw in about:
        with pytest.raises(PaymentModeMismatch):
            read(api, raw, "sk_live_something_secret")

    assert len(api.requests) == asked


@pytest.mark.parametrize("kind", [*REFUND_EVENTS, *DISPUTE_EVENTS])
@pytest.mark.parametrize(
    "about", [{}, {"id": None}, {"id": "du_1/../../refunds"}, {"id": ""}, {"id": "x\n"}, [], None]
)
def test_a_signed_event_of_another_shape_is_refused(
    api: StripeServer, kind: str, about: Any
) -> None:
    with pytest.raises(RequestInvalid):
        read(api, event(api, kind, about))

    assert api.requests == []


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_intent": "pi_1/../../x"},
        {"amount": -1},
        {"amount": 1.5},
        {"currency": "euro"},
        {"metadata": []},
        {"created": None},
    ],
)
def test_a_signed_refund_of_another_shape_is_refused(
    api: StripeServer, changes: dict[str, Any]
) -> None:
    reference, payment = pay_one(api)
    made = gateway(api.base).refund(refunding(reference, payment))

    with pytest.raises(RequestInvalid):
        read(api, event(api, "refund.updated", api.objects[made.provider_ref] | changes))


def test_the_stand_in_posts_what_it_keeps(api: StripeServer) -> None:
    reference, _ = pay_one(api)
    dispute = api.dispute(reference)

    body = json.loads(event(api, "charge.dispute.created", dispute))

    assert body["data"]["object"] == api.objects[dispute["id"]]
