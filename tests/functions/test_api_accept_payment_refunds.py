"""Callbacks about refunds: they move ours to the right, and tell of those begun elsewhere."""

from collections.abc import Callable

import pytest

from scrip.domain import errors
from scrip.domain.refund import RefundState
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.functions.test_refunds import at_stripe, follow, refunds, waiting
from tests.in_memory import InMemory
from tests.oracles import stripe_calls
from tests.oracles.stripe_server import StripeServer
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
EURO_45 = 4500


@pytest.fixture
def owing(stocked: Shop, clock: Clock) -> Reply:
    """An order for two cards, of which one was taken back."""
    placed = stocked.place({"card-50": 2})
    assert stocked.pay(placed).json["outcome"] == "delivered"
    assert stocked.take_back(placed, 1).json["refund_due_minor"] == EURO_45
    clock.ahead_ms = 1000
    return placed


def begun_in_the_dashboard(stripe: StripeServer, placed: Reply, amount: int) -> bytes:
    intent = stripe.payments[placed.json["payment"]["reference"]]
    return stripe.event("refund.created", stripe_calls.begin_refund(stripe, intent, amount))


def states(cloud: InMemory, placed: Reply) -> list[RefundState]:
    return [each.state for each in refunds(cloud, placed)]


def test_a_refund_that_fails_later_is_told_to_a_person(
    cloud: InMemory,
    stocked: Shop,
    stripe_api: StripeServer,
    owing: Reply,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    follow(cloud)
    assert states(cloud, owing) == [RefundState.SUCCEEDED]
    [made] = at_stripe(stripe_api, owing)
    succeeded = stripe_api.event("refund.updated", made)
    failed = stripe_api.event(
        "refund.failed", stripe_calls.move_refund(stripe_api, made["id"], "failed")
    )

    told = stocked.callback(failed)
    with nothing_changes(cloud):
        again = [stocked.callback(failed), stocked.callback(succeeded)]

    assert told.json["outcome"] == "refund"
    assert [each.json["outcome"] for each in again] == ["duplicate", "duplicate"]
    assert states(cloud, owing) == [RefundState.FAILED]
    assert waiting(capsys) == []
    clock.ahead_ms += 1000
    follow(cloud)
    assert waiting(capsys) == ["failed"]
    assert len(at_stripe(stripe_api, owing)) == 1, "it is not made again by itself"


def test_a_callback_may_be_faster_than_asking(
    cloud: InMemory,
    stocked: Shop,
    stripe_api: StripeServer,
    owing: Reply,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = stripe_calls.begin_refund
    monkeypatch.setattr(
        stripe_calls,
        "begin_refund",
        lambda book, *more: book.keep(begin(book, *more), status="pending"),
    )
    follow(cloud)
    [made] = at_stripe(stripe_api, owing)
    assert states(cloud, owing) == [RefundState.PENDING]

    done = stripe_calls.move_refund(stripe_api, made["id"], "succeeded")
    assert stocked.callback(stripe_api.event("refund.updated", done)).json["outcome"] == "refund"

    assert states(cloud, owing) == [RefundState.SUCCEEDED]
    clock.ahead_ms += MINUTE_MS + 1000
    assert [follow(cloud), follow(cloud)] == [1, 0]


def test_one_that_gave_back_another_amount_is_for_a_person(
    cloud: InMemory,
    stocked: Shop,
    stripe_api: StripeServer,
    owing: Reply,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = stripe_calls.begin_refund
    monkeypatch.setattr(
        stripe_calls,
        "begin_refund",
        lambda book, *more: book.keep(begin(book, *more), status="pending"),
    )
    follow(cloud)
    [made] = at_stripe(stripe_api, owing)

    stocked.callback(
        stripe_api.event("refund.updated", made | {"amount": 1, "status": "succeeded"})
    )

    assert states(cloud, owing) == [RefundState.STUCK]


def test_a_refund_begun_in_the_dashboard_counts(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, owing: Reply
) -> None:
    event = begun_in_the_dashboard(stripe_api, owing, 1500)

    told = stocked.callback(event)
    with nothing_changes(cloud):
        again = stocked.callback(event)
    follow(cloud)

    assert (told.json["outcome"], again.json["outcome"]) == ("refund", "duplicate")
    assert [each["amount"] for each in at_stripe(stripe_api, owing)] == [3000, 1500]
    assert [(each.foreign, each.money.amount_minor) for each in refunds(cloud, owing)] == [
        (True, 1500),
        (False, 3000),
    ]


def test_one_that_fails_is_made_by_us_instead(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, owing: Reply, clock: Clock
) -> None:
    stocked.callback(begun_in_the_dashboard(stripe_api, owing, EURO_45))
    assert [follow(cloud), follow(cloud)] == [1, 0]
    [made] = at_stripe(stripe_api, owing)

    failed = stripe_calls.move_refund(stripe_api, made["id"], "failed")
    clock.ahead_ms += 1000
    stocked.callback(stripe_api.event("refund.failed", failed))
    clock.ahead_ms += 1000
    follow(cloud)

    assert states(cloud, owing) == [RefundState.FAILED, RefundState.SUCCEEDED]


def test_more_than_was_captured_is_told(
    cloud: InMemory,
    stocked: Shop,
    stripe_api: StripeServer,
    owing: Reply,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stocked.callback(begun_in_the_dashboard(stripe_api, owing, 9000))
    assert "RefundsOverCaptured" not in capsys.readouterr().out

    stocked.callback(begun_in_the_dashboard(stripe_api, owing, 1))

    assert "RefundsOverCaptured" in capsys.readouterr().out
    follow(cloud)
    assert len(at_stripe(stripe_api, owing)) == 2


def test_a_refund_of_an_unknown_order_is_asked_for_again(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, owing: Reply
) -> None:
    event = begun_in_the_dashboard(stripe_api, owing, 1500)
    cloud.table("orders").delete_item(Key={"pk": f"demo#{owing.json['order']['order_id']}"})

    with nothing_changes(cloud):
        assert is_refused(stocked.callback(event), errors.OrderUnknown)


def test_another_merchants_refund_is_refused(
    cloud: InMemory,
    stocked: Shop,
    open_another: Callable[..., Shop],
    stripe_api: StripeServer,
    owing: Reply,
) -> None:
    other = open_another("other")

    with nothing_changes(cloud):
        reply = other.callback(begun_in_the_dashboard(stripe_api, owing, 1500))

    assert is_refused(reply, errors.PaymentMerchantMismatch)
