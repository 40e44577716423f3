"""Marks of imported codes: recorded with their batch, once, and in turn."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from scrip.adapters.index_keys import IndexKeys
from scrip.adapters.keys import Keys
from scrip.adapters.mark_file import MarkFile
from scrip.adapters.seen_codes import SeenCodes
from scrip.adapters.stock import Stock
from scrip.adapters.tables import Table
from scrip.domain.blind_index import Seen
from scrip.domain.errors import StoreUnavailable
from tests.adapters.faults import Faults, refused
from tests.adapters.pool import BATCH, SHOP, VARIANT, batch
from tests.in_memory import InMemory

MARKS = [bytes([n]) * 12 for n in range(5)]


@pytest.fixture
def seen_codes(stock: Stock) -> SeenCodes:
    return SeenCodes(stock.table)


def taken(seen: Seen) -> dict[bytes, str]:
    return dict(seen.batches)


def test_a_batch_is_recorded_with_its_marks(stock: Stock, seen_codes: SeenCodes) -> None:
    new = replace(batch(), known=frozenset({0, 8, 4999}))

    kept = seen_codes.record(new, MARKS, seen_codes.find(SHOP, MARKS))

    assert kept == new == stock.find_batch(SHOP, VARIANT, BATCH)
    assert SeenCodes(stock.table).find(SHOP, MARKS) == (1, dict.fromkeys(MARKS, BATCH))
    assert SeenCodes(stock.table).find(SHOP, [b"none of them"]) == (1, {})
    assert SeenCodes(stock.table).find("other", MARKS) == (0, {})


def test_an_earlier_record_of_the_same_batch_wins(seen_codes: SeenCodes) -> None:
    first = seen_codes.record(batch(), MARKS[:2], seen_codes.find(SHOP, MARKS))

    other = replace(batch(), sealed_key=b"another")
    again = seen_codes.record(other, MARKS, seen_codes.find(SHOP, MARKS))

    assert again == first
    assert seen_codes.find(SHOP, MARKS) == (1, dict.fromkeys(MARKS[:2], BATCH))


def test_two_imports_at_once_take_turns(stock: Stock, seen_codes: SeenCodes) -> None:
    seen = seen_codes.find(SHOP, MARKS)
    seen_codes.record(batch(), MARKS[:2], seen)

    assert seen_codes.record(batch("batch00001"), MARKS[1:], seen) is None
    assert stock.find_batch(SHOP, VARIANT, "batch00001") is None
    now = seen_codes.find(SHOP, MARKS)
    assert seen_codes.record(batch("batch00001"), MARKS[2:], now) is not None
    assert [taken(seen_codes.find(SHOP, MARKS))[mark] for mark in MARKS] == [
        *[BATCH] * 2,
        *["batch00001"] * 3,
    ]


def test_a_record_whose_answer_was_lost_is_found_again(
    stock: Stock, seen_codes: SeenCodes, met: Faults
) -> None:
    def lost(asked: dict[str, Any]) -> None:
        stock.table.client.transact_write_items(**asked)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    met.plan("TransactWriteItems", lost)
    with pytest.raises(StoreUnavailable):
        seen_codes.record(batch(), MARKS, seen_codes.find(SHOP, MARKS))

    assert seen_codes.record(batch(), MARKS, seen_codes.find(SHOP, MARKS)) == batch()
    assert seen_codes.find(SHOP, MARKS).segments == 1


def test_a_busy_table_is_asked_again(seen_codes: SeenCodes, met: Faults) -> None:
    met.plan("TransactWriteItems", refused("ThrottlingException"))

    with pytest.raises(StoreUnavailable):
        seen_codes.record(batch(), MARKS, seen_codes.find(SHOP, MARKS))


def test_only_new_segments_are_read(stock: Stock, seen_codes: SeenCodes, met: Faults) -> None:
    seen_codes.record(batch(), MARKS[:2], seen_codes.find(SHOP, MARKS))
    seen_codes.find(SHOP, MARKS)
    reads = met.count("BatchGetItem")

    seen_codes.find(SHOP, MARKS)
    assert met.count("BatchGetItem") == reads
    others = SeenCodes(stock.table)
    others.record(batch("batch00001"), MARKS[2:3], others.find(SHOP, MARKS))
    assert len(taken(seen_codes.find(SHOP, MARKS))) == 3
    asked = met.calls[-1][1]["RequestItems"][stock.table.name]["Keys"]
    assert asked == [{"pk": {"S": f"{SHOP}#seen#1"}}]

    seen_codes.find("other", MARKS)
    assert len(taken(seen_codes.find(SHOP, MARKS))) == 3


def test_what_was_recorded_here_is_not_read_again(seen_codes: SeenCodes, met: Faults) -> None:
    seen = seen_codes.find(SHOP, MARKS)
    seen_codes.record(batch(), MARKS[:2], seen)
    seen_codes.remember(SHOP, BATCH, MARKS[:2], seen)

    assert taken(seen_codes.find(SHOP, MARKS)) == dict.fromkeys(MARKS[:2], BATCH)
    assert met.count("BatchGetItem") == 0


def test_what_was_recorded_behind_others_is_read(stock: Stock, seen_codes: SeenCodes) -> None:
    seen = seen_codes.find(SHOP, MARKS)
    others = SeenCodes(stock.table)
    others.record(batch("batch00001"), MARKS[2:], others.find(SHOP, MARKS))
    seen_codes.find(SHOP, MARKS)

    seen_codes.remember(SHOP, BATCH, MARKS[:2], seen)

    assert set(taken(seen_codes.find(SHOP, MARKS))) == set(MARKS[2:])


def test_many_segments_of_few_batches_keep_their_batch(stock: Stock, seen_codes: SeenCodes) -> None:
    numbers = range(50)
    for n in numbers:
        mark = n.to_bytes(12, "big")
        segment = {"pk": f"{SHOP}#seen#{n}", "batch": f"batch {n // 25}", "marks": mark}
        stock.table.put(segment)
    stock.table.put({"pk": f"{SHOP}#seen", "segment_count": len(numbers)})

    found = taken(seen_codes.find(SHOP, [n.to_bytes(12, "big") for n in numbers]))

    assert [found[n.to_bytes(12, "big")] for n in numbers] == [f"batch {n // 25}" for n in numbers]


def test_a_mark_keeps_the_batch_that_had_it_first() -> None:
    marks = MarkFile()
    marks.add(MARKS[:2], 0)
    marks.add(MARKS[1:3], 1)

    assert marks.find(MARKS) == {MARKS[0]: 0, MARKS[1]: 0, MARKS[2]: 1}


def test_an_index_key_is_made_once(cloud: InMemory, stock: Stock, keys: Keys) -> None:
    table = Table(stock.table.client, cloud.values["MerchantsTable"])

    first = IndexKeys(table, keys).of(SHOP)

    assert len(first) == 32
    assert IndexKeys(table, keys).of(SHOP) == first
    assert IndexKeys(table, keys).of("other") != first


def test_two_first_imports_agree_on_an_index_key(
    cloud: InMemory, stock: Stock, keys: Keys, met: Faults
) -> None:
    table = Table(stock.table.client, cloud.values["MerchantsTable"])
    theirs: list[bytes] = []
    met.plan("PutItem", lambda _: theirs.append(IndexKeys(table, keys).of(SHOP)))

    assert [IndexKeys(table, keys).of(SHOP)] == theirs
