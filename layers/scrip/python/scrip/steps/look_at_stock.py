"""Look at what is in stock of a variant, shelf by shelf: counted, not estimated."""

from collections.abc import Sequence
from typing import Protocol

from scrip.domain.directory import FOR_EVER_MS, Directory
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
    """The chunks on sale are read, those behind them are full; and so for what is not on offer.

    Raises StoreUnavailable.
    """

    def counted(part: Directory) -> dict[int, int]:
        """Codes by when they end."""
        return {
            shelf.until_ms: shelf.waiting_codes
            + stock.free_codes(merchant_id, variant_id, [part.ref(n) for n in shelf.window])
            for shelf in part.shelves(now_ms)
        }

    on_sale, kept = counted(directory), counted(directory.kept_back())
    shelves = tuple(
        ShelfLevel(until_ms, on_sale.get(until_ms, 0), kept.get(until_ms, 0))
        for until_ms in sorted(on_sale | kept, key=lambda until_ms: until_ms or FOR_EVER_MS)
    )
    level = Level(
        at_ms=now_ms,
        available=sum(each.available for each in shelves),
        imported=directory.codes,
        expired=directory.expired,
        recalls=directory.recalls,
        kept=sum(each.kept for each in shelves),
    )
    return Sight(level, shelves, directory.version, selling)
