"""How many codes of a variant are left, until when, and how long they last."""

from typing import Protocol

from scrip.domain.catalogue import Variant
from scrip.domain.directory import Directory
from scrip.domain.errors import VariantUnknown
from scrip.domain.stock_level import SalesRate, sales_rate
from scrip.domain.stock_warning import Sight, Watched
from scrip.steps.look_at_stock import ChunkCounter, look_at_stock


class Catalogue(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


class Stock(ChunkCounter, Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...


class Watch(Protocol):
    def watched(self, merchant_id: str, variant_id: str) -> Watched: ...


def read_stock(
    merchant_id: str,
    variant_id: str,
    *,
    now_ms: int,
    catalogue: Catalogue,
    stock: Stock,
    watch: Watch,
) -> tuple[Sight, SalesRate]:
    """Raises VariantUnknown."""
    if catalogue.find_variant(merchant_id, variant_id) is None:
        raise VariantUnknown(variant_id)
    directory = stock.directory(merchant_id, variant_id, consistent=True)
    seen = look_at_stock(
        merchant_id, variant_id, directory, selling=True, now_ms=now_ms, stock=stock
    )
    return seen, sales_rate(watch.watched(merchant_id, variant_id).levels, seen.level)
