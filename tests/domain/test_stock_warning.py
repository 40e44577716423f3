"""A merchant is warned once of each thing, and again only after it had recovered."""

from dataclasses import replace

import pytest

from scrip.domain.day import DAY_MS
from scrip.domain.stock_level import Level, ShelfLevel
from scrip.domain.stock_warning import (
    About,
    Sight,
    Thresholds,
    Watched,
    Whose,
    after_look,
    warning_of,
)
from tests.domain.making import NOW_MS

PLAIN = Thresholds(warn_days=14, low_stock=5, low_days=0)


def sight(
    *codes: int,
    ends: tuple[float, ...] = (),
    day: float = 0,
    imported: int = 100,
    selling: bool = True,
) -> Sight:
    """Codes by shelf; those with an end (in days from day 0) first."""
    now_ms = NOW_MS + int(day * DAY_MS)
    untils = [NOW_MS + int(end * DAY_MS) for end in ends] + [0] * (len(codes) - len(ends))
    shelves = tuple(ShelfLevel(*each) for each in zip(untils, codes, strict=True))
    return Sight(Level(now_ms, sum(codes), imported, 0), shelves, 1, selling)


def story(*looks: Sight, thresholds: Thresholds = PLAIN) -> list[list[About]]:
    """What each look in turn warns of."""
    kept, told = Watched(), []
    for each in looks:
        kept, news = after_look(kept, each, thresholds)
        told.append(news)
    return told


def test_enough_stock_is_no_news() -> None:
    assert story(sight(100), sight(6)) == [[], []]


def test_low_stock_is_told_once() -> None:
    assert story(sight(100), sight(5), sight(4), sight(1)) == [[], [About.LOW], [], []]


def test_it_is_told_again_after_it_recovered_by_twice_as_much() -> None:
    assert story(sight(5), sight(6), sight(5), sight(10), sight(5)) == [[About.LOW], [], [], [], []]
    assert story(sight(5), sight(11), sight(5)) == [[About.LOW], [], [About.LOW]]


def test_sold_out_is_told_after_low_and_alone_without_it() -> None:
    assert story(sight(5), sight(0)) == [[About.LOW], [About.SOLD_OUT]]
    assert story(sight(100), sight(0), sight(0)) == [[], [About.SOLD_OUT], []]
    assert story(sight(0), sight(1), sight(0)) == [[About.SOLD_OUT], [], []], "a hold came back"
    assert story(sight(0), sight(50), sight(0))[-1] == [About.SOLD_OUT]


def test_what_never_was_in_stock_is_not_sold_out() -> None:
    assert story(sight(imported=0)) == [[]]


def test_what_nobody_can_buy_is_not_missed() -> None:
    paused = replace(sight(0), selling=False)

    assert story(paused, paused) == [[], []]
    assert story(paused, sight(0)) == [[], [About.SOLD_OUT]]


def test_codes_that_end_soon_are_told_once_for_each_day_they_end() -> None:
    told = story(
        sight(9, 50, ends=(30,)),
        sight(9, 50, ends=(30,), day=16),
        sight(9, 50, ends=(30,), day=17),
        sight(9, 9, 50, ends=(30, 31.5), day=18),
        sight(9, 9, 50, ends=(30, 31.5), day=19),
    )

    assert told == [[], [About.ENDING], [], [About.ENDING], []]


def test_ends_that_passed_are_forgotten() -> None:
    kept, _ = after_look(Watched(), sight(9, 50, ends=(3,)), PLAIN)
    assert len(kept.ends_warned) == 1

    kept, _ = after_look(kept, sight(50, day=4), PLAIN)

    assert kept.ends_warned == frozenset()


def test_few_days_of_stock_are_low() -> None:
    by_days = Thresholds(warn_days=0, low_stock=0, low_days=3)

    told = story(sight(100), sight(60, day=1), sight(30, day=2), thresholds=by_days)

    assert told == [[], [About.LOW], []], "40 a day: 60 last for a day and a half"


def test_nothing_but_sold_out_is_told_where_thresholds_are_off() -> None:
    off = Thresholds(0, 0, 0)

    assert story(sight(100), sight(1, 1, ends=(1,)), sight(0), thresholds=off) == [
        [],
        [],
        [About.SOLD_OUT],
    ]


def test_a_look_that_learns_nothing_keeps_what_there_is() -> None:
    kept, _ = after_look(Watched(), sight(5), PLAIN)

    again, news = after_look(kept, sight(5, day=0.01), PLAIN)

    assert (again, news) == (kept, [])


@pytest.mark.parametrize(
    ("directory_version", "day", "rests"), [(1, 0.01, True), (2, 0.01, False), (1, 1.5, False)]
)
def test_a_variant_rests_until_its_chunks_change_or_the_day_is_over(
    directory_version: int, day: float, *, rests: bool
) -> None:
    kept, _ = after_look(Watched(), sight(50), PLAIN)

    assert kept.rests(directory_version, NOW_MS + int(day * DAY_MS)) == rests


def test_a_warning_is_named_by_its_number_and_says_what_ends() -> None:
    seen = sight(3, 4, 50, ends=(3, 5))
    whose = Whose("demo", "card-50", "Card 50")

    ending = warning_of(7, About.ENDING, Watched(), seen, PLAIN, whose)
    low = warning_of(8, About.LOW, Watched(), seen, PLAIN, whose)

    assert (ending.event_id, low.event_id) == ("card-50.7.ending", "card-50.8.low")
    assert (ending.ending, ending.until_ms) == (7, NOW_MS + 5 * DAY_MS)
    assert (low.ending, low.until_ms, low.available) == (0, 0, 57)
    assert (low.sold_per_day, low.days_left) == (0, None)
