"""Set how much of a variant's stock is on offer."""

from typing import Protocol

from scrip.domain.catalogue import Variant
from scrip.domain.errors import SupplyMismatch, VariantUnknown
from scrip.domain.goods import Supply
from scrip.domain.offer import Offer
from scrip.steps.offer import OfferedStock, offer


class VariantReader(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


def set_offer(
    merchant_id: str,
    variant_id: str,
    units: int | None,
    *,
    now_ms: int,
    catalogue: VariantReader,
    stock: OfferedStock,
) -> Offer:
    """`units` None: all that is in stock. Raises VariantUnknown, SupplyMismatch,
    StoreUnavailable."""
    variant = catalogue.find_variant(merchant_id, variant_id)
    if variant is None:
        raise VariantUnknown(variant_id)
    if variant.supply is Supply.UNLIMITED:
        raise SupplyMismatch("its supply is unlimited: make it counted and add units")
    return offer(merchant_id, variant_id, units, now_ms=now_ms, stock=stock)
