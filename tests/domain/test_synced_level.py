"""What may be sold of a supplier's level between two pulls of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from scrip.domain.errors import SupplierAnswerInvalid
from scrip.domain.synced_level import (
    MAX_LEVEL,
    MAX_MARKS,
    MAX_ON_SALE,
    Failure,
    Mark,
    SupplierLevel,
    Synced,
    Taking,
    sensible,
    take_away,
)

MINUTE_MS = 60_000
NOW_MS = 1_800_000_000_000
WITHIN_MS = 4 * MINUTE_MS
STALE = 30


def told(units: int, at_ms: int, as_of_ms: int | None = None) -> SupplierLevel:
    return sensible(units, at_ms if as_of_ms is None else as_of_ms, at_ms, WITHIN_MS)


def pull(old: Synced, units: int, at_ms: int, claimed: int, as_of_ms: int | None = None) -> Synced:
    return old.pulled(told(units, at_ms, as_of_ms), Mark(at_ms, claimed), STALE)


def fail(old: Synced, at_ms: int, claimed: int = 0) -> Synced:
    return old.pulled(Failure.NO_ANSWER, Mark(at_ms, claimed), STALE)


def on_sale(synced: Synced, claimed: int) -> int:
    """Units on sale once all was corrected, from none."""
    return max(0, synced.goal(claimed, claimed) - claimed)


def test_all_of_a_first_level_is_on_sale() -> None:
    synced = pull(Synced(), 100, NOW_MS, 0)

    assert synced.goal(0, 0) == 100
    assert (synced.level, synced.failure, synced.off_sale) == (told(100, NOW_MS), None, False)


def test_what_was_claimed_since_the_last_pull_counts_against_the_level() -> None:
    synced = pull(Synced(), 100, NOW_MS, 0)

    later = pull(synced, 100, NOW_MS + 5 * MINUTE_MS, 7)

    assert on_sale(later, 7) == 93


def test_what_was_claimed_before_that_is_in_the_level() -> None:
    synced = pull(pull(Synced(), 100, NOW_MS, 0), 100, NOW_MS + 5 * MINUTE_MS, 7)

    later = pull(synced, 93, NOW_MS + 10 * MINUTE_MS, 9)

    assert on_sale(later, 9) == 91


def test_a_pull_right_after_another_forgets_nothing() -> None:
    synced = pull(pull(Synced(), 100, NOW_MS, 0), 100, NOW_MS + 5 * MINUTE_MS, 7)

    again = pull(synced, 100, NOW_MS + 5 * MINUTE_MS + 1, 7)

    assert on_sale(again, 7) == 93


def test_a_level_of_some_time_ago_takes_in_what_was_claimed_before_that() -> None:
    synced = Synced()
    for minute, claimed in ((0, 0), (5, 3), (10, 8), (15, 10)):
        synced = pull(synced, 100, NOW_MS + minute * MINUTE_MS, claimed)

    cached = pull(synced, 90, NOW_MS + 20 * MINUTE_MS, 12, NOW_MS + 16 * MINUTE_MS)

    assert cached.counted == 8
    assert on_sale(cached, 12) == 86


def test_an_answer_older_than_the_last_one_changes_no_level() -> None:
    synced = pull(Synced(), 100, NOW_MS, 0)

    older = pull(synced, 400, NOW_MS + MINUTE_MS, 0, NOW_MS - MINUTE_MS)

    assert older.level == synced.level


def test_units_that_came_back_are_not_counted_twice() -> None:
    synced = pull(pull(Synced(), 100, NOW_MS, 10), 90, NOW_MS + 5 * MINUTE_MS, 10)

    back = pull(synced, 90, NOW_MS + 10 * MINUTE_MS, 8)

    assert on_sale(back, 8) == 90


def test_sales_of_before_the_first_pull_are_taken_for_unknown_to_the_supplier_at_first() -> None:
    first = pull(Synced(), 100, NOW_MS, 40)
    assert on_sale(first, 40) == 60

    second = pull(first, 100, NOW_MS + 5 * MINUTE_MS, 40)

    assert on_sale(second, 40) == 100


def test_more_is_put_on_sale_only_where_it_is_worth_new_chunks() -> None:
    synced = pull(Synced(), 900, NOW_MS, 0)

    assert synced.goal(800, 0) == 900
    assert synced.goal(801, 0) == 801
    assert synced.goal(899, 890) == 899, "9 on sale, one more is less than an eighth"
    assert synced.goal(892, 890) == 900
    assert synced.goal(901, 0) == 900, "less is exact"


def test_only_so_much_of_a_large_level_is_on_sale_at_once() -> None:
    assert pull(Synced(), 1_000_000, NOW_MS, 0).goal(0, 0) == MAX_ON_SALE


def test_a_failed_pull_leaves_the_level_as_it_was() -> None:
    synced = pull(Synced(), 100, NOW_MS, 0)

    failed = fail(synced, NOW_MS + 5 * MINUTE_MS, 3)

    assert failed.failure is Failure.NO_ANSWER
    assert (failed.level, failed.off_sale) == (synced.level, False)
    assert failed.goal(100, 3) == 100
    assert pull(failed, 90, NOW_MS + 6 * MINUTE_MS, 3).failure is None


def test_a_level_that_grew_old_sells_nothing_until_there_is_a_new_one() -> None:
    synced = pull(Synced(), 100, NOW_MS, 0)
    assert not fail(synced, NOW_MS + STALE * MINUTE_MS).off_sale

    old = fail(synced, NOW_MS + STALE * MINUTE_MS + 1)

    assert (old.off_sale, old.goal(100, 20)) == (True, 0)
    assert not pull(old, 100, NOW_MS + 31 * MINUTE_MS, 0).off_sale


def test_a_supplier_that_tells_an_old_moment_goes_off_sale_too() -> None:
    answer = told(100, NOW_MS, NOW_MS - STALE * MINUTE_MS - 1)

    assert Synced().pulled(answer, Mark(NOW_MS, 0), STALE).off_sale


def test_who_never_answered_is_given_as_long() -> None:
    failed = fail(Synced(), NOW_MS)

    assert failed.goal(50, 10) == 50, "units of before"
    assert fail(failed, NOW_MS + STALE * MINUTE_MS + 1).off_sale


@pytest.mark.parametrize("units", [-1, MAX_LEVEL + 1])
def test_a_level_that_is_no_number_of_units_is_refused(units: int) -> None:
    with pytest.raises(SupplierAnswerInvalid):
        told(units, NOW_MS)


def test_a_moment_may_be_ahead_by_what_clocks_differ_and_counts_as_now() -> None:
    assert told(5, NOW_MS, NOW_MS + MINUTE_MS).as_of_ms == NOW_MS
    for moment in (NOW_MS + MINUTE_MS + 1, 0, -5):
        with pytest.raises(SupplierAnswerInvalid):
            told(5, NOW_MS, moment)


def test_few_marks_are_kept_however_often_it_is_pulled_and_however_late_it_tells() -> None:
    synced = Synced()
    for second in range(2000):
        at_ms = NOW_MS + second * 1000
        synced = pull(synced, 100, at_ms, second)
        assert len(synced.marks) <= 11
    for second in range(2000, 4000):
        synced = pull(synced, 100, NOW_MS + second * 1000, second, synced.as_of_ms)
        assert len(synced.marks) <= MAX_MARKS


def test_small_chunks_are_emptied_first() -> None:
    assert take_away([33, 2, 5, 33], 10, 48) == [Taking(1, 0), Taking(2, 0), Taking(0, 30)]
    assert take_away([33, 2], 100, 48) == [Taking(1, 0), Taking(0, 0)]
    assert take_away([3, 4, 5], 10, 2) == [Taking(0, 0), Taking(1, 0)]
    assert take_away([], 10, 2) == []


@dataclass
class Market:
    """A supplier that sells elsewhere, too, and counts a unit sold here within `WITHIN_MS`; a shop
    that sells by the rule. Pulls tell a level some time after it was read."""

    luck: random.Random
    now_ms: int = NOW_MS
    level: int = 0
    claims: list[int] = field(default_factory=list)
    """When the supplier counts each unit that was claimed here."""
    put_on_sale: int = 0
    synced: Synced = field(default_factory=Synced)
    known: int = 0
    """Of the claims, how many were in the level of the last pull."""

    def counted(self, at_ms: int) -> int:
        return sum(each <= at_ms for each in self.claims)

    def claim(self) -> None:
        if len(self.claims) < self.put_on_sale:
            self.claims.append(self.now_ms + self.luck.randrange(WITHIN_MS))

    def restock_or_sell_elsewhere(self) -> None:
        here = self.counted(self.now_ms)
        self.level = max(here, self.level + self.luck.randrange(-30, 40))

    def pull(self) -> Iterator[None]:
        """Others go on between its steps."""
        units, as_of_ms = max(0, self.level - self.counted(self.now_ms)), self.now_ms
        known = self.counted(self.now_ms)
        yield
        mark = Mark(self.now_ms, len(self.claims))
        self.synced = pull(self.synced, units, self.now_ms, mark.claimed, as_of_ms)
        if self.synced.as_of_ms == as_of_ms:
            self.known = known
        yield
        goal = self.synced.goal(self.put_on_sale, mark.claimed)
        self.put_on_sale = max(goal, len(self.claims))

    def check(self) -> None:
        """Nothing was ever on sale beyond what the supplier had when last asked, less what it had
        not counted of what was sold here."""
        level = self.synced.level
        if level is None:
            assert self.put_on_sale == 0
            return
        free = self.put_on_sale - len(self.claims)
        assert free == 0 or free <= level.units - (len(self.claims) - self.known)


@pytest.mark.parametrize("seed", range(60))
def test_no_more_is_ever_on_sale_than_the_supplier_had(seed: int) -> None:
    market = Market(random.Random(seed))
    sold_by_rule = 0
    for _ in range(60):
        pulling = market.pull()
        moving = True
        while moving:
            for _ in range(market.luck.randrange(6)):
                market.now_ms += market.luck.randrange(40_000)
                market.claim()
                if market.luck.random() < 0.3:
                    market.restock_or_sell_elsewhere()
            moving = next(pulling, "done") != "done"
        market.check()
        before = len(market.claims)
        for _ in range(market.luck.randrange(30)):
            market.now_ms += market.luck.randrange(20_000)
            market.claim()
            market.check()
        sold_by_rule += len(market.claims) - before

    assert sold_by_rule > 50


def test_without_sales_elsewhere_the_supplier_never_runs_short() -> None:
    for seed in range(40):
        market = Market(random.Random(seed), level=200)
        for _ in range(80):
            for _ in market.pull():
                market.now_ms += market.luck.randrange(90_000)
                market.claim()
            for _ in range(market.luck.randrange(20)):
                market.now_ms += market.luck.randrange(30_000)
                market.claim()
            assert len(market.claims) <= 200
        assert len(market.claims) == 200
