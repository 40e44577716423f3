"""What is given back is what is owed and not begun yet, payment by payment."""

from dataclasses import replace

import pytest

from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.money import Money
from scrip.domain.order import DeliveredOrder, OrderRecord
from scrip.domain.outcome import Action, Case, Stray
from scrip.domain.owed import next_refund, over_refunded, payment_of, refunded_minor
from scrip.domain.refund import Refund, RefundState, begin
from tests.domain.making import NOW_MS, ORDER_ID, line, payment, pending

BESIDE = payment(700, transaction="pi_2")


def delivered() -> DeliveredOrder:
    order = pending(line(quantity=2).picked(2)).pay(payment(9000)).settle(NOW_MS)
    assert isinstance(order, DeliveredOrder)
    return order


def record(owed: int, *refunds: Refund, action: Action | None = None) -> OrderRecord:
    order = delivered().owe(owed) if owed else delivered()
    strays = (Stray(BESIDE, Case.SECOND, action),) if action else ()
    return OrderRecord(order, "", strays, refunds=refunds)


def refund(number: int, amount: int, state: RefundState = RefundState.SUCCEEDED) -> Refund:
    return replace(begin(ORDER_ID, number, payment(9000), amount, NOW_MS), state=state)


def amount(found: Refund | None) -> int:
    return found.money.amount_minor if found else 0


def test_a_delivered_order_owes_nothing() -> None:
    assert next_refund(record(0), NOW_MS) is None


def test_the_rest_of_what_is_owed_is_begun_under_the_next_number() -> None:
    found = next_refund(record(5000, refund(1, 1200)), NOW_MS)

    assert found == refund(2, 3800, RefundState.BEGUN)
    assert found.refund_id == f"{ORDER_ID}R002"
    assert len(found.refund_id) <= 24


@pytest.mark.parametrize("state", RefundState)
def test_only_what_was_annulled_is_begun_anew(state: RefundState) -> None:
    found = next_refund(record(5000, refund(1, 5000, state)), NOW_MS)

    assert amount(found) == (5000 if state is RefundState.ANNULLED else 0)


def test_a_refund_of_the_providers_console_counts() -> None:
    foreign = replace(refund(1, 4000), refund_id="re_9", foreign=True)

    assert amount(next_refund(record(5000, foreign), NOW_MS)) == 1000
    assert next_refund(record(0, foreign), NOW_MS) is None
    assert next_refund(record(3000, foreign), NOW_MS) is None


@pytest.mark.parametrize(("action", "owed"), [(Action.REFUND, 700), (Action.HOLD, 0)])
def test_money_beside_the_order_is_given_back_where_that_was_decided(
    action: Action, owed: int
) -> None:
    found = next_refund(record(0, action=action), NOW_MS)

    assert amount(found) == owed
    assert found is None or found.of(BESIDE)


def test_each_payment_is_given_back_by_itself() -> None:
    first = refund(1, 9000)

    found = next_refund(record(9000, first, action=Action.REFUND), NOW_MS)

    assert found
    assert (found.transaction_id, found.money) == ("pi_2", Money(700, "EUR"))
    both = record(9000, first, found, action=Action.REFUND)
    assert next_refund(both, NOW_MS) is None
    assert [payment_of(both, each) for each in both.refunds] == [payment(9000), BESIDE]


@pytest.mark.parametrize("amount", [-1, 4999, 9001])
def test_what_is_owed_only_grows_up_to_what_was_captured(amount: int) -> None:
    order = delivered().owe(5000)

    with pytest.raises(ValueError, match="cannot come to owe"):
        order.owe(amount)
    assert order.owe(9000).owe(9000).owed_minor == 9000


def test_units_that_come_back_owe_no_more_than_was_captured() -> None:
    assert delivered().owe(6000).give_back(0, 1).owed_minor == 9000


def test_more_than_was_captured_is_seen() -> None:
    foreign = replace(refund(2, 4001), foreign=True)

    assert not over_refunded(record(9000, refund(1, 5000)))
    assert over_refunded(record(9000, refund(1, 5000), foreign))


@pytest.mark.parametrize("state", DisputeState)
def test_what_a_lost_dispute_took_is_not_given_back_again(state: DisputeState) -> None:
    dispute = Dispute("stripe", "dp_1", "pi_00000001", state, Money(4000, "EUR"), "fraud", NOW_MS)

    found = next_refund(record(9000)._replace(disputes=(dispute,)), NOW_MS)

    assert amount(found) == (5000 if state is DisputeState.LOST else 9000)


def test_what_the_buyer_has_back() -> None:
    made = [refund(n, 10**n, state) for n, state in enumerate(RefundState)]

    assert refunded_minor(record(0, *made)) == 10**3 + 10**5


def test_a_report_moves_a_refund_to_the_right_only() -> None:
    order = list(RefundState)

    for place, state in enumerate(order):
        assert state.earlier == tuple(order[:place])
