"""Units that follow a level, against tables in memory: whoever was overtaken changes nothing."""

from dataclasses import replace
from typing import Any

import pytest

from scrip.adapters.stock import Stock
from scrip.adapters.synced_stock import PER_CHUNK, SyncedStock
from scrip.domain.directory import Directory
from scrip.domain.synced_level import Mark, SupplierLevel, Synced, SyncSuperseded
from tests.adapters.pool import SHOP, VARIANT
from tests.domain.making import NOW_MS

FIRST = Synced(NOW_MS, NOW_MS, SupplierLevel(90, NOW_MS, NOW_MS - 1), 3, (Mark(NOW_MS, 3),))
PULL = replace(FIRST, version=1)


@pytest.fixture
def synced(stock: Stock) -> SyncedStock:
    """With a first pull, and 40 units on sale of it."""
    made = SyncedStock(stock)
    assert made.keep(SHOP, VARIANT, Synced(), PULL, Directory())
    assert made.add(SHOP, VARIANT, Directory(), 40, PULL, NOW_MS) == 40
    return made


def seen(synced: SyncedStock) -> Directory:
    return synced.stock.directory(SHOP, VARIANT, consistent=True)


def free(synced: SyncedStock) -> int:
    return synced.free(SHOP, VARIANT, seen(synced))


def test_what_is_kept_of_a_pull_is_found_again(synced: SyncedStock) -> None:
    assert synced.find(SHOP, VARIANT) == PULL
    assert synced.find(SHOP, "other") == Synced()


def test_a_pull_is_kept_once(synced: SyncedStock) -> None:
    second = replace(PULL, version=2)

    assert synced.keep(SHOP, VARIANT, PULL, second, seen(synced))

    assert not synced.keep(SHOP, VARIANT, PULL, replace(second, counted=7), seen(synced))
    assert not synced.keep(SHOP, VARIANT, Synced(), PULL, seen(synced))
    assert synced.find(SHOP, VARIANT) == second


def test_a_pull_is_not_kept_whose_units_were_counted_while_some_were_taken(
    synced: SyncedStock,
) -> None:
    before = seen(synced)
    assert synced.take(SHOP, VARIANT, before, 10, PULL) == 10

    assert not synced.keep(SHOP, VARIANT, PULL, replace(PULL, version=2), before)


def test_nor_one_that_saw_no_directory_where_there_is_one_now(synced: SyncedStock) -> None:
    assert not synced.keep(SHOP, VARIANT, PULL, replace(PULL, version=2), Directory())


def test_who_was_overtaken_by_another_pull_adds_and_takes_nothing(synced: SyncedStock) -> None:
    assert synced.keep(SHOP, VARIANT, PULL, replace(PULL, version=2), seen(synced))

    with pytest.raises(SyncSuperseded):
        synced.add(SHOP, VARIANT, seen(synced), 5, PULL, NOW_MS)
    with pytest.raises(SyncSuperseded):
        synced.take(SHOP, VARIANT, seen(synced), 5, PULL)

    assert free(synced) == 40


def test_the_same_change_is_made_once(synced: SyncedStock) -> None:
    before = seen(synced)
    assert synced.add(SHOP, VARIANT, before, 5, PULL, NOW_MS) == 5
    assert synced.add(SHOP, VARIANT, before, 5, PULL, NOW_MS) == 0
    before = seen(synced)
    assert synced.take(SHOP, VARIANT, before, 12, PULL) == 12
    assert synced.take(SHOP, VARIANT, before, 12, PULL) is None

    assert (free(synced), seen(synced).codes) == (33, 33)


def test_what_is_taken_is_claimed_by_nobody(synced: SyncedStock, stock: Stock) -> None:
    chunks = seen(synced).pointed_at(0)
    assert len(chunks) == 2
    assert synced.take(SHOP, VARIANT, seen(synced), 8, PULL) == 8

    claims = [stock.claim(SHOP, VARIANT, each, [f"unit-{each.number}"], NOW_MS) for each in chunks]

    assert [claim.units for claim in claims] == [1, 0]
    assert claims[0].left == PER_CHUNK - 2
    assert seen(synced).closed == {chunks[1].position}


def test_nothing_is_left_to_take(synced: SyncedStock) -> None:
    assert synced.take(SHOP, VARIANT, seen(synced), 99, PULL) == 40

    assert synced.take(SHOP, VARIANT, seen(synced), 99, PULL) == 0
    assert synced.take(SHOP, "other", Directory(), 1, PULL) == 0


def test_units_that_are_claimed_meanwhile_are_not_taken(
    synced: SyncedStock, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = stock.chunks

    def then_claimed(*asked: Any) -> Any:
        found = read(*asked)
        [first, *_] = found
        stock.claim(SHOP, VARIANT, first, ["a-unit"], NOW_MS)
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(stock, "chunks", then_claimed)
        assert synced.take(SHOP, VARIANT, seen(synced), 40, PULL) is None

    assert (free(synced), seen(synced).codes) == (39, 40)


def test_a_batch_has_what_is_left_of_it(synced: SyncedStock, stock: Stock) -> None:
    synced.take(SHOP, VARIANT, seen(synced), 12, PULL)

    batch = stock.find_batch(SHOP, VARIANT, seen(synced).ranges[0].batch_id)

    assert batch is not None
    assert batch.codes == 28
