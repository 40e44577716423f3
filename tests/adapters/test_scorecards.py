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
