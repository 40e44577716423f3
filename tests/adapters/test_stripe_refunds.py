"""A refund at Stripe is made once, however often and however late it is sent."""

from collections.abc import Callable
from typing import Any

import pytest

from scrip.adapters.gateways import stripe_api
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
)
from scrip.domain.money import Money
from scrip.domain.payment import Payment
from scrip.domain.refund import RefundRequest, RefundState
from tests.adapters.stripe_account import gateway, open_one, pay_one, refunding
from tests.oracles.stripe_book import Answered, StripeBook
from tests.oracles.stripe_calls import KEY_SECONDS, begin_refund, move_refund
from tests.oracles.stripe_server import StripeServer


@pytest.fixture
def wanted(api: StripeServer) -> RefundRequest:
    return refunding(*pay_one(api))


def made(api: StripeBook) -> list[dict[str, Any]]:
    return api.of_kind("refund")


def test_a_refund_goes_out_with_our_ids(api: StripeServer, wanted: RefundRequest) -> None:
    told = gateway(api.base).refund(wanted)

    (kept,) = made(api)
    assert (told.refund_id, told.provider_ref) == (wanted.refund_id, kept["id"])
    assert (told.state, told.money) == (RefundState.SUCCEEDED, Money(1500, "EUR"))
    assert told.at_ms == kept["created"] * 1000
    assert (kept["payment_intent"], kept["amount"]) == (wanted.payment.transaction_id, 1500)
    assert kept["metadata"] == {
        "refund_id": wanted.refund_id,
        "order_id": wanted.order_id,
        "merchant_id": "demo",
        "reason": "sold out",
    }


def test_a_reason_is_cut_to_what_stripe_keeps_and_left_out_when_empty(api: StripeServer) -> None:
    reference, payment = pay_one(api)
    for number, reason in enumerate(("", "x" * 600)):
        gateway(api.base).refund(
            refunding(reference, payment, refund_id=f"R{number}", reason=reason)
        )

    long, empty = made(api)
    assert long["metadata"]["reason"] == "x" * 500
    assert "reason" not in empty["metadata"]


def test_an_amount_goes_out_and_comes_back_as_stripe_counts_it(api: StripeServer) -> None:
    wanted = refunding(*pay_one(api, money=Money(45, "ISK")), money=Money(15, "ISK"))

    told = gateway(api.base).refund(wanted)

    assert made(api)[0]["amount"] == 1500
    assert told.money == Money(15, "ISK")


def again(api: StripeServer) -> None:
    """Right away."""


def days_later(api: StripeServer) -> None:
    api.skew_seconds += 3 * KEY_SECONDS


def key_forgotten(api: StripeServer) -> None:
    api.answers.clear()


@pytest.mark.parametrize("passing", [again, days_later, key_forgotten])
def test_a_refund_sent_again_is_the_same_refund(
    api: StripeServer, wanted: RefundRequest, passing: Callable[[StripeServer], None]
) -> None:
    first = gateway(api.base).refund(wanted)
    passing(api)

    assert gateway(api.base).refund(wanted) == first
    assert gateway(api.base).query_refund(wanted) == first
    assert len(made(api)) == 1


@pytest.mark.parametrize("passing", [again, days_later])
def test_a_refund_whose_answer_was_lost_is_found(
    api: StripeServer, wanted: RefundRequest, passing: Callable[[StripeServer], None]
) -> None:
    api.lose_answers.append("POST /v1/refunds")

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api.base).refund(wanted)
    passing(api)

    told = gateway(api.base).refund(wanted)
    assert told.provider_ref == made(api)[0]["id"]
    assert len(made(api)) == 1


def test_a_refund_that_no_list_shows_yet_is_not_made_twice(
    api: StripeServer, wanted: RefundRequest
) -> None:
    """Two at once: both looked before either sent."""
    first = gateway(api.base).refund(wanted)
    kept = api.objects.pop(first.provider_ref)

    second = gateway(api.base).refund(wanted)

    api.keep(kept)
    assert second == first
    assert len(made(api)) == 1


def test_the_same_refund_with_another_amount_is_refused(
    api: StripeServer, wanted: RefundRequest
) -> None:
    gateway(api.base).refund(wanted)
    other = refunding(wanted.payment_ref, wanted.payment, money=Money(1600, "EUR"))

    with pytest.raises(IdempotencyKeyReused):
        gateway(api.base).refund(other)
    api.objects.pop(made(api)[0]["id"])
    with pytest.raises(IdempotencyKeyReused):
        gateway(api.base).refund(other)


