"""How many codes of a variant are left."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from scrip.domain.catalogue import Variant
from scrip.domain.directory import Directory
from scrip.domain.errors import VariantUnknown
from scrip.domain.stock import ChunkRef


class Catalogue(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


class Stock(Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...
    def free_codes(self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]) -> int: ...


class Levels(NamedTuple):
    imported: int
    available: int


def read_stock(
    merchant_id: str, variant_id: str, *, now_ms: int, catalogue: Catalogue, stock: Stock
) -> Levels:
    """Counted, not estimated: the chunks on sale are read, those behind them are full.

    Raises VariantUnknown.
    """
    if catalogue.find_variant(merchant_id, variant_id) is None:
        raise VariantUnknown(variant_id)
    directory = stock.directory(merchant_id, variant_id, consistent=True)
    available = 0
    for shelf in directory.shelves(now_ms):
        on_sale = [directory.ref(position) for position in shelf.window]
        available += stock.free_codes(merchant_id, variant_id, on_sale) + shelf.waiting_codes
    return Levels(directory.codes, available)
