"""Look at what is on sale of a variant, shelf by shelf: counted, not estimated."""

from collections.abc import Sequence
from typing import Protocol

from scrip.domain.directory import Directory
from scrip.domain.stock import ChunkRef
from scrip.domain.stock_level import Level, ShelfLevel
from scrip.domain.stock_warning import Sight


class ChunkCounter(Protocol):
    def free_codes(self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]) -> int: ...


def look_at_stock(
    merchant_id: str,
    variant_id: str,
    directory: Directory,
    *,
    selling: bool,
    now_ms: int,
    stock: ChunkCounter,
) -> Sight:
    """The chunks on sale are read, those behind them are full. Raises StoreUnavailable."""
    shelves = []
    for shelf in directory.shelves(now_ms):
        chunks = [directory.ref(position) for position in shelf.window]
        codes = stock.free_codes(merchant_id, variant_id, chunks) + shelf.waiting_codes
        shelves.append(ShelfLevel(shelf.until_ms, codes))
    available = sum(each.available for each in shelves)
    level = Level(now_ms, available, directory.codes, directory.expired, directory.recalls)
    return Sight(level, tuple(shelves), directory.version, selling)
