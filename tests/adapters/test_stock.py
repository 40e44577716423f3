"""Claims, directories and batches against tables in memory."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from scrip.adapters.stock import Stock
from scrip.domain.chunk_range import Lane
from scrip.domain.directory import COMPACT_AFTER
from scrip.domain.errors import StoreUnavailable
from scrip.domain.stock import ChunkRef, Shut, lane_of, unit_key
from tests.adapters.faults import Faults, refused
from tests.adapters.pool import (
    BATCH,
    SHOP,
    VARIANT,
    Buyer,
    all_codes,
    batch,
    chunk_item,
    chunked,
    recorded,
    sealed,
    stocked,
)
from tests.domain.making import NOW_MS

NO_ANSWER = ReadTimeoutError(endpoint_url="https://dynamodb")


def test_a_claim_moves_one_code_to_the_order(stock: Stock) -> None:
    [chunk] = stocked(stock, 3, 3)

    assert Buyer(stock, "A").claim(chunk) == (1, 2)

    item = chunk_item(stock, chunk)
    assert set(item["claimed"]) == {"A.0.0"}
    assert len(item["free"]) == 2
    assert item["claimed"]["A.0.0"] not in item["free"]


def test_repeating_a_claim_finds_the_first_one(stock: Stock) -> None:
    [chunk] = stocked(stock, 3, 3)
    Buyer(stock, "A").claim(chunk)
    before = chunk_item(stock, chunk)

    again = Buyer(stock, "A").claim(chunk)

    assert again == (1, 2)
    assert chunk_item(stock, chunk) == before


def test_a_claim_whose_answer_was_lost_finds_itself(stock: Stock, met: Faults) -> None:
    [chunk] = stocked(stock, 3, 3)

    def lost(asked: dict[str, Any]) -> None:
        stock.table.client.update_item(**asked)
        raise NO_ANSWER

    met.plan("UpdateItem", lost)
    with pytest.raises(StoreUnavailable):
        Buyer(stock, "A").claim(chunk)

    assert Buyer(stock, "A").claim(chunk) == (1, 2)
    assert len(chunk_item(stock, chunk)["claimed"]) == 1


def test_orders_and_lines_get_codes_of_their_own(stock: Stock) -> None:
    [chunk] = stocked(stock, 4, 4)

    for buyer in (Buyer(stock, "A"), Buyer(stock, "B"), Buyer(stock, "A", line=1)):
        assert buyer.claim(chunk)[0] == 1

    assert set(chunk_item(stock, chunk)["claimed"]) == {"A.0.0", "B.0.0", "A.1.0"}
    assert max(Counter(all_codes(stock, [chunk])).values()) == 1


def test_a_quantity_is_claimed_in_one_write(stock: Stock, met: Faults) -> None:
    [chunk] = stocked(stock, 6, 6)
    before = met.count("UpdateItem")

    assert Buyer(stock, "A").claim(chunk, 4) == (4, 2)

    assert met.count("UpdateItem") == before + 1


def test_a_chunk_that_holds_too_few_gives_what_it_has(stock: Stock) -> None:
    [chunk] = stocked(stock, 3, 3)

    assert Buyer(stock, "A").claim(chunk, 5) == (3, 0)
    assert Buyer(stock, "A").claim(chunk, 5) == (3, 0)


def test_an_exhausted_chunk_gives_nothing_to_others_and_its_own_to_its_owner(stock: Stock) -> None:
    [chunk] = stocked(stock, 1, 1)
    Buyer(stock, "A").claim(chunk)

    assert Buyer(stock, "B").claim(chunk) == (0, 0)
    assert Buyer(stock, "A").claim(chunk) == (1, 0)


def test_a_chunk_emptied_between_refusal_and_retry_gives_nothing(stock: Stock, met: Faults) -> None:
    [chunk] = stocked(stock, 2, 2)

    def others(_: dict[str, Any]) -> None:
        Buyer(stock, "B").claim(chunk, 2)

    met.plan("UpdateItem", None, others)  # refused for 5, then outrun for 2

    assert Buyer(stock, "A").claim(chunk, 5) == (0, 0)


def test_a_quantity_goes_on_in_the_next_chunk(stock: Stock) -> None:
    first, second = stocked(stock, 5, 3)
    buyer = Buyer(stock, "A")

    assert buyer.claim(first, 4) == (3, 0)
    assert buyer.claim(second, 1, first=3) == (1, 1)

    places = [(first, unit_key("A", 0, n)) for n in range(3)] + [(second, unit_key("A", 0, 3))]
    found = stock.claimed_codes(SHOP, VARIANT, places)
    assert [chunk for chunk, _ in found] == [first, first, first, second]
    assert [code for _, code in found] == sealed(5)[:4]


def test_whatever_is_claimed_and_repeated_no_code_goes_twice(stock: Stock) -> None:
    chunks = stocked(stock, 20, 4)
    known, chance = sorted(all_codes(stock, chunks)), random.Random(7)
    given: dict[tuple[str, int], dict[ChunkRef, int]] = {}

    for _ in range(60):
        name, line = chance.choice("ABCDEFGH"), chance.randrange(2)
        chunk, wanted = chance.choice(chunks), chance.randrange(1, 4)
        units, _left = Buyer(stock, name, line).claim(chunk, wanted)
        seen = given.setdefault((name, line), {})
        assert units >= min(wanted, seen.get(chunk, 0))
        seen[chunk] = max(units, seen.get(chunk, 0))

        assert sorted(all_codes(stock, chunks)) == known

    held = sum(sum(each.values()) for each in given.values())
    assert held == sum(len(chunk_item(stock, chunk)["claimed"]) for chunk in chunks)


def test_a_chunk_known_to_be_exhausted_is_looked_at_and_not_written(
    stock: Stock, met: Faults
) -> None:
    first, second = stocked(stock, 2, 1)
    Buyer(stock, "A").claim(first)
    stock.close_chunk(SHOP, VARIANT, first)
    written = met.count("UpdateItem")

    assert Buyer(stock, "B").claim(first) == (0, 0)

    assert met.count("UpdateItem") == written
    assert Buyer(stock, "A").claim(first) == (1, 0)
    assert Buyer(stock, "B").claim(second) == (1, 0)


def test_a_directory_that_does_not_know_a_chunk_yet_hides_nothing(stock: Stock) -> None:
    stocked(stock, 1, 1)
    known = Stock(stock.table)
    known.directory(SHOP, VARIANT)
    [newer] = stocked(stock, 1, 1, "batch00001")

    assert Buyer(known, "A").claim(newer) == (1, 0)


def test_a_directory_that_is_wrong_costs_a_look_and_no_code(stock: Stock) -> None:
    [chunk] = stocked(stock, 2, 2)
    stock.close_chunk(SHOP, VARIANT, chunk)

    assert Buyer(stock, "A").claim(chunk) == (1, 1)


def test_an_ended_chunk_is_shut_before_anybody_turns_away(stock: Stock) -> None:
    [chunk] = stocked(stock, 3, 3, until_ms=NOW_MS + 1)

    assert Buyer(stock, "A").claim(chunk) == (1, 2)
    assert Buyer(stock, "B", now_ms=NOW_MS + 1).claim(chunk) == (0, 0)
    assert chunk_item(stock, chunk)["shut"] == "expired"
    late_clock = Buyer(stock, "B")
    assert late_clock.claim(chunk) == (0, 0)
    assert Buyer(stock, "A", now_ms=NOW_MS + 1).claim(chunk) == (1, 0)
    assert len(chunk_item(stock, chunk)["free"]) == 2


def test_a_shut_chunk_sells_nothing_and_keeps_its_first_reason(stock: Stock) -> None:
    [chunk] = stocked(stock, 3, 3)
    Buyer(stock, "A").claim(chunk)

    stock.shut(SHOP, VARIANT, chunk, Shut.RECALLED)
    stock.shut(SHOP, VARIANT, chunk, Shut.EXPIRED)

    assert chunk_item(stock, chunk)["shut"] == "recalled"
    assert Buyer(stock, "B").claim(chunk) == (0, 0)
    assert Buyer(stock, "A").claim(chunk) == (1, 0)
    assert stock.free_codes(SHOP, VARIANT, [chunk]) == 0


def test_a_chunk_that_is_gone_is_a_bug(stock: Stock) -> None:
    with pytest.raises(LookupError, match="gone"):
        Buyer(stock, "A").claim(ChunkRef(BATCH, 0, 0))


def test_free_codes_are_counted(stock: Stock) -> None:
    first, second = stocked(stock, 6, 3)
    Buyer(stock, "A").claim(first, 2)

    assert stock.free_codes(SHOP, VARIANT, [first, second]) == 4


def test_a_variant_without_codes_has_an_empty_directory(stock: Stock) -> None:
    stocked(stock, 3, 3)

    found = stock.directories(SHOP, [VARIANT, "card-99"])

    assert found[VARIANT].sells(NOW_MS)
    assert not found["card-99"].sells(NOW_MS)
    assert not stock.directory(SHOP, "card-99").sells(NOW_MS)


def test_closing_a_chunk_takes_it_off_sale_and_may_be_repeated(stock: Stock) -> None:
    first, second = stocked(stock, 2, 1)

    once = stock.close_chunk(SHOP, VARIANT, first)
    twice = stock.close_chunk(SHOP, VARIANT, first)

    assert once == twice == stock.directory(SHOP, VARIANT, consistent=True)
    assert once.window(NOW_MS) == [second.position]


def test_closed_chunks_are_compacted_in_time(stock: Stock) -> None:
    chunks = stocked(stock, COMPACT_AFTER + 2, 1)

    answered = [stock.close_chunk(SHOP, VARIANT, chunk) for chunk in chunks[:COMPACT_AFTER]]

    kept = stock.directory(SHOP, VARIANT, consistent=True)
    assert kept == answered[-1]
    assert ([each.low for each in kept.ranges], kept.closed) == ([COMPACT_AFTER], frozenset())
    assert kept.window(NOW_MS) == [chunk.position for chunk in chunks[COMPACT_AFTER:]]
    assert not kept.lists(chunks[0])


def test_compaction_of_all_there_was_leaves_a_directory_to_publish_to(stock: Stock) -> None:
    for chunk in stocked(stock, COMPACT_AFTER, 1):
        stock.close_chunk(SHOP, VARIANT, chunk)

    [chunk] = stocked(stock, 3, 3, "batch00001")

    directory = stock.directory(SHOP, VARIANT, consistent=True)
    assert [each.lane for each in directory.ranges] == ["batch00001"]
    assert directory.choose(0, NOW_MS) == chunk
    assert directory.codes == COMPACT_AFTER + 3


def test_compaction_that_meets_a_new_batch_leaves_it_alone(stock: Stock, met: Faults) -> None:
    chunks = stocked(stock, COMPACT_AFTER, 1)
    for chunk in chunks[:-1]:
        stock.close_chunk(SHOP, VARIANT, chunk)

    def published_meanwhile(_: dict[str, Any]) -> None:
        stocked(stock, 3, 3, "batch00001")

    met.plan("UpdateItem", None, published_meanwhile)
    stock.close_chunk(SHOP, VARIANT, chunks[-1])

    kept = stock.directory(SHOP, VARIANT, consistent=True)
    assert kept.window(NOW_MS) == [COMPACT_AFTER]
    assert len(kept.ranges) == 2
    assert len(kept.closed) == COMPACT_AFTER


def test_two_compactions_at_once_compact_once(stock: Stock, met: Faults) -> None:
    chunks = stocked(stock, COMPACT_AFTER + 5, 1)
    for chunk in chunks[: COMPACT_AFTER - 1]:
        stock.close_chunk(SHOP, VARIANT, chunk)

    def another(_: dict[str, Any]) -> None:
        stock.close_chunk(SHOP, VARIANT, chunks[COMPACT_AFTER])

    met.plan("UpdateItem", None, another)
    stock.close_chunk(SHOP, VARIANT, chunks[COMPACT_AFTER - 1])

    kept = stock.directory(SHOP, VARIANT, consistent=True)
    assert kept.window(NOW_MS) == list(range(COMPACT_AFTER + 1, COMPACT_AFTER + 5))


def test_a_batch_is_recorded_once(stock: Stock) -> None:
    first = recorded(stock, batch())

    again = recorded(stock, replace(batch(), sealed_key=b"another key"))

    assert again == first == stock.find_batch(SHOP, VARIANT, BATCH)
    assert stock.find_batch(SHOP, VARIANT, "unknown") is None


def test_publishing_twice_changes_nothing(stock: Stock) -> None:
    stocked(stock, 6, 3)
    before = stock.directory(SHOP, VARIANT, consistent=True)

    stock.publish(batch(), [Lane(lane_of(BATCH), 0, 2, 6, 3)])

    assert stock.directory(SHOP, VARIANT, consistent=True) == before
    found = stock.find_batch(SHOP, VARIANT, BATCH)
    assert found is not None
    assert found.published


def test_publishing_whose_answer_was_lost_is_published_once(stock: Stock, met: Faults) -> None:
    def lost(asked: dict[str, Any]) -> None:
        stock.table.client.transact_write_items(**asked)
        raise NO_ANSWER

    met.plan("TransactWriteItems", lost)
    with pytest.raises(StoreUnavailable):
        stocked(stock, 6, 3)

    stocked(stock, 6, 3)

    directory = stock.directory(SHOP, VARIANT, consistent=True)
    assert (len(directory.ranges), directory.chunks, directory.codes) == (1, 2, 6)


def test_two_publishers_at_once_take_turns(stock: Stock, met: Faults) -> None:
    def another(_: dict[str, Any]) -> None:
        stocked(stock, 2, 1, "batch00001")

    met.plan("TransactWriteItems", None, another)
    with pytest.raises(StoreUnavailable):
        stocked(stock, 6, 3)
    assert stock.directory(SHOP, VARIANT, consistent=True).codes == 2

    stocked(stock, 6, 3)

    directory = stock.directory(SHOP, VARIANT, consistent=True)
    assert [(each.lane, each.start) for each in directory.ranges] == [
        ("batch00001", 0),
        (BATCH, 2),
    ]
    assert (directory.chunks, directory.codes) == (4, 8)


def test_two_publishers_of_the_very_first_batches_take_turns(stock: Stock, met: Faults) -> None:
    def another(_: dict[str, Any]) -> None:
        stocked(stock, 1, 1, "batch00001")

    met.plan("TransactWriteItems", None, another)
    with pytest.raises(StoreUnavailable):
        stocked(stock, 1, 1)

    assert stock.directory(SHOP, VARIANT, consistent=True).chunks == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "TransactionInProgressException"])
def test_publishing_at_a_busy_table_is_asked_for_again(
    stock: Stock, met: Faults, code: str
) -> None:
    met.plan("TransactWriteItems", None, refused(code))

    with pytest.raises(StoreUnavailable):
        stocked(stock, 1, 1)


def test_chunks_written_again_stay_as_they_are(stock: Stock) -> None:
    [chunk] = stocked(stock, 3, 3)
    Buyer(stock, "A").claim(chunk)
    before = chunk_item(stock, chunk)

    stock.add_chunks(batch(), lane_of(BATCH), dict(enumerate(chunked(sealed(3), 3))))

    assert chunk_item(stock, chunk) == before


def test_a_chunk_that_cannot_be_written_fails_the_import(stock: Stock, met: Faults) -> None:
    met.plan("PutItem", None, None, refused("ThrottlingException"))

    with pytest.raises(StoreUnavailable):
        stocked(stock, 20, 2)

    assert not stock.directory(SHOP, VARIANT, consistent=True).sells(NOW_MS)
