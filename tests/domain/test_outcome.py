"""Each way that money can come, and what a merchant may do with it."""

from dataclasses import replace

import pytest

from scrip.domain.order import Order, OrderRecord
from scrip.domain.outcome import CHOICES, Action, Case, Stray, action_for, has_choice
from scrip.domain.payment import Payment
from scrip.domain.payment_case import case_of
from scrip.domain.refund import Refund, RefundReport, RefundState, begun_elsewhere
from tests.domain.making import NOW_MS, WINDOW_MS, payment, pending

LATER_MS = NOW_MS + WINDOW_MS


def expired() -> Order:
    return pending().expire(LATER_MS)


def turned_away() -> Order:
    [only] = pending().lines
    return pending(replace(only, held=True)).turn_away(NOW_MS + 1)


def settled() -> Order:
    return pending().pay(payment()).settle(LATER_MS)


def foreign(amount: int, state: RefundState = RefundState.SUCCEEDED) -> Refund:
    """Of the usual payment, made in the provider's console."""
    report = RefundReport("", "re_1", state, replace(payment().money, amount_minor=amount), NOW_MS)
    return begun_elsewhere(payment().provider, payment().transaction_id, report, NOW_MS)


MEETINGS: dict[str, tuple[Order, Payment, Case]] = {
    "just what was asked": (pending(), payment(), Case.EXACT),
    "one too little": (pending(), payment(4499), Case.SHORT),
    "nothing": (pending(), payment(0), Case.SHORT),
    "one too much": (pending(), payment(4501), Case.OVER),
    "another currency, the same figure": (pending(), payment(4500, "USD"), Case.OTHER_CURRENCY),
    "too late": (expired(), payment(), Case.LATE),
    "too late and too little": (expired(), payment(1), Case.SHORT),
    "too late and too much": (expired(), payment(9999), Case.LATE),
    "after stock could not hold it": (turned_away(), payment(), Case.TURNED_AWAY),
    "the payment that settled it": (settled(), payment(), Case.REPEATED),
    "that payment, another amount": (settled(), payment(4501), Case.CHANGED),
    "that payment, another currency": (settled(), payment(4500, "USD"), Case.CHANGED),
    "another payment": (settled(), payment(transaction="pi_2"), Case.SECOND),
    "another payment that does not fit": (settled(), payment(1, "USD", "pi_2"), Case.SECOND),
}


@pytest.mark.parametrize(("order", "money", "case"), MEETINGS.values(), ids=MEETINGS)
def test_money_meets_an_order(order: Order, money: Payment, case: Case) -> None:
    assert case_of(OrderRecord(order, "", ()), money) is case


@pytest.mark.parametrize("order", [pending(), expired(), settled()])
def test_money_beside_an_order_is_known_again(order: Order) -> None:
    beside = payment(4400, transaction="pi_9")
    record = OrderRecord(order, "", (Stray(beside, Case.SHORT, Action.REFUND),))

    assert case_of(record, beside) is Case.REPEATED
    assert case_of(record, payment(4500, transaction="pi_9")) is Case.CHANGED


@pytest.mark.parametrize(
    ("refund", "case"),
    [
        (foreign(1), Case.SHORT),
        (foreign(4500), Case.SHORT),
        (foreign(1, RefundState.PENDING), Case.SHORT),
        (foreign(4500, RefundState.FAILED), Case.EXACT),
        (replace(foreign(4500), transaction_id="pi_9"), Case.EXACT),
        (replace(foreign(4500), provider="wechat"), Case.EXACT),
    ],
)
def test_money_that_was_given_back_before_it_was_told_of_buys_nothing(
    refund: Refund, case: Case
) -> None:
    assert case_of(OrderRecord(pending(), "", (), refunds=(refund,)), payment()) is case


def test_what_was_given_back_does_not_make_a_known_payment_another() -> None:
    record = OrderRecord(settled(), "", (), refunds=(foreign(4500),))

    assert case_of(record, payment()) is Case.REPEATED


def test_a_transaction_of_another_provider_is_another() -> None:
    record = OrderRecord(settled(), "", ())

    assert case_of(record, replace(payment(), provider="wechat")) is Case.SECOND


def test_every_case_has_its_choices_and_the_first_is_taken() -> None:
    assert set(CHOICES) == set(Case)
    for case, choices in CHOICES.items():
        assert action_for(case, {}) is choices[0]
        assert has_choice(case) == (len(choices) > 1)
        for action in Action:
            chosen = action if action in choices else choices[0]
            assert action_for(case, {case: action}) is chosen


def test_nothing_but_an_order_that_is_covered_is_ever_delivered() -> None:
    for case in (Case.SHORT, Case.OTHER_CURRENCY, Case.SECOND, Case.CHANGED, Case.REPEATED):
        assert Action.DELIVER not in CHOICES[case]
