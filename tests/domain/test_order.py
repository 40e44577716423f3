"""The order's moves: the legal ones exist, the others have no name."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain import order as order_module
from scrip.domain.line import Line
from scrip.domain.money import Money
from scrip.domain.order import (
    DeliveredOrder,
    ExpiredOrder,
    FulfillingOrder,
    Order,
    OrderState,
    PaidOrder,
    Payable,
    PendingOrder,
    RefundDueOrder,
    listing_place,
)
from scrip.domain.payment import Payment
from scrip.domain.stock import ChunkRef, Pick
from tests.domain.making import NOW_MS, WINDOW_MS, line, payment, pending

STATES = [
    each
    for each in vars(order_module).values()
    if isinstance(each, type) and issubclass(each, Order) and hasattr(each, "state")
]
LEGAL = {
    PendingOrder: {"pay", "expire", "opened", "turn_away", "due"},
    ExpiredOrder: {"pay"},
    PaidOrder: {"settle"},
    FulfillingOrder: {"end_unit", "give_back", "owe", "revoke", "refund_unit", "reverse_unit"},
    DeliveredOrder: {"give_back", "owe", "revoke", "refund_unit", "reverse_unit"},
    RefundDueOrder: {"give_back", "owe", "revoke", "refund_unit", "reverse_unit"},
}
MOVES = set().union(*LEGAL.values())
LATER_MS = NOW_MS + 5_000


def claimed(each: Line) -> Line:
    return each.picked(each.units_missing)


def delivered() -> DeliveredOrder:
    closed = pending(claimed(line())).pay(payment()).settle(LATER_MS)
    assert isinstance(closed, DeliveredOrder)
    return closed


@pytest.mark.parametrize(("state", "move"), list(product(LEGAL, sorted(MOVES))))
def test_only_legal_moves_have_a_name(state: type[Order], move: str) -> None:
    assert hasattr(state, move) == (move in LEGAL[state])


def test_every_state_is_covered_and_named_once() -> None:
    assert set(STATES) == set(LEGAL)
    assert sorted(state.state for state in STATES) == sorted(get_args(OrderState))
    assert {state for state in STATES if issubclass(state, Payable)} == {PendingOrder, ExpiredOrder}


def test_no_state_offers_a_public_method_that_is_not_known_here() -> None:
    shared = {name for name in dir(Order) if not name.startswith("_")}

    for state, moves in LEGAL.items():
        methods = {name for name in dir(state) if callable(getattr(state, name))}
        assert {name for name in methods if name[0] != "_"} - shared == moves


def test_an_order_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        pending().email = "other@example.com"  # type: ignore[misc]


def test_a_pending_order_learns_its_payment_and_stays_pending() -> None:
    order = pending().opened("pi_2")

    assert (type(order), order.payment_ref) == (PendingOrder, "pi_2")


def test_a_paid_order_with_all_its_units_is_delivered() -> None:
    order = pending(claimed(line(0, 2)), claimed(line(1, 3, price=100, variant="card-1")))

    closed = order.pay(payment(9300)).settle(LATER_MS)

    assert isinstance(closed, DeliveredOrder)
    assert (closed.payment, closed.delivered_at_ms) == (payment(9300), LATER_MS)
    assert closed.lines == order.lines
    assert closed.placed_at_ms == order.placed_at_ms


def test_what_could_not_be_claimed_is_owed_back() -> None:
    order = pending(line(0, 3).picked(1), line(1, 2, price=100, variant="card-1"))

    closed = order.pay(payment(13_700)).settle(LATER_MS)

    assert isinstance(closed, RefundDueOrder)
    assert closed.refund_due == Money(2 * 4500 + 2 * 100, "EUR")


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(1, 9999))))
def test_delivered_and_owed_make_up_what_was_paid(units: list[tuple[int, int, int]]) -> None:
    lines = []
    for number, (quantity, claims, price) in enumerate([(1, 1, 100), *units]):
        each = line(number, quantity, price=price)
        lines.append(each.picked(min(quantity, claims)) if claims else each)
    order = pending(*lines)

    closed = order.pay(payment(order.total.amount_minor)).settle(LATER_MS)

    got = sum(each.unit_price.amount_minor * each.units_claimed for each in closed.lines)
    owed = closed.refund_due.amount_minor if isinstance(closed, RefundDueOrder) else 0
    assert got + owed == closed.payment.money.amount_minor
    assert isinstance(closed, DeliveredOrder) == (owed == 0)


@pytest.mark.parametrize("money", [payment(0), payment(4499), payment(4500, "USD")])
def test_money_that_does_not_cover_an_order_cannot_pay_it(money: Payment) -> None:
    with pytest.raises(ValueError, match="not covered"):
        pending().pay(money)


@pytest.mark.parametrize("whole", [False, True])
def test_what_was_paid_too_much_is_owed_and_the_goods_are_readable(whole: bool) -> None:
    order = replace(pending(claimed(line())), whole=whole)

    closed = order.pay(payment(4501)).settle(LATER_MS)

    assert isinstance(closed, RefundDueOrder)
    assert closed.refund_due == Money(1, "EUR")
    assert closed.readable


def test_whole_or_nothing_owes_all_that_was_paid() -> None:
    order = replace(pending(line()), whole=True)

    closed = order.pay(payment(5000)).settle(LATER_MS)

    assert isinstance(closed, RefundDueOrder)
    assert closed.refund_due == Money(5000, "EUR")
    assert not closed.readable


def test_an_order_expires_at_its_time_and_not_before() -> None:
    order = pending()

    with pytest.raises(ValueError, match="expires at"):
        order.expire(order.expires_at_ms - 1)
    expired = order.expire(order.expires_at_ms)

    assert isinstance(expired, ExpiredOrder)
    assert expired.expired_at_ms == NOW_MS + WINDOW_MS


def test_late_money_is_honoured_like_money_in_time() -> None:
    expired = pending(claimed(line())).expire(NOW_MS + WINDOW_MS)

    closed = expired.pay(payment()).settle(LATER_MS)

    assert isinstance(closed, DeliveredOrder)


def test_a_line_remembers_where_its_units_were_claimed() -> None:
    first, second = ChunkRef("batch00000", 0, 0), ChunkRef("batch00000", 7, 7)

    each = line(0, 5, chunk=first).picked(2).pointed_at(second).picked(3)

    assert each.picks == (Pick(first, 0, 2), Pick(second, 2, 3))
    assert (each.units_claimed, each.units_missing) == (5, 0)


def test_replacing_a_line_leaves_the_others() -> None:
    order = pending(line(0), line(1, variant="card-1"))

    changed = order.with_line(order.lines[1].picked(1))

    assert changed.lines[0] is order.lines[0]
    assert changed.lines[1].units_claimed == 1


@given(st.integers(0, 9_999_999_999_998), st.integers(1, 1000))
def test_places_sort_by_time(placed_at_ms: int, later: int) -> None:
    order_id = "Z" * 16

    assert listing_place(placed_at_ms) < listing_place(placed_at_ms, "0" * 16)
    assert listing_place(placed_at_ms, order_id) < listing_place(
        min(placed_at_ms + later, 10**13 - 1)
    )
