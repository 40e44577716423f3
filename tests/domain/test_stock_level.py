"""The pace of sales, and how long the stock lasts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.day import DAY_MS
from scrip.domain.stock_level import (
    KEPT_MS,
    Level,
    SalesRate,
    ShelfLevel,
    sales_rate,
    with_level,
)
from tests.domain.making import NOW_MS

HOUR_MS = 3_600_000


def level(day: float, available: int, imported: int = 100, expired: int = 0) -> Level:
    return Level(NOW_MS + int(day * DAY_MS), available, imported, expired)


def test_what_is_neither_on_sale_nor_expired_was_sold() -> None:
    assert level(1, 60).sold_since(level(0, 100)) == 40
    assert level(1, 110, imported=150).sold_since(level(0, 100)) == 40
    assert level(1, 50, expired=10).sold_since(level(0, 100)) == 40
    assert level(1, 100).sold_since(level(0, 90)) == 0, "holds came back"


def test_a_level_that_did_not_change_is_not_kept_anew() -> None:
    levels = with_level((), level(0, 100))

    assert with_level(levels, level(0.1, 100)) == levels
    assert with_level(levels, level(5, 100)) == levels


def test_the_last_level_of_a_day_stands_for_it() -> None:
    first = Level(NOW_MS // DAY_MS * DAY_MS, 100, 100, 0)
    later = first._replace(at_ms=first.at_ms + 5 * HOUR_MS, available=80)

    assert with_level((first,), later) == (later,)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 50)), max_size=120))
def test_a_month_is_kept_and_what_it_began_with(steps: list[tuple[int, int]]) -> None:
    levels: tuple[Level, ...] = ()
    every: list[Level] = []
    at = 0
    for hours, sold in steps:
        at += hours
        every.append(
            Level(NOW_MS + at * HOUR_MS, (every[-1].available if every else 5000) - sold, 5000, 0)
        )
        levels = with_level(levels, every[-1])

    assert len(levels) <= 33
    if every:
        now = every[-1]
        assert [each.day for each in levels] == sorted({each.day for each in levels})
        assert [each for each in levels[1:] if each.at_ms < now.at_ms - KEPT_MS - DAY_MS] == []
        rate = sales_rate(levels, now)
        assert 0 <= rate.sold <= 5000 - now.available


@pytest.mark.parametrize(
    ("levels", "now", "per_day"),
    [
        ((), level(0, 100), 0),
        ((level(0, 100),), level(0.5, 90), 10),  # less than a day counts as one
        ((level(0, 100),), level(5, 90), 2),
        ((level(0, 100),), level(60, 70), 30 / 7),  # sold in the week, as far as is known
        ((level(0, 900, 900), level(23, 600, 900)), level(30, 600, 900), 10),
        ((level(0, 900, 900), level(23, 880, 900)), level(30, 810, 900), 10),
    ],
)
def test_the_pace_is_that_of_the_week_or_the_month(
    levels: tuple[Level, ...], now: Level, per_day: float
) -> None:
    assert sales_rate(levels, now).per_day == pytest.approx(per_day)


def test_what_was_recalled_was_not_sold() -> None:
    before, after = level(0, 100), level(6, 40)._replace(recalls=1)

    assert sales_rate((before,), after).sold == 0
    assert sales_rate((before, after), level(7, 30)._replace(recalls=1)).per_day == 10


def shelf(available: int, ends_in_days: float = 0) -> ShelfLevel:
    return ShelfLevel(NOW_MS + int(ends_in_days * DAY_MS) if ends_in_days else 0, available)


@pytest.mark.parametrize(
    ("shelves", "days"),
    [
        ([], 0),
        ([shelf(95)], 9),
        ([shelf(100, 5)], 5),  # half of it will end unsold
        ([shelf(100, 5), shelf(20)], 7),
        ([shelf(20, 5), shelf(20, 5.5), shelf(20)], 6),
        ([shelf(0, 1), shelf(10, 3)], 1),
    ],
)
def test_days_left_count_what_can_be_sold_before_it_ends(
    shelves: list[ShelfLevel], days: int
) -> None:
    assert SalesRate(10).days_left(shelves, NOW_MS) == days


def test_without_sales_the_stock_lasts_for_ever() -> None:
    assert SalesRate(0).days_left([shelf(1)], NOW_MS) is None
