"""What became of money is told once for each thing that happened, and nothing of a usual order."""

from dataclasses import replace
from itertools import pairwise

import pytest

from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.line import Fate
from scrip.domain.money import Money
from scrip.domain.money_event import MoneyAbout, MoneyEvent, money_events
from scrip.domain.order import FulfillingOrder, Order, OrderRecord, SettledOrder
from scrip.domain.outcome import Action, Case, Stray
from scrip.domain.refund import Refund, RefundState, begin
from tests.domain.making import NOW_MS, ORDER_ID, line, payment, pending, top_up

SECOND = payment(4500, transaction="pi_second")
DISPUTE = Dispute(
    "stripe", "du_1", "pi_00000001", DisputeState.OPENED, Money(4500, "EUR"), "fraudulent", 5
)


def settled(claimed: int = 1, quantity: int = 1) -> SettledOrder:
    order = pending(line(0, quantity)).with_line(line(0, quantity).picked(claimed))
    return order.pay(payment(4500 * quantity)).settle(NOW_MS)


def record(
    order: Order | None = None,
    strays: tuple[Stray, ...] = (),
    disputes: tuple[Dispute, ...] = (),
    refunds: tuple[Refund, ...] = (),
) -> OrderRecord:
    return OrderRecord(order or settled(), "", strays, disputes, refunds)


def told(old: OrderRecord | None, new: OrderRecord | None) -> list[MoneyEvent]:
    return list(money_events(old, new, NOW_MS))


def abouts(old: OrderRecord | None, new: OrderRecord | None) -> list[tuple[str, bool]]:
    """Types, and whether a person is wanted."""
    return [(each.about.value, each.wants_a_person) for each in told(old, new)]


def stray(case: Case, action: Action) -> OrderRecord:
    return record(strays=(Stray(SECOND, case, action),))


def refund(state: RefundState, *, at_ms: int = 0, foreign: bool = False) -> OrderRecord:
    made = begin(ORDER_ID, 1, payment(), 1200, NOW_MS)
    made = replace(made, state=state, told_at_ms=at_ms, foreign=foreign)
    return record(refunds=(made,))


def disputed(state: DisputeState, at_ms: int = 5) -> OrderRecord:
    return record(disputes=(replace(DISPUTE, state=state, at_ms=at_ms),))


def test_nothing_is_told_of_a_usual_order() -> None:
    placed = record(pending())
    expired = record(pending().expire(NOW_MS * 2))
    delivered = record()
    seen = record(replace(settled(), revealed_at_ms=NOW_MS))

    for old, new in (
        (None, placed),
        (placed, placed),
        (placed, expired),
        (placed, delivered),
        (expired, delivered),
        (delivered, seen),
        (delivered, None),
        (None, None),
    ):
        assert told(old, new) == []


@pytest.mark.parametrize(
    ("case", "action", "about", "person"),
    [
        (Case.SHORT, Action.REFUND, "payment.stray", False),
        (Case.SHORT, Action.HOLD, "payment.held", True),
        (Case.SECOND, Action.REFUND, "payment.stray", True),
        (Case.SECOND, Action.HOLD, "payment.held", True),
        (Case.CHANGED, Action.HOLD, "payment.held", True),
        (Case.LATE, Action.REFUND, "payment.stray", False),
    ],
)
def test_money_that_came_besides_is_told_by_what_becomes_of_it(
    case: Case, action: Action, about: str, *, person: bool
) -> None:
    new = stray(case, action)

    assert abouts(record(), new) == [(about, person)]
    assert told(new, new) == []


def test_an_event_of_money_besides_says_whose_and_which() -> None:
    [event] = told(record(), stray(Case.SECOND, Action.REFUND))

    assert event == MoneyEvent(
        merchant_id="demo",
        order_id=ORDER_ID,
        event_id=f"{ORDER_ID}.stripe#pi_second.second.refund",
        about=MoneyAbout.STRAY,
        at_ms=NOW_MS,
        provider="stripe",
        transaction_id="pi_second",
        money=Money(4500, "EUR"),
        subject_id="stripe#pi_second",
        case=Case.SECOND,
        action=Action.REFUND,
    )


@pytest.mark.parametrize("action", [Action.REFUND, Action.DELIVER, Action.NOTHING])
def test_what_a_person_decided_is_told(action: Action) -> None:
    held = stray(Case.OVER, Action.HOLD)

    assert abouts(held, stray(Case.OVER, action)) == [("payment.decided", False)]


def test_money_that_was_to_be_delivered_and_could_not_is_told_as_it_is_now() -> None:
    decided = stray(Case.OVER, Action.DELIVER)

    for case, action, about in (
        (Case.SECOND, Action.HOLD, "payment.held"),
        (Case.SECOND, Action.REFUND, "payment.stray"),
    ):
        assert abouts(decided, stray(case, action)) == [(about, True)]
    assert told(decided, record()) == [], "delivered: it stands beside the order no more"


