"""Counts of unpaid holds: each order once, for a day, never without bounds."""

import pytest

from scrip.adapters.tables import Table
from scrip.adapters.unpaid_holds import UnpaidHolds
from scrip.domain.fairness import MOST_COUNTED, WINDOW_MS, unpaid_mark
from tests.domain.making import NOW_MS


@pytest.fixture
def unpaid(notes: Table) -> UnpaidHolds:
    return UnpaidHolds(notes)


def marks(count: int, at_ms: int = NOW_MS) -> set[int]:
    return {unpaid_mark(f"{number}", at_ms) for number in range(count)}


def test_an_order_counts_once_however_often_it_is_added(unpaid: UnpaidHolds) -> None:
    unpaid.add("demo", "b1", marks(2), NOW_MS)
    unpaid.add("demo", "b1", marks(3), NOW_MS)
    unpaid.add("other", "b1", marks(9), NOW_MS)

    assert unpaid.counts("demo", ["b1", "a1"], NOW_MS) == {"b1": 3}
    assert unpaid.counts("demo", ["b1"], NOW_MS + WINDOW_MS + 60_000) == {"b1": 0}


def test_a_tally_is_bounded_and_makes_room_for_what_is_new(
    unpaid: UnpaidHolds, notes: Table
) -> None:
    unpaid.add("demo", "b1", marks(MOST_COUNTED), NOW_MS)
    unpaid.add("demo", "b1", marks(MOST_COUNTED + 5), NOW_MS)
    assert unpaid.counts("demo", ["b1"], NOW_MS) == {"b1": MOST_COUNTED}
    later = NOW_MS + WINDOW_MS + 60_000

    unpaid.add("demo", "b1", marks(2, later), later)

    assert unpaid.counts("demo", ["b1"], later) == {"b1": 2}
    item = notes.get({"pk": "demo#unpaid#b1"}) or {}
    assert len(item["unpaid"]) == 2
    assert item["delete_at"] > later // 1000
