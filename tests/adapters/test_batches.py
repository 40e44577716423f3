"""Recalls against tables in memory: one write takes a batch off sale, or nothing of it."""

import pytest

from scrip.adapters.batches import Batches
from scrip.adapters.stock import Stock
from scrip.domain.batch_record import SLACK, BatchRecord, Recall
from scrip.domain.directory import Directory
from scrip.domain.errors import BatchRecalled, StoreUnavailable
from scrip.domain.stock import ChunkRef, Shut, return_lane
from scrip.flows.read_batches import read_batch
from tests.adapters.faults import Faults, refused
from tests.adapters.pool import (
    BATCH,
    SHOP,
    VARIANT,
    Buyer,
    batch,
    chunk_item,
    chunked,
    put_on_sale,
    recorded,
    sealed,
    stocked,
)
from tests.domain.making import NOW_MS


@pytest.fixture
def batches(stock: Stock) -> Batches:
    return Batches(stock)


def found(batches: Batches) -> BatchRecord:
    record = batches.find(SHOP, VARIANT, BATCH)
    assert record
    return record


def seen(stock: Stock) -> Directory:
    return stock.directory(SHOP, VARIANT, consistent=True)


def plan(batches: Batches) -> tuple[BatchRecord, Directory, Recall]:
    """A batch and the directory as they are, and its recall."""
    record, directory = found(batches), seen(batches.stock)
    return record, directory, record.recalled(directory, "key00001", "leaked", NOW_MS)


def test_one_write_takes_a_batch_off_sale(stock: Stock, batches: Batches, met: Faults) -> None:
    stocked(stock, 6, 3)
    planned = plan(batches)

    assert batches.recall(*planned)

    assert met.count("TransactWriteItems") == 3  # the import's two, and this
    assert found(batches).recall == planned[2]
    assert not seen(stock).ranges
    item = stock.table.get({"pk": f"{SHOP}#{VARIANT}#{return_lane(BATCH)}"})
    assert item == {"pk": item and item["pk"], "shut": Shut.RECALLED.value}


def test_a_recall_finds_the_directory_changed(stock: Stock, batches: Batches) -> None:
    stocked(stock, 6, 3)
    planned = plan(batches)
    stocked(stock, 6, 3, "ffffffffff")

    assert not batches.recall(*planned)

    assert found(batches).recall is None
    assert len(seen(stock).ranges) == 2


@pytest.mark.parametrize(("closed", "done"), [(SLACK - 1, True), (SLACK, False)])
def test_a_recall_counts_chunks_that_close_meanwhile(
    stock: Stock, batches: Batches, closed: int, done: bool
) -> None:
    stocked(stock, 6, 3)
    stock.close_chunk(SHOP, VARIANT, ChunkRef(BATCH, 0, 0))
    planned = plan(batches)
    stock.table.update(
        {"pk": f"{SHOP}#{VARIANT}#directory"},
        "ADD closed :more",
        values={":more": {*range(1000, 1000 + closed)}},
    )

    assert batches.recall(*planned) is done


def test_a_recall_of_what_is_not_published_yet_keeps_it_from_ever_being(
    stock: Stock, batches: Batches
) -> None:
    new = recorded(stock, batch())

    assert batches.recall(*plan(batches))

    with pytest.raises(BatchRecalled):
        put_on_sale(stock, new, chunked(sealed(6), 3))
    assert found(batches).batch.recalled
    assert not seen(stock).ranges


def test_a_recall_finds_its_batch_published_meanwhile(stock: Stock, batches: Batches) -> None:
    new = recorded(stock, batch())
    planned = plan(batches)
    put_on_sale(stock, new, chunked(sealed(6), 3))

    assert not batches.recall(*planned)

    assert batches.recall(*plan(batches))


def test_a_recall_that_met_another_transaction_is_sent_again(
    stock: Stock, batches: Batches, met: Faults
) -> None:
    stocked(stock, 6, 3)
    conflict = refused("TransactionCanceledException")
    conflict.response["CancellationReasons"] = [{"Code": "TransactionConflict"}]
    met.plan("TransactWriteItems", conflict)

    with pytest.raises(StoreUnavailable):
        batches.recall(*plan(batches))


def test_shutting_counts_what_is_left_and_the_first_reason_stays(
    stock: Stock, batches: Batches
) -> None:
    chunks = stocked(stock, 6, 3)
    Buyer(stock, "A").claim(chunks[0], 2)
    stock.shut(SHOP, VARIANT, chunks[1], Shut.EXPIRED)

    for _ in range(2):
        assert batches.shut(batch(), chunks) == 4

    assert [chunk_item(stock, each)["shut"] for each in chunks] == ["recalled", "expired"]
    assert Buyer(stock, "B").claim(chunks[0]) == (0, 0)


def test_two_runs_record_each_step_once(stock: Stock, batches: Batches) -> None:
    stocked(stock, 6, 3)
    record, directory, recall = plan(batches)
    batches.recall(record, directory, recall)
    one, other = recall.went_on(1, 3), recall.went_on(1, 2)

    assert batches.went_on(record.batch, recall, one) == one
    assert batches.went_on(record.batch, recall, other) == one
    assert found(batches).recall == one


@pytest.mark.parametrize("moved_out", [False, True])
def test_codes_past_their_end_are_counted_whether_they_are_listed_or_not(
    stock: Stock, batches: Batches, moved_out: bool
) -> None:
    end = NOW_MS + 1000
    chunks = stocked(stock, 6, 3, until_ms=end)
    Buyer(stock, "A").claim(chunks[0], 2)
    if moved_out:
        directory = seen(stock)
        ended = directory.ended(end, 10)
        assert stock.rewrite(SHOP, VARIANT, directory, directory.moved_out(ended, 4))

    def figures(now_ms: int) -> tuple[int, int, int]:
        found = read_batch(SHOP, VARIANT, BATCH, now_ms=now_ms, batches=batches, stock=stock)
        return found.sold, found.on_sale, found.ended

    assert figures(end) == (2, 0, 4)
    if not moved_out:
        assert figures(end - 1) == (2, 4, 0)
