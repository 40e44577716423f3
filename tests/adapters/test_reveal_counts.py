"""Counting codes read by one actor in an hour, and telling of it once."""

import pytest

from scrip.adapters.audit import Audit
from scrip.adapters.reveal_counts import RevealCounts
from scrip.adapters.tables import Table
from scrip.wiring.clients import table
from tests.adapters.faults import Faults
from tests.in_memory import InMemory

HOUR = 488_888
WHO = "address:203.0.113.7"


@pytest.fixture
def reveals(cloud: InMemory) -> Table:
    return table(cloud.values["RevealsTable"])


@pytest.fixture
def counts(reveals: Table) -> RevealCounts:
    return RevealCounts(reveals)


def test_codes_add_up_by_actor_and_hour(counts: RevealCounts) -> None:
    assert counts.add("demo", WHO, HOUR, "ORDER-1", 3) == (3, False)
    assert counts.add("demo", WHO, HOUR, "ORDER-2", 4) == (7, False)
    assert counts.add("demo", "key:abc", HOUR, "ORDER-2", 4) == (4, False)
    assert counts.add("demo", WHO, HOUR + 1, "ORDER-2", 4) == (4, False)
    assert counts.add("other", WHO, HOUR, "ORDER-2", 4) == (4, False)


def test_the_same_order_again_counts_once(counts: RevealCounts) -> None:
    counts.add("demo", WHO, HOUR, "ORDER-1", 3)

    assert counts.add("demo", WHO, HOUR, "ORDER-1", 3) == (3, False)


def test_once_told_nothing_more_is_written(
    counts: RevealCounts, reveals: Table, met: Faults
) -> None:
    counts.add("demo", WHO, HOUR, "ORDER-1", 3)
    counts.tell("demo", WHO, HOUR, 1)
    cold = RevealCounts(reveals)
    asked = met.count("UpdateItem")

    assert counts.add("demo", WHO, HOUR, "ORDER-2", 3).told
    assert met.count("UpdateItem") == asked
    assert [cold.add("demo", WHO, HOUR, f"ORDER-{n}", 3).told for n in (3, 4)] == [True, True]
    assert met.count("UpdateItem") == asked + 1


def test_a_count_is_forgotten_a_day_after_its_hour(counts: RevealCounts, reveals: Table) -> None:
    counts.add("demo", WHO, HOUR, "ORDER-1", 3)

    item = reveals.get({"pk": f"demo#{WHO}#{HOUR}"})

    assert item is not None
    assert item["delete_at"] == (HOUR + 1) * 3600 + 86_400


def test_an_anomaly_is_written_once_by_whoever_comes_first(trail: Table) -> None:
    audit = Audit(trail)

    def wrote(event_id: str) -> bool:
        return audit.anomaly("demo", WHO, HOUR, at_ms=1, event_id=event_id, codes=200)

    assert [wrote("one"), wrote("two"), wrote("three")] == [True, False, False]
    assert wrote("one"), "its own answer was lost, and the SDK asked again"


def test_only_plain_reveals_of_that_order_are_listed(trail: Table) -> None:
    audit = Audit(trail)
    entry = {"event_id": "e", "by": "buyer", "source": "203.0.113.7"}
    audit.revealed("demo", "ORDER-1", at_ms=2, **entry)
    audit.revealed("demo", "ORDER-1", at_ms=1, **entry)
    audit.acted("demo", "ORDER-1", "masked_view", at_ms=3, **entry)
    audit.revealed("demo", "ORDER-2", at_ms=4, **entry)

    assert audit.reveals("demo", "ORDER-1") == [1, 2]
