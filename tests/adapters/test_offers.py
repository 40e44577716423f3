"""What is on offer, against tables in memory."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from scrip.adapters.offers import Offers
from scrip.adapters.stock import Stock
from scrip.domain.errors import StoreUnavailable
from scrip.domain.offer import Offer
from scrip.domain.stock import ChunkRef
from scrip.steps.offer import TRIES, offer
from tests.adapters.faults import Faults, refused
from tests.adapters.pool import SHOP, VARIANT, Buyer, all_codes, chunk_item, stocked
from tests.domain.making import NOW_MS

CUT_OFF = ChunkRef("0a1b2c3d4e.r", 0, 0)


@pytest.fixture
def offers(stock: Stock) -> Offers:
    return Offers(stock)


def set_offer(offers: Offers, units: int | None) -> Offer:
    return offer(SHOP, VARIANT, units, now_ms=NOW_MS, stock=offers)


def left(stock: Stock) -> tuple[int, int]:
    """Codes on offer and kept, counted."""
    directory = stock.directory(SHOP, VARIANT, consistent=True)
    found = [0, 0]
    for each in directory.ranges:
        for n in range(each.chunks):
            found[each.kept] += len(
                chunk_item(stock, ChunkRef(each.lane, each.first + n, 0))["free"]
            )
    return found[0], found[1]


@pytest.mark.parametrize("units", [0, 1, 3, 4, 8, 10, 11])
def test_so_many_are_on_offer_and_no_code_is_lost(stock: Stock, offers: Offers, units: int) -> None:
    chunks = stocked(stock, 10, 3)
    codes = sorted(all_codes(stock, chunks))

    found = set_offer(offers, units)

    assert found == left(stock) == (min(units, 10), 10 - min(units, 10))
    new = [CUT_OFF] if units not in (0, 3, 10, 11) else []
    assert sorted(all_codes(stock, [*chunks, *new])) == codes


def test_what_is_cut_off_ends_when_it_did(stock: Stock, offers: Offers) -> None:
    stocked(stock, 3, 3, until_ms=NOW_MS + 5)

    set_offer(offers, 1)

    assert chunk_item(stock, CUT_OFF)["until_ms"] == NOW_MS + 5
    assert set_offer(offers, None) == (3, 0)


def test_codes_that_are_claimed_meanwhile_are_fewer_on_offer(
    stock: Stock, offers: Offers, met: Faults
) -> None:
    chunk, *_ = stocked(stock, 10, 3)

    def others(_: dict[str, Any]) -> None:
        Buyer(stock, "A").claim(chunk)

    met.plan("TransactWriteItems", others)

    assert set_offer(offers, 1) == (1, 8), "the chunk that is cut had moved: it was counted again"
    assert left(stock) == (1, 8)


def test_a_chunk_that_is_emptied_before_it_is_cut_is_counted_again(
    stock: Stock, offers: Offers, met: Faults
) -> None:
    chunk, *_ = stocked(stock, 10, 3)

    def nothing(_: dict[str, Any]) -> None:
        return

    def others(_: dict[str, Any]) -> None:
        Buyer(stock, "A").claim(chunk, 3)

    met.plan("BatchGetItem", nothing, others)

    assert set_offer(offers, 1) == (1, 6)
    assert left(stock) == (1, 6)


def test_what_comes_into_stock_meanwhile_is_counted(
    stock: Stock, offers: Offers, met: Faults
) -> None:
    stocked(stock, 10, 3)

    def import_more(_: dict[str, Any]) -> None:
        stocked(stock, 5, 3, "0000000009")

    met.plan("TransactWriteItems", import_more)

    assert set_offer(offers, 12) == (12, 3)
    assert left(stock) == (12, 3)


def test_of_two_at_once_the_later_one_counts(stock: Stock, offers: Offers, met: Faults) -> None:
    stocked(stock, 10, 3)

    def set_by_others(_: dict[str, Any]) -> None:
        set_offer(Offers(Stock(stock.table)), 8)

    met.plan("TransactWriteItems", set_by_others)

    assert set_offer(offers, 4) == (4, 6)
    assert left(stock) == (4, 6)


def test_an_answer_that_was_lost_is_asked_for_again(
    stock: Stock, offers: Offers, met: Faults
) -> None:
    stocked(stock, 10, 3)

    def lost(asked: dict[str, Any]) -> None:
        stock.table.client.transact_write_items(**asked)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    met.plan("TransactWriteItems", lost)
    with pytest.raises(StoreUnavailable):
        set_offer(offers, 4)

    assert left(stock) == (4, 6)
    assert set_offer(offers, 4) == (4, 6)


def test_what_met_another_transaction_is_sent_again(
    stock: Stock, offers: Offers, met: Faults
) -> None:
    stocked(stock, 10, 3)
    conflict = refused("TransactionCanceledException")
    conflict.response["CancellationReasons"] = [{"Code": "TransactionConflict"}]
    met.plan("TransactWriteItems", conflict)

    with pytest.raises(StoreUnavailable):
        set_offer(offers, 4)

    assert left(stock) == (10, 0)


def test_who_is_always_overtaken_gives_up(stock: Stock, offers: Offers, met: Faults) -> None:
    stocked(stock, 10, 3)
    met.plan("TransactWriteItems", *[refused("TransactionCanceledException")] * TRIES)

    with pytest.raises(StoreUnavailable):
        set_offer(offers, 4)

    assert met.all_met


def test_an_error_that_is_no_conflict_is_told(stock: Stock, offers: Offers, met: Faults) -> None:
    stocked(stock, 10, 3)
    met.plan("TransactWriteItems", refused("ValidationException"))

    with pytest.raises(ClientError):
        set_offer(offers, 4)


def test_setting_a_number_takes_five_requests_and_three_where_nothing_is_cut(
    stock: Stock, offers: Offers, met: Faults
) -> None:
    stocked(stock, 10, 3)
    for units, requests in ((3, 3), (4, 5)):
        before = len(met.calls)

        set_offer(offers, units)

        assert len(met.calls) - before == requests


def test_a_variant_that_never_had_stock_may_have_a_cap(stock: Stock, offers: Offers) -> None:
    assert set_offer(offers, 5) == (0, 0)

    stocked(stock, 10, 3)

    assert left(stock) == (0, 10)
    assert set_offer(offers, 5) == (5, 5)
