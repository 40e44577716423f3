"""Scorecards in their table: added to, and read by days."""

from scrip.adapters.scorecards import Scorecards
from scrip.domain.scorecard import Ending, day_of
from scrip.domain.supplier_terms import DAY_MS
from scrip.wiring.clients import table
from tests.in_memory import InMemory

NOW_MS = 1_790_000_000_000
TODAY = day_of(NOW_MS)


def test_what_ended_is_found_under_its_day_and_account(cloud: InMemory) -> None:
    scorecards = Scorecards(table(cloud.values["TopUpsTable"]))
    scorecards.add("demo", "main", Ending.DONE, 4_000, NOW_MS)
    scorecards.add("demo", "main", Ending.DONE, 4_000, NOW_MS)
    scorecards.add("demo", "main", Ending.UNKNOWN, None, NOW_MS)
    scorecards.add("demo", "main", Ending.REVERSED, None, NOW_MS - DAY_MS)
    scorecards.add("demo", "spare", Ending.FAILED, 1, NOW_MS)
    scorecards.add("other", "main", Ending.FAILED, 1, NOW_MS)

    found = scorecards.of_days("demo", "main", range(TODAY - 29, TODAY + 1))

    assert set(found) == {TODAY, TODAY - 1}
    assert found[TODAY].ended == {Ending.DONE: 2, Ending.UNKNOWN: 1}
    assert found[TODAY].within_ms(95) == 5_000
    assert found[TODAY - 1].ended == {Ending.REVERSED: 1}


def test_what_is_disputed_counts_once_on_its_day(cloud: InMemory) -> None:
    scorecards = Scorecards(table(cloud.values["TopUpsTable"]))
    for references in ({"first"}, {"first", "second"}, {"second"}):
        scorecards.add_disputed("demo", "main", references, NOW_MS)
    scorecards.add_disputed("demo", "main", {"third"}, NOW_MS - DAY_MS)
    scorecards.add_disputed("demo", "spare", {"fourth"}, NOW_MS)

    days = range(TODAY - 29, TODAY + 1)
    found = scorecards.disputed_of_days("demo", "main", days)

    assert {day: card.ended for day, card in found.items()} == {
        TODAY: {Ending.DISPUTED: 2},
        TODAY - 1: {Ending.DISPUTED: 1},
    }
    assert scorecards.of_days("demo", "main", days) == {}
