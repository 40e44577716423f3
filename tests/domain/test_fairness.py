"""Holds shorten for who leaves many unpaid, and for nobody else."""

import pytest

from scrip.domain.fairness import (
    ADDRESS,
    BUYER,
    CHANNEL,
    CHANNEL_SAMPLE,
    HALVES_EVERY,
    MOST_COUNTED,
    WINDOW_MS,
    counts_for,
    hold_minutes,
    is_address,
    recent,
    tags_of,
    unpaid_mark,
)
from tests.domain.making import NOW_MS

KEY = bytes(32)
DAY = 24 * 60


@pytest.mark.parametrize(
    ("minutes", "unpaid", "left"),
    [
        (30, 0, 30),
        (30, 1, 30),
        (30, 2, 15),
        (30, 3, 15),
        (30, 4, 7),
        (30, 6, 3),
        (30, 8, 0),
        (2, 1, 2),
        (2, 2, 0),
        (1, 0, 1),
        (DAY, 18, 2),
        (DAY, 20, 0),
    ],
)
def test_a_hold_is_halved_until_two_minutes_and_then_none(
    minutes: int, unpaid: int, left: int
) -> None:
    assert hold_minutes(minutes, {"b0": unpaid}) == left


def test_whoever_left_most_unpaid_decides() -> None:
    assert hold_minutes(40, {"b0": 1, "a0": 6, "c0": 1}) == 20
    assert hold_minutes(40, {"b0": 1, "a0": 5, "c0": 31}) == 20
    assert hold_minutes(40, {}) == 40


def test_all_that_is_counted_can_take_any_hold_away() -> None:
    for kind in HALVES_EVERY:
        assert hold_minutes(DAY, {kind + "0": MOST_COUNTED}) == 0


def test_tags_tell_no_address() -> None:
    buyer, channel, address = tags_of(KEY, "Buyer@example.com", "key00001", "203.0.113.7")

    assert (buyer[0], channel, address[0]) == (BUYER, CHANNEL + "key00001", ADDRESS)
    assert {len(buyer), len(address)} == {13}
    assert (buyer, channel) == tags_of(KEY, "buyer@example.com", "key00001", None)
    assert buyer != tags_of(bytes(31) + b"1", "buyer@example.com", "", None)[0]
    assert buyer[1:] != tags_of(KEY, "other@example.com", "", None)[0][1:]


def test_a_household_of_ipv6_is_one_address() -> None:
    first, second, other, v4 = (
        tags_of(KEY, "", "", each)[2]
        for each in ("2001:db8::1", "2001:DB8:0:0:ffff::2", "2001:db8:0:1::1", "203.0.113.7")
    )

    assert first == second
    assert len({first, other, v4}) == 3
    assert is_address("2001:db8::1")
    assert not is_address("203.0.113.256")
    assert not is_address("1:2")


def test_marks_are_forgotten_after_a_day_and_tell_orders_apart() -> None:
    marks = {unpaid_mark(order_id, NOW_MS) for order_id in ("A", "B")}

    assert len(marks) == 2
    assert marks == {unpaid_mark(order_id, NOW_MS) for order_id in ("A", "B")}
    assert recent(marks, NOW_MS + WINDOW_MS - 60_000) == marks
    assert recent(marks, NOW_MS + WINDOW_MS + 60_000) == set()


def test_one_in_many_orders_counts_for_its_channel() -> None:
    orders = [f"ORDER{number:011d}" for number in range(6400)]

    counted = sum(counts_for("c0", each) for each in orders)

    assert 100 < counted < 400, 6400 // CHANNEL_SAMPLE
    assert all(counts_for("b0", each) for each in orders)