def test_several_refunds_of_one_payment_are_told_apart(
    api: StripeServer, wanted: RefundRequest
) -> None:
    others = [
        refunding(wanted.payment_ref, wanted.payment, refund_id=f"R{n}", money=Money(n, "EUR"))
        for n in (1, 2, 3)
    ]

    told = [gateway(api.base).refund(each) for each in (*others, wanted)]

    assert [each.money.amount_minor for each in told] == [1, 2, 3, 1500]
    assert [gateway(api.base).query_refund(each) for each in (*others, wanted)] == told


def test_a_refund_is_found_beyond_the_first_page(
    api: StripeServer, wanted: RefundRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gateway(api.base).refund(wanted)
    intent = api.payments[wanted.payment_ref]
    for _ in range(5):
        begin_refund(api, intent, 1)
    monkeypatch.setattr(stripe_api, "PAGE_ROWS", 2)

    assert gateway(api.base).query_refund(wanted) == first
    assert sum("starting_after" in each for each in api.requests) == 2


def test_a_refund_never_sent_is_unknown(api: StripeServer, wanted: RefundRequest) -> None:
    begin_refund(api, api.payments[wanted.payment_ref], 100)

    assert gateway(api.base).query_refund(wanted) is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", RefundState.PENDING),
        ("requires_action", RefundState.PENDING),
        ("succeeded", RefundState.SUCCEEDED),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.FAILED),
        ("lost_in_the_post", RefundState.STUCK),
        (None, RefundState.STUCK),
    ],
)
def test_a_refund_is_told_as_far_as_it_is(
    api: StripeServer, wanted: RefundRequest, status: str, state: RefundState
) -> None:
    first = gateway(api.base).refund(wanted)
    move_refund(api, first.provider_ref, status)

    found = gateway(api.base).query_refund(wanted)

    assert found is not None
    assert found.state is state
    assert gateway(api.base).refund(wanted) == found


def test_more_than_was_paid_is_refused(api: StripeServer, wanted: RefundRequest) -> None:
    everything = refunding(
        wanted.payment_ref, wanted.payment, refund_id="R1", money=wanted.payment.money
    )
    too_much = refunding(wanted.payment_ref, wanted.payment, money=Money(4501, "EUR"))

    with pytest.raises(PaymentProviderRefused, match="400 invalid_request_error"):
        gateway(api.base).refund(too_much)
    gateway(api.base).refund(everything)
    with pytest.raises(PaymentProviderRefused, match="400 charge_already_refunded"):
        gateway(api.base).refund(refunding(wanted.payment_ref, wanted.payment, refund_id="R2"))


def test_a_disputed_payment_is_not_refunded(api: StripeServer, wanted: RefundRequest) -> None:
    api.dispute(wanted.payment_ref)

    with pytest.raises(PaymentProviderRefused, match="400 charge_disputed"):
        gateway(api.base).refund(wanted)


def test_a_refusal_is_repeated_for_a_day_and_then_thought_over(
    api: StripeServer, wanted: RefundRequest
) -> None:
    dispute = api.dispute(wanted.payment_ref)
    with pytest.raises(PaymentProviderRefused):
        gateway(api.base).refund(wanted)
    api.keep(api.objects[dispute["charge"]], disputed=False)

    with pytest.raises(PaymentProviderRefused):
        gateway(api.base).refund(wanted)
    days_later(api)
    assert gateway(api.base).refund(wanted).state is RefundState.SUCCEEDED


def test_money_that_nobody_paid_is_not_given_back(api: StripeServer) -> None:
    reference = open_one(api)
    payment = Payment("stripe", reference, Money(4500, "EUR"), False, 0)

    with pytest.raises(PaymentProviderRefused, match="payment_intent_unexpected_state"):
        gateway(api.base).refund(refunding(reference, payment))


def test_another_request_under_the_same_key_is_told(
    api: StripeServer, wanted: RefundRequest
) -> None:
    api.answers[wanted.refund_id] = Answered([("amount", "1")], {})

    with pytest.raises(IdempotencyKeyReused):
        gateway(api.base).refund(wanted)


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_what_is_not_known_is_asked_again(
    api: StripeServer, wanted: RefundRequest, status: int
) -> None:
    gateway(api.base).query_refund(wanted)
    api.fail_with.append((status, {"error": {"type": "api_error"}}))

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api.base).refund(wanted)

    assert made(api) == []


@pytest.mark.parametrize("page", ["<html>", {}, {"data": [{}]}, {"data": [{"id": "re_1/../x"}]}])
def test_a_list_that_stripe_would_not_write_tells_nothing(
    api: StripeServer, wanted: RefundRequest, page: Any
) -> None:
    for call in (gateway(api.base).refund, gateway(api.base).query_refund):
        api.fail_with.append((200, page))
        with pytest.raises(PaymentProviderUnavailable):
            call(wanted)

    assert made(api) == []
