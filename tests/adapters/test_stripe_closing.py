"""How a payment at Stripe stands, and that no money comes any more once it is closed."""

import json

import pytest

from scrip.adapters.gateways.stripe_payments import collection_of
from scrip.domain.errors import PaymentProviderRefused, PaymentProviderUnavailable
from scrip.domain.money import Money
from scrip.domain.notice import PaymentNotice
from scrip.domain.payment import Payment, Unpaid
from tests.adapters.stripe_account import PAGE, asked, gateway, open_one
from tests.oracles.stripe_server import StripeServer, sign

OPEN, CLOSED = Unpaid(), Unpaid(closed=True)


def told_by(api: StripeServer, raw: bytes) -> Payment:
    headers = {"stripe-signature": sign(raw)}
    notice = gateway(api.base).read_callback(raw, headers, api.now_seconds())
    assert isinstance(notice, PaymentNotice)
    return notice.payment


@pytest.mark.parametrize("return_url", [None, PAGE])
def test_a_payment_nobody_made_is_unpaid_until_it_is_closed(
    api: StripeServer, return_url: str | None
) -> None:
    account, reference = gateway(api.base), open_one(api, return_url=return_url)

    assert account.query_payment(asked(reference)) == OPEN
    assert account.close_payment(asked(reference)) == CLOSED
    assert account.query_payment(asked(reference)) == CLOSED
    assert account.close_payment(asked(reference)) == CLOSED


@pytest.mark.parametrize("return_url", [None, PAGE])
def test_a_payment_made_is_the_one_that_its_event_tells(
    api: StripeServer, return_url: str | None
) -> None:
    reference = open_one(api, return_url=return_url)
    event = told_by(api, api.paid(reference))

    found = gateway(api.base).query_payment(asked(reference))

    assert isinstance(found, Payment)
    assert (found.transaction_id, found.money) == (event.transaction_id, Money(4500, "EUR"))
    assert found.transaction_id.startswith("pi_")
    assert not found.live
    assert abs(found.succeeded_at_ms - event.succeeded_at_ms) <= 1000


def test_a_session_and_its_intent_are_one_payment(api: StripeServer) -> None:
    reference = open_one(api, return_url=PAGE)
    events = [api.session_completed(reference), api.paid(reference)]

    told = [told_by(api, raw).transaction_id for raw in events]

    found = gateway(api.base).query_payment(asked(reference))
    assert isinstance(found, Payment)
    assert told == [found.transaction_id] * 2


@pytest.mark.parametrize("return_url", [None, PAGE])
def test_closing_a_payment_that_was_made_tells_it(
    api: StripeServer, return_url: str | None
) -> None:
    reference = open_one(api, return_url=return_url)
    api.settle(reference)

    found = gateway(api.base).close_payment(asked(reference))

    assert found == gateway(api.base).query_payment(asked(reference))
    assert isinstance(found, Payment)


def test_a_payment_under_way_can_not_be_closed_now(api: StripeServer) -> None:
    reference = open_one(api)
    api.keep(api.payments[reference], status="processing")

    assert gateway(api.base).close_payment(asked(reference)) == OPEN


def test_a_payment_made_while_it_was_being_closed_is_told(api: StripeServer) -> None:
    reference = open_one(api)
    api.settle(reference)
    api.fail_with.append((400, {"error": {"code": "payment_intent_unexpected_state"}}))

    assert isinstance(gateway(api.base).close_payment(asked(reference)), Payment)


def test_a_bank_debit_is_unpaid_for_days_and_closed_when_it_fails(api: StripeServer) -> None:
    account, reference = gateway(api.base), open_one(api, return_url=PAGE)

    api.debit_bank(reference)
    assert account.query_payment(asked(reference)) == OPEN
    assert account.close_payment(asked(reference)) == OPEN

    api.debit_bank(reference, failed=True)
    assert account.query_payment(asked(reference)) == CLOSED
    assert account.close_payment(asked(reference)) == CLOSED


def test_a_session_begun_and_left_is_closed(api: StripeServer) -> None:
    account, reference = gateway(api.base), open_one(api, return_url=PAGE)
    api.begin(reference)

    assert account.query_payment(asked(reference)) == OPEN
    assert account.close_payment(asked(reference)) == CLOSED


def test_a_session_that_cost_nothing_is_paid_only_when_completed(api: StripeServer) -> None:
    account, reference = gateway(api.base), open_one(api, return_url=PAGE)
    free = api.keep(api.payments[reference], payment_status="no_payment_required", amount_total=0)

    assert account.query_payment(asked(reference)) == OPEN
    api.keep(free, status="complete")
    found = account.query_payment(asked(reference))

    assert isinstance(found, Payment)
    assert (found.transaction_id, found.money) == (reference, Money(0, "EUR"))


def test_what_was_received_counts(api: StripeServer) -> None:
    reference = open_one(api)
    api.keep(api.settle(reference), amount_received=4400)

    found = gateway(api.base).query_payment(asked(reference))

    assert isinstance(found, Payment)
    assert found.money == Money(4400, "EUR")


@pytest.mark.parametrize("return_url", [None, PAGE])
def test_an_answer_lost_while_closing_changes_nothing(
    api: StripeServer, return_url: str | None
) -> None:
    account, reference = gateway(api.base), open_one(api, return_url=return_url)
    kept_in = collection_of(reference)
    api.lose_answers.append(f"POST {kept_in.path}/{reference}/{kept_in.close}")

    with pytest.raises(PaymentProviderUnavailable):
        account.close_payment(asked(reference))

    assert api.payments[reference]["status"] in ("canceled", "expired")
    assert account.close_payment(asked(reference)) == CLOSED


@pytest.mark.parametrize("reference", ["pi_unknown", "cs_unknown"])
def test_a_payment_nobody_opened_is_refused(api: StripeServer, reference: str) -> None:
    for call in (gateway(api.base).query_payment, gateway(api.base).close_payment):
        with pytest.raises(PaymentProviderRefused, match="404 resource_missing"):
            call(asked(reference))


@pytest.mark.parametrize(
    ("status", "error"), [(401, PaymentProviderRefused), (403, PaymentProviderRefused)]
)
def test_a_key_that_may_not_close_is_told(
    api: StripeServer, status: int, error: type[Exception]
) -> None:
    reference = open_one(api)
    api.fail_with.append((status, {"error": {"type": "invalid_request_error"}}))

    with pytest.raises(error):
        gateway(api.base).close_payment(asked(reference))


@pytest.mark.parametrize(
    "page", ["<html>", {}, {"id": "pi_1", "amount": "x"}, {"id": "../balance"}, {"id": 7}]
)
def test_an_answer_that_stripe_would_not_write_tells_nothing(
    api: StripeServer, page: object
) -> None:
    reference = open_one(api)
    api.fail_with += [(200, page)] * 2  # type: ignore[list-item]

    for call in (gateway(api.base).query_payment, gateway(api.base).close_payment):
        with pytest.raises(PaymentProviderUnavailable):
            call(asked(reference))


def test_the_stand_in_keeps_what_the_event_says(api: StripeServer) -> None:
    reference = open_one(api)

    event = json.loads(api.paid(reference))

    assert event["data"]["object"] == api.payments[reference]
