"""Put and read products and variants."""

from collections.abc import Sequence
from typing import Protocol

from scrip.domain.catalogue import Offer, Product, Shelf, Status, Variant, on_sale
from scrip.domain.errors import ProductUnknown
from scrip.domain.stock import Directory


class Catalogue(Protocol):
    def put_product(self, product: Product) -> None: ...
    def find_product(self, merchant_id: str, product_id: str) -> Product | None: ...
    def put_variant(self, variant: Variant) -> None: ...
    def all(self, merchant_id: str) -> Sequence[tuple[Product, Sequence[Variant]]]: ...


class StockReader(Protocol):
    def directories(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Directory]: ...


def put_product(product: Product, *, catalogue: Catalogue) -> Shelf:
    catalogue.put_product(product)
    return read_product(product.merchant_id, product.product_id, catalogue=catalogue)


def put_variant(variant: Variant, *, catalogue: Catalogue) -> Variant:
    """Raises ProductUnknown, VariantOfAnotherProduct."""
    if catalogue.find_product(variant.merchant_id, variant.product_id) is None:
        raise ProductUnknown(variant.product_id)
    catalogue.put_variant(variant)
    return variant


def list_shelves(merchant_id: str, *, catalogue: Catalogue) -> list[Shelf]:
    return [Shelf(*each) for each in catalogue.all(merchant_id)]


def read_product(merchant_id: str, product_id: str, *, catalogue: Catalogue) -> Shelf:
    """Raises ProductUnknown."""
    for shelf in list_shelves(merchant_id, catalogue=catalogue):
        if shelf.product.product_id == product_id:
            return shelf
    raise ProductUnknown(product_id)


def list_offers(
    merchant_id: str, *, catalogue: Catalogue, stock: StockReader
) -> list[tuple[Product, list[Offer]]]:
    """Active products with their active variants."""
    shelves = [
        (product, [v for v in variants if on_sale(product, v)])
        for product, variants in catalogue.all(merchant_id)
        if product.status is Status.ACTIVE
    ]
    ids = [variant.variant_id for _, variants in shelves for variant in variants]
    directories = stock.directories(merchant_id, ids)
    return [
        (product, [Offer(v, directories[v.variant_id].sells()) for v in variants])
        for product, variants in shelves
    ]
