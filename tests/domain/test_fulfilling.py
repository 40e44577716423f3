"""Orders whose top-ups suppliers charge: unit by unit, until the last one ends."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.errors import UnitUnknown
from scrip.domain.line import MAX_RECEIPT, Fate, Line, receipt_of
from scrip.domain.money import Money
from scrip.domain.order import (
    ClosedOrder,
    DeliveredOrder,
    FulfillingOrder,
    PendingOrder,
    RefundDueOrder,
)
from scrip.domain.refund_wish import RefundWish
from tests.domain.making import NOW_MS, line, payment, pending, top_up

SETTLED_MS, ENDED_MS = NOW_MS + 5_000, NOW_MS + 90_000
DONE, FAILED, OPEN, REVERSED = Fate.DONE, Fate.FAILED, Fate.OPEN, Fate.REVERSED


def settled(*lines: Line, paid: int = 0, whole: bool = False) -> ClosedOrder:
    order: PendingOrder = replace(pending(*lines), whole=whole)
    return order.pay(payment(paid or order.total.amount_minor)).settle(SETTLED_MS)


def fulfilling(*lines: Line, paid: int = 0, whole: bool = False) -> FulfillingOrder:
    order = settled(*lines, paid=paid, whole=whole)
    assert isinstance(order, FulfillingOrder)
    return order


def claimed(each: Line) -> Line:
    return each.picked(each.units_missing)


def test_a_paid_top_up_is_fulfilled_before_it_is_delivered() -> None:
    order = fulfilling(top_up(quantity=2))

    assert (order.state, order.owed_minor, order.readable) == ("fulfilling", 0, True)
    assert order.lines[0].fates == (OPEN, OPEN)


def test_the_last_unit_closes_the_order() -> None:
    order = fulfilling(top_up(quantity=2)).end_unit(0, 1, DONE, ENDED_MS - 1)
    assert isinstance(order, FulfillingOrder)
    assert order.delivered_at_ms == SETTLED_MS

    closed = order.end_unit(0, 0, DONE, ENDED_MS)

    assert isinstance(closed, DeliveredOrder)
    assert closed.lines[0].fates == (DONE, DONE)
    assert (closed.delivered_at_ms, closed.codes_at_ms) == (ENDED_MS, SETTLED_MS)


def test_what_failed_is_owed_at_once_and_the_others_go_on() -> None:
    order = fulfilling(top_up(quantity=3))

    order = order.end_unit(0, 1, FAILED, ENDED_MS)  # type: ignore[assignment]

    assert isinstance(order, FulfillingOrder)
    assert order.refund_due == Money(1000, "EUR")
    done = order.end_unit(0, 0, DONE, ENDED_MS)
    assert isinstance(done, FulfillingOrder)
    closed = done.end_unit(0, 2, DONE, ENDED_MS)
    assert isinstance(closed, RefundDueOrder)
    assert (closed.owed_minor, closed.readable) == (1000, True)


@pytest.mark.parametrize("fate", [DONE, FAILED])
def test_what_is_told_again_changes_nothing(fate: Fate) -> None:
    order = fulfilling(top_up(quantity=2)).end_unit(0, 0, fate, ENDED_MS)
    assert isinstance(order, FulfillingOrder)

    assert order.end_unit(0, 0, fate, ENDED_MS + 1) == order


@pytest.mark.parametrize(
    ("was", "fate"),
    [(DONE, FAILED), (FAILED, DONE), (DONE, REVERSED), (None, REVERSED), (None, OPEN)],
)
def test_what_ended_does_not_end_otherwise(was: Fate | None, fate: Fate) -> None:
    order: ClosedOrder = fulfilling(top_up(quantity=2))
    if was:
        order = fulfilling(top_up(quantity=2)).end_unit(0, 0, was, ENDED_MS)
    assert isinstance(order, FulfillingOrder)

    with pytest.raises(ValueError, match="top-up 0 of line 0 is"):
        order.end_unit(0, 0, fate, ENDED_MS)


@pytest.mark.parametrize(("number", "unit"), [(0, 2), (0, -1), (1, 0), (2, 0)])
def test_there_is_no_such_top_up(number: int, unit: int) -> None:
    order = fulfilling(top_up(quantity=2), claimed(line(1)))

    with pytest.raises(UnitUnknown):
        order.end_unit(number, unit, DONE, ENDED_MS)
    with pytest.raises(UnitUnknown):
        order.reverse_unit(number, unit)


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 9999), st.lists(st.booleans(), min_size=4)),
        min_size=1,
        max_size=4,
    ),
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
    st.integers(0, 500),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_done_and_owed_make_up_what_was_paid(
    top_ups: list[tuple[int, int, list[bool]]],
    codes: tuple[int, int],
    too_much: int,
    whole: bool,
    luck: object,
) -> None:
    lines = [top_up(number, each[0], price=each[1]) for number, each in enumerate(top_ups)]
    ordered, had = max(codes), min(codes)
    if ordered:
        card = line(len(lines), ordered)
        lines.append(card.picked(had) if had else card)
    total = sum(each.total.amount_minor for each in lines)
    order = settled(*lines, paid=total + too_much, whole=whole)
    ends = [
        (number, unit, DONE if each[2][unit] else FAILED)
        for number, each in enumerate(top_ups)
        for unit in range(each[0])
    ]
    luck.shuffle(ends)  # type: ignore[attr-defined]

    if isinstance(order, FulfillingOrder):
        for end in ends:
            assert isinstance(order, FulfillingOrder)
            assert order.owed_minor <= order.payment.money.amount_minor
            order = order.end_unit(*end, ENDED_MS)
    else:
        assert whole
        assert had < ordered

    got = sum(
        each.unit_price.amount_minor * (each.units_claimed + each.fates.count(DONE))
        for each in order.lines
    )
    assert got + order.owed_minor == total + too_much
    assert not order.in_progress
    assert isinstance(order, DeliveredOrder) == (order.owed_minor == 0)


def test_with_a_code_missing_nothing_of_a_whole_order_begins() -> None:
    order = settled(top_up(quantity=2), line(1, 2).picked(1), whole=True)

    assert isinstance(order, RefundDueOrder)
    assert order.owed_minor == order.total.amount_minor
    assert [each.fates for each in order.lines] == [(FAILED, FAILED), ()]
    assert order.lines[1].round_ == 1
    assert not order.readable


def test_a_top_up_that_fails_takes_no_codes_back_of_a_whole_order() -> None:
    order = fulfilling(top_up(), claimed(line(1, 2)), whole=True)

    closed = order.end_unit(0, 0, FAILED, ENDED_MS)

    assert isinstance(closed, RefundDueOrder)
    assert closed.owed_minor == 1000
    assert closed.lines[1] == order.lines[1]
    assert closed.readable


def test_codes_that_are_missing_are_owed_while_top_ups_go_on() -> None:
    order = fulfilling(top_up(), line(1, 2).picked(1), paid=10_007)

    assert order.owed_minor == 4500 + 7


def test_owing_more_leaves_it_fulfilling_and_never_more_than_was_paid() -> None:
    order = fulfilling(top_up(quantity=2)).owe(2000)
    assert isinstance(order, FulfillingOrder)

    failed = order.end_unit(0, 0, FAILED, ENDED_MS)

    assert failed.owed_minor == 2000


def test_units_that_nobody_saw_go_back_on_sale_while_it_is_fulfilling() -> None:
    order = fulfilling(top_up(), claimed(line(1, 2)))

    back = order.give_back(1, 1)

    assert isinstance(back, FulfillingOrder)
    assert (back.owed_minor, back.lines[1].returned) == (4500, 1)


def test_what_is_done_may_be_taken_back_by_its_supplier() -> None:
    order = fulfilling(top_up(quantity=2)).end_unit(0, 0, DONE, ENDED_MS)
    assert isinstance(order, FulfillingOrder)

    early = order.reverse_unit(0, 0)
    late = order.end_unit(0, 1, DONE, ENDED_MS).reverse_unit(0, 1)

    assert early.lines[0].fates == (REVERSED, OPEN)
    assert isinstance(late, DeliveredOrder)
    assert late.lines[0].fates == (DONE, REVERSED)
    assert (late.owed_minor, late.reverse_unit(0, 1)) == (0, late)
    with pytest.raises(ValueError, match="is open"):
        order.reverse_unit(0, 1)


def test_what_a_supplier_says_of_a_charge_stands_with_its_unit() -> None:
    order = fulfilling(top_up(quantity=3)).end_unit(0, 1, DONE, ENDED_MS, "DE24 0117")
    assert isinstance(order, FulfillingOrder)

    later = order.end_unit(0, 0, DONE, ENDED_MS)
    assert isinstance(later, FulfillingOrder)
    closed = later.end_unit(0, 2, FAILED, ENDED_MS, "none")

    assert closed.lines[0].receipts == ("", "DE24 0117", "")
    assert closed.reverse_unit(0, 1).lines[0].receipts == ("", "DE24 0117", "")
    assert fulfilling(top_up()).end_unit(0, 0, DONE, ENDED_MS).lines[0].receipts == ()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (" 流水号 8842 ", "流水号 8842"),
        ("<a href='x'>&`\"", "a href=x"),
        ("\x1b[31m\u202e12\n34\u200b", "[31m1234"),
        ("7" * MAX_RECEIPT, "7" * MAX_RECEIPT),
        ("7" * MAX_RECEIPT + "8", ""),
    ],
)
def test_a_receipt_is_short_and_plain(said: str, shown: str) -> None:
    assert receipt_of(said) == shown


def test_a_line_of_top_ups_has_no_codes() -> None:
    each = fulfilling(top_up(quantity=2)).lines[0]

    assert (each.units_claimed, each.units_missing, each.total.amount_minor) == (0, 0, 2000)
    assert each.claimed_units("7K2M9Q4XTB3WHD5N") == []


def test_what_its_buyer_filled_in_is_not_shown() -> None:
    assert "49151" not in repr(fulfilling(top_up()))


def test_a_shop_gives_back_what_is_done_and_not_what_is_under_way() -> None:
    order = fulfilling(top_up(quantity=3)).end_unit(0, 0, DONE, ENDED_MS)
    assert isinstance(order, FulfillingOrder)
    order = order.end_unit(0, 1, FAILED, ENDED_MS)

    wish = RefundWish(units={0: 1})

    wish.check(order)
    assert wish.to_return(order) is None
    assert wish.owed(order) == 2000
    with pytest.raises(UnitUnknown, match="1 units"):
        RefundWish(units={0: 2}).check(order)
