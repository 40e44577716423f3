"""Put and read products and variants."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from scrip.domain.catalogue import (
    MAX_PRODUCTS,
    MAX_VARIANTS,
    Offer,
    Product,
    Shelf,
    Status,
    Variant,
    on_sale,
)
from scrip.domain.directory import Directory
from scrip.domain.errors import LimitReached, ProductUnknown, SupplyMismatch
from scrip.domain.goods import SUPPLIES, Supply


class Catalogue(Protocol):
    def put_product(self, product: Product) -> None: ...
    def put_variant(self, variant: Variant) -> None: ...
    def all(
        self, merchant_id: str, *, consistent: bool = False
    ) -> Sequence[tuple[Product, Sequence[Variant]]]: ...


class StockReader(Protocol):
    def directories(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Directory]: ...


def put_product(product: Product, *, catalogue: Catalogue) -> Shelf:
    """Raises ProductFixed, LimitReached. Several at once may pass the limit by as many: it guards
    reads."""
    known = {shelf.product.product_id: shelf.variants for shelf in _shelves(product, catalogue)}
    if product.product_id not in known and len(known) >= MAX_PRODUCTS:
        raise LimitReached(f"at most {MAX_PRODUCTS} products")
    catalogue.put_product(product)
    return Shelf(product, known.get(product.product_id, ()))


def put_variant(variant: Variant, supply: Supply | None = None, *, catalogue: Catalogue) -> Variant:
    """`supply` None: what is usual for the kind of its product.

    Raises ProductUnknown, VariantOfAnotherProduct, SupplyMismatch, LimitReached.
    """
    shelves = _shelves(variant, catalogue)
    kinds = {shelf.product.product_id: shelf.product.kind for shelf in shelves}
    if variant.product_id not in kinds:
        raise ProductUnknown(variant.product_id)
    possible = SUPPLIES[kinds[variant.product_id]]
    if supply is not None and supply not in possible:
        raise SupplyMismatch(f"possible: {', '.join(each.value for each in possible)}")
    variant = replace(variant, supply=supply or possible[0])
    known = {each.variant_id for shelf in shelves for each in shelf.variants}
    if variant.variant_id not in known and len(known) >= MAX_VARIANTS:
        raise LimitReached(f"at most {MAX_VARIANTS} variants")
    catalogue.put_variant(variant)
    return variant


def _shelves(about: Product | Variant, catalogue: Catalogue) -> list[Shelf]:
    return list_shelves(about.merchant_id, catalogue=catalogue)


def list_shelves(merchant_id: str, *, catalogue: Catalogue) -> list[Shelf]:
    return [Shelf(*each) for each in catalogue.all(merchant_id, consistent=True)]


def read_product(merchant_id: str, product_id: str, *, catalogue: Catalogue) -> Shelf:
    """Raises ProductUnknown."""
    for shelf in list_shelves(merchant_id, catalogue=catalogue):
        if shelf.product.product_id == product_id:
            return shelf
    raise ProductUnknown(product_id)


def list_offers(
    merchant_id: str, *, now_ms: int, catalogue: Catalogue, stock: StockReader
) -> list[tuple[Product, list[Offer]]]:
    """Active products with their active variants."""
    shelves = [
        (product, [v for v in variants if on_sale(product, v)])
        for product, variants in catalogue.all(merchant_id)
        if product.status is Status.ACTIVE
    ]
    bounded = [
        variant.variant_id
        for _, variants in shelves
        for variant in variants
        if variant.supply is not Supply.UNLIMITED
    ]
    directories = stock.directories(merchant_id, bounded)
    empty = {each for each, directory in directories.items() if not directory.sells(now_ms)}
    return [
        (product, [Offer(v, v.variant_id not in empty) for v in variants])
        for product, variants in shelves
    ]
