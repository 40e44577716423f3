"""Marks of imported codes: recorded with their batch, once, and in turn."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from scrip.adapters.index_keys import IndexKeys
from scrip.adapters.keys import Keys
from scrip.adapters.seen_codes import SeenCodes
from scrip.adapters.stock import Stock
from scrip.adapters.tables import Table
from scrip.domain.errors import StoreUnavailable
from tests.adapters.faults import Faults, refused
from tests.adapters.pool import BATCH, SHOP, VARIANT, batch
from tests.in_memory import InMemory

MARKS = [bytes([n]) * 12 for n in range(5)]


@pytest.fixture
def seen_codes(stock: Stock) -> SeenCodes:
    return SeenCodes(stock.table)


def test_a_batch_is_recorded_with_its_marks(stock: Stock, seen_codes: SeenCodes) -> None:
    new = replace(batch(), known=frozenset({0, 8, 4999}))

    kept = seen_codes.record(new, MARKS, seen_codes.load(SHOP))

    assert kept == new == stock.find_batch(SHOP, VARIANT, BATCH)
    assert SeenCodes(stock.table).load(SHOP) == (1, frozenset(MARKS))
    assert SeenCodes(stock.table).load("other") == (0, frozenset())


def test_an_earlier_record_of_the_same_batch_wins(seen_codes: SeenCodes) -> None:
    first = seen_codes.record(batch(), MARKS[:2], seen_codes.load(SHOP))

    again = seen_codes.record(replace(batch(), sealed_key=b"another"), MARKS, seen_codes.load(SHOP))

    assert again == first
    assert seen_codes.load(SHOP) == (1, frozenset(MARKS[:2]))


def test_two_imports_at_once_take_turns(stock: Stock, seen_codes: SeenCodes) -> None:
    seen = seen_codes.load(SHOP)
    seen_codes.record(batch(), MARKS[:2], seen)

    assert seen_codes.record(batch("batch00001"), MARKS[1:], seen) is None
    assert stock.find_batch(SHOP, VARIANT, "batch00001") is None
    assert seen_codes.record(batch("batch00001"), MARKS[2:], seen_codes.load(SHOP)) is not None
    assert seen_codes.load(SHOP) == (2, frozenset(MARKS))


def test_a_record_whose_answer_was_lost_is_found_again(
    stock: Stock, seen_codes: SeenCodes, met: Faults
) -> None:
    def lost(asked: dict[str, Any]) -> None:
        stock.table.client.transact_write_items(**asked)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    met.plan("TransactWriteItems", lost)
    with pytest.raises(StoreUnavailable):
        seen_codes.record(batch(), MARKS, seen_codes.load(SHOP))

    assert seen_codes.record(batch(), MARKS, seen_codes.load(SHOP)) == batch()
    assert seen_codes.load(SHOP).segments == 1


def test_a_busy_table_is_asked_again(seen_codes: SeenCodes, met: Faults) -> None:
    met.plan("TransactWriteItems", refused("ThrottlingException"))

    with pytest.raises(StoreUnavailable):
        seen_codes.record(batch(), MARKS, seen_codes.load(SHOP))


def test_only_new_segments_are_read(seen_codes: SeenCodes, met: Faults) -> None:
    seen_codes.record(batch(), MARKS[:2], seen_codes.load(SHOP))
    seen_codes.load(SHOP)
    reads = met.count("BatchGetItem")

    seen_codes.load(SHOP)
    assert met.count("BatchGetItem") == reads

    seen_codes.load("other")
    assert seen_codes.load(SHOP).marks == frozenset(MARKS[:2])


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
