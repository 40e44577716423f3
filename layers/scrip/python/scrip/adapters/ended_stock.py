"""Chunks past their end: shut, and their codes counted. `domain/stock.py` says what a chunk is."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from scrip.adapters.stock import WRITERS, Stock
from scrip.adapters.tables import Item
from scrip.domain.stock import ChunkRef, Shut


class EndedStock:
    def __init__(self, stock: Stock) -> None:
        self.stock = stock

    def shut(self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]) -> int:
        """Shut these chunks; how many codes were left in them. Raises StoreUnavailable.

        What was sold out needs no write: nothing can be popped there. Codes of a recalled chunk
        are not counted: they had gone before. Safe to repeat, as nothing leaves a shut chunk.
        """

        def left(found: tuple[ChunkRef, Item]) -> int:
            chunk, item = found
            if item["free"] and "shut" not in item:
                item = self.stock.shut(merchant_id, variant_id, chunk, Shut.EXPIRED)
            return len(item["free"]) if item.get("shut") == Shut.EXPIRED.value else 0

        found = self.stock.chunks(merchant_id, variant_id, chunks)
        with ThreadPoolExecutor(WRITERS) as pool:
            return sum(pool.map(left, found.items()))
