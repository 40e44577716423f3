"""What a delivered order's lines become: units given back, one bad code swapped."""

from dataclasses import replace

import pytest

from scrip.domain.errors import UnitUnknown
from scrip.domain.let_go import LetGo
from scrip.domain.line import Line, Swap
from scrip.domain.order import DeliveredOrder, RefundDueOrder
from scrip.domain.stock import ChunkRef, parse_unit_key, swap_key, unit_key
from tests.domain.making import NOW_MS, ORDER_ID, line, payment, pending

FIRST, SECOND = (ChunkRef("0a1b2c3d4e", n, n) for n in range(2))


def spread_line(number: int = 0) -> Line:
    """Three units of the first chunk, two of the second."""
    return line(number, 5, chunk=FIRST).picked(3).pointed_at(SECOND).picked(2)


def delivered(*, whole: bool = False) -> DeliveredOrder:
    order = replace(pending(spread_line(), line(1, variant="card-1").picked(1)), whole=whole)
    closed = order.pay(payment(6 * 4500)).settle(NOW_MS)
    assert isinstance(closed, DeliveredOrder)
    return closed


@pytest.mark.parametrize(("units", "left"), [(1, [3, 1]), (2, [3]), (3, [2]), (4, [1]), (5, [])])
def test_the_last_units_are_given_back_and_the_others_stay_where_they_are(
    units: int, left: list[int]
) -> None:
    order = delivered()

    back = order.give_back(0, units)

    after = back.lines[0]
    assert [pick.units for pick in after.picks] == left
    assert (after.units_claimed, after.returned) == (5 - units, units)
    keys = [key for _, key in order.lines[0].claimed_units(ORDER_ID)]
    assert [key for _, key in after.claimed_units(ORDER_ID)] == keys[: 5 - units]
    assert LetGo(order, back).lines == [order.lines[0]]
    assert LetGo(order, back).units(order.lines[0]) == keys[5 - units :]
    assert back.refund_due.amount_minor == units * 4500
    assert back.readable


def test_giving_back_adds_to_what_is_owed() -> None:
    short = pending(line(0, 2).picked(1)).pay(payment(9000)).settle(NOW_MS)
    assert isinstance(short, RefundDueOrder)

    assert short.give_back(0, 1).refund_due.amount_minor == 9000


def test_an_order_delivered_whole_stays_readable_when_some_of_it_is_given_back() -> None:
    order = delivered(whole=True)

    assert order.give_back(1, 1).readable
    assert order.give_back(0, 5).give_back(1, 1).lines[1].returned == 1
    none = replace(pending(line(0, 2).picked(1)), whole=True).pay(payment(9000)).settle(NOW_MS)
    assert not none.readable


@pytest.mark.parametrize("seen", [NOW_MS, None])
def test_what_somebody_may_have_seen_is_not_given_back(seen: int | None) -> None:
    with pytest.raises(ValueError, match="may have been seen"):
        replace(delivered(), revealed_at_ms=seen).give_back(0, 1)


def test_a_held_line_lets_go_of_all_it_may_have_claimed() -> None:
    held = replace(line(0, 2).picked(1), held=True)
    order = pending(held)

    gone = LetGo(order, order.turn_away(NOW_MS))

    assert gone.units(held) == [unit_key(ORDER_ID, 0, unit) for unit in range(2)]


def test_a_line_that_is_not_there_is_unknown() -> None:
    with pytest.raises(UnitUnknown):
        delivered().line(2)


def test_a_swapped_unit_is_found_where_its_new_code_is() -> None:
    before = spread_line()
    swap = Swap(4, FIRST, NOW_MS)

    about = replace(before, swap=swap)
    done = replace(before, swap=swap._replace(claimed=True))

    assert about.claimed_units(ORDER_ID) == before.claimed_units(ORDER_ID)
    places = done.claimed_units(ORDER_ID)
    assert places[:4] == before.claimed_units(ORDER_ID)[:4]
    assert places[4] == (FIRST, swap_key(ORDER_ID, 0, 4))
    assert done.picked_units(ORDER_ID) == before.claimed_units(ORDER_ID)
    assert [done.swapped(unit) for unit in (3, 4)] == [False, True]
    assert not about.swapped(4)


def test_names_of_units_are_read_back() -> None:
    for round_ in range(2):
        assert parse_unit_key(unit_key(ORDER_ID, 19, 49, round_)) == (ORDER_ID, 19, 49, False)
    assert parse_unit_key(swap_key(ORDER_ID, 3, 0)) == (ORDER_ID, 3, 0, True)
    names = {unit_key(ORDER_ID, 3, 0, round_) for round_ in range(2)} | {swap_key(ORDER_ID, 3, 0)}
    assert len(names) == 3
    assert {len(name) for name in names} == {20}
