"""A chunk stays within one write unit, however its codes lie in it."""

from typing import Any

import pytest

from scrip.adapters.stock import Stock
from scrip.adapters.tables import Item, encode_item
from scrip.domain.line import MAX_UNITS_PER_LINE
from scrip.domain.order import MAX_LINES
from scrip.domain.stock import Batch, SealedCode, Shut, chunk_capacity, lane_of, unit_key
from tests.domain.making import NOW_MS, ORDER_ID
from tests.item_size import WRITE_UNIT, item_bytes

SEAL_BYTES = 16
"""What AES-256-GCM adds to a code."""

LONGEST_UNIT = unit_key(ORDER_ID, MAX_LINES - 1, MAX_UNITS_PER_LINE - 1, 1)


class Recorded:
    """A table that keeps what is put."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def put(self, item: Item, *, condition: str) -> None:
        self.items.append(item)


def full_chunk(ciphertext_bytes: int, codes: int) -> Item:
    """As the import writes it, with the longest names there can be."""
    table: Any = Recorded()
    batch = Batch("m" * 20, "v" * 32, "b" * 10, b"", b"", codes, frozenset(), False, 0)
    chunk = [SealedCode(n, bytes(ciphertext_bytes)) for n in range(codes)]
    Stock(table).add_chunks(batch, lane_of(batch.batch_id, 60), {99_999: chunk}, NOW_MS)
    [item] = table.items
    return {**item, "shut": Shut.RECALLED.value}


def claimed(item: Item) -> Item:
    """The same chunk when its last code is sold, each to a unit with the longest name."""
    names = [f"{LONGEST_UNIT[:-8]}{n:02d}{LONGEST_UNIT[-6:]}" for n in range(len(item["free"]))]
    return {**item, "free": [], "claimed": dict(zip(names, item["free"], strict=True))}


@pytest.mark.parametrize("length", [1, 2, 4, 8, 12, 16, 20, 24, 29, 32, 40, 48, 60])
def test_a_chunk_of_codes_up_to_60_characters_fits_a_write_unit(length: int) -> None:
    ciphertext = length + SEAL_BYTES
    item = full_chunk(ciphertext, chunk_capacity(ciphertext))

    assert item_bytes(encode_item(item)) <= WRITE_UNIT
    assert item_bytes(encode_item(claimed(item))) <= WRITE_UNIT


def test_capacity_fits_for_every_size_and_wastes_less_than_two_codes() -> None:
    fixed = item_bytes(encode_item({**full_chunk(20, 1), "free": []}))
    each = item_bytes(encode_item(claimed(full_chunk(20, 1)))) - fixed - 20

    for ciphertext in range(SEAL_BYTES + 1, 1 + WRITE_UNIT):
        codes = chunk_capacity(ciphertext)
        if codes > 1:
            assert fixed + codes * (each + ciphertext) <= WRITE_UNIT
        assert fixed + (codes + 2) * (each + ciphertext) > WRITE_UNIT


@pytest.mark.parametrize("ciphertext", [900, 1024, 1700])
def test_a_code_beyond_a_write_unit_has_a_chunk_to_itself(ciphertext: int) -> None:
    assert chunk_capacity(ciphertext) == 1


def test_a_usual_code_shares_its_chunk_with_a_dozen_others() -> None:
    assert chunk_capacity(20 + SEAL_BYTES) == 14