def test_what_an_order_comes_to_owe_is_told_each_time_it_grows() -> None:
    paid, some = record(pending(line(0, 2))), record(settled(1, quantity=2))
    order = some.order
    assert isinstance(order, SettledOrder)
    more = record(order.owe(6000))

    [first], [second] = told(paid, some), told(some, more)

    assert (first.about, first.money) == (MoneyAbout.DUE, Money(4500, "EUR"))
    assert (second.event_id, second.money.amount_minor) == (f"{ORDER_ID}.6000.due", 6000)
    assert first.event_id != second.event_id
    assert not first.wants_a_person
    assert told(more, more) == []


@pytest.mark.parametrize(
    ("state", "about", "person"),
    [
        (RefundState.SUCCEEDED, "refund.succeeded", False),
        (RefundState.FAILED, "refund.failed", True),
        (RefundState.STUCK, "refund.stuck", True),
        (RefundState.SETTLED, "refund.settled", False),
    ],
)
def test_a_refund_is_told_by_how_it_ends(state: RefundState, about: str, *, person: bool) -> None:
    new = refund(state, at_ms=9)

    for old in (RefundState.BEGUN, RefundState.PENDING):
        assert abouts(refund(old), new) == [(about, person)]
    assert told(new, refund(state, at_ms=10)) == []


def test_a_refund_on_its_way_is_no_news() -> None:
    begun, pending_ = refund(RefundState.BEGUN), refund(RefundState.PENDING)

    for old, new in (
        (record(), begun),
        (begun, pending_),
        (refund(RefundState.FAILED), refund(RefundState.ANNULLED)),
        (refund(RefundState.STUCK), begun),
    ):
        assert told(old, new) == []


def test_a_refund_that_gets_stuck_again_is_told_again() -> None:
    begun = refund(RefundState.BEGUN, at_ms=7)

    [first] = told(record(), refund(RefundState.STUCK, at_ms=7))
    [again] = told(begun, refund(RefundState.STUCK, at_ms=8))

    assert first.event_id != again.event_id


def test_a_refund_of_the_providers_console_is_told_when_it_appears() -> None:
    under_way = refund(RefundState.PENDING, foreign=True)
    done = refund(RefundState.SUCCEEDED, foreign=True)

    assert abouts(record(), under_way) == [("refund.foreign", False)]
    assert abouts(under_way, done) == [("refund.succeeded", False)]
    assert abouts(record(), done) == [("refund.foreign", False), ("refund.succeeded", False)]


@pytest.mark.parametrize(
    ("state", "person"),
    [(DisputeState.OPENED, True), (DisputeState.WON, False), (DisputeState.LOST, True)],
)
def test_a_dispute_is_told_by_how_it_stands(state: DisputeState, *, person: bool) -> None:
    assert abouts(record(), disputed(state)) == [(f"dispute.{state.value}", person)]
    assert told(disputed(state), disputed(state, at_ms=6)) == []


def test_a_dispute_that_is_opened_again_is_told_again() -> None:
    [first] = told(record(), disputed(DisputeState.OPENED))
    [won] = told(disputed(DisputeState.OPENED), disputed(DisputeState.WON, at_ms=6))
    [again] = told(disputed(DisputeState.WON), disputed(DisputeState.OPENED, at_ms=7))

    assert len({first.event_id, won.event_id, again.event_id}) == 3
    assert (first.subject_id, first.transaction_id) == ("du_1", "pi_00000001")


def test_who_does_not_know_what_was_before_is_told_all_there_is() -> None:
    every = record(
        settled(1, quantity=2),
        stray(Case.SECOND, Action.HOLD).strays,
        disputed(DisputeState.LOST).disputes,
        refund(RefundState.STUCK).refunds,
    )

    events = told(None, every)

    types = ["payment.held", "refund.due", "refund.stuck", "dispute.lost"]
    assert [each.about.value for each in events] == types
    assert len({each.event_id for each in events}) == 4


def test_what_failed_is_told_once_the_last_top_up_has_ended() -> None:
    order = pending(top_up(quantity=3)).pay(payment(3000)).settle(NOW_MS)
    assert isinstance(order, FulfillingOrder)
    failed = order.end_unit(0, 0, Fate.FAILED, NOW_MS)
    assert isinstance(failed, FulfillingOrder)
    more = failed.end_unit(0, 1, Fate.FAILED, NOW_MS)
    assert isinstance(more, FulfillingOrder)
    moves = [order, failed, more, more.end_unit(0, 2, Fate.DONE, NOW_MS)]
    records = [OrderRecord(each, "", ()) for each in moves]

    owed = [
        [event.money.amount_minor for event in told(old, new)]
        for old, new in pairwise([None, *records])
    ]

    assert owed == [[], [], [], [2000]]
