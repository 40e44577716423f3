"""How many codes of a variant are left, until when, and how long they last."""

from typing import Protocol

from scrip.domain.catalogue import Variant
from scrip.domain.directory import Directory
from scrip.domain.errors import VariantUnknown
from scrip.domain.stock_level import SalesRate, sales_rate
from scrip.domain.stock_warning import Sight, Watched
from scrip.domain.synced_level import Following, Synced
from scrip.steps.look_at_stock import ChunkCounter, look_at_stock


class Catalogue(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


class Stock(ChunkCounter, Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...


class Watch(Protocol):
    def watched(self, merchant_id: str, variant_id: str) -> Watched: ...


class SyncedStock(Protocol):
    def find(self, merchant_id: str, variant_id: str) -> Synced: ...


def read_stock(
    merchant_id: str,
    variant_id: str,
    *,
    now_ms: int,
    catalogue: Catalogue,
    stock: Stock,
    watch: Watch,
    synced: SyncedStock,
) -> tuple[Sight, SalesRate, Following | None]:
    """None where its units follow nobody's level. Raises VariantUnknown."""
    variant = catalogue.find_variant(merchant_id, variant_id)
    if variant is None:
        raise VariantUnknown(variant_id)
    source = variant.synced_from
    following = Following(source, synced.find(merchant_id, variant_id)) if source else None
    directory = stock.directory(merchant_id, variant_id, consistent=True)
    seen = look_at_stock(
        merchant_id, variant_id, directory, selling=True, now_ms=now_ms, stock=stock
    )
    rate = sales_rate(watch.watched(merchant_id, variant_id).levels, seen.level)
    return seen, rate, following
