"""Put and read products and variants."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
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
from scrip.domain.errors import (
    LimitReached,
    ProductUnknown,
    RequestInvalid,
    SupplyMismatch,
)
from scrip.domain.form import check_form
from scrip.domain.goods import BY_SUPPLIERS, SUPPLIES, Kind, Supply
from scrip.domain.route import check_routes
from scrip.domain.stock import ChunkRef

MAX_COUNTED = 64
"""Chunks of a variant that a list of products looks into, where a number is on offer: some 900
codes, or 2000 units."""


class Shelves(Protocol):
    def all(
        self, merchant_id: str, *, consistent: bool = False
    ) -> Sequence[tuple[Product, Sequence[Variant]]]: ...


class Catalogue(Shelves, Protocol):
    def put_product(self, product: Product) -> None: ...
    def put_variant(self, variant: Variant) -> Variant: ...


class SupplierAccounts(Protocol):
    def supplier(self, merchant_id: str, account: str) -> object:
        """Raises SupplierUnknown."""
        ...


class StockReader(Protocol):
    def directories(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Directory]: ...
    def free_codes(
        self,
        merchant_id: str,
        variant_id: str,
        chunks: Sequence[ChunkRef],
        *,
        consistent: bool = True,
    ) -> int: ...


def put_product(product: Product, *, catalogue: Catalogue) -> Shelf:
    """Raises RequestInvalid, ProductFixed, LimitReached. Several at once may pass the limit by as
    many: it guards reads."""
    _check_form(product)
    known = {shelf.product.product_id: shelf.variants for shelf in _shelves(product, catalogue)}
    if product.product_id not in known and len(known) >= MAX_PRODUCTS:
        raise LimitReached(f"at most {MAX_PRODUCTS} products")
    catalogue.put_product(product)
    return Shelf(product, known.get(product.product_id, ()))


def put_variant(
    variant: Variant,
    supply: Supply | None = None,
    *,
    accounts: SupplierAccounts,
    catalogue: Catalogue,
) -> Variant:
    """`supply` None: what is usual for the kind of its product.

    Raises ProductUnknown, VariantOfAnotherProduct, SupplyMismatch, SupplierUnknown,
    RequestInvalid, LimitReached.
    """
    shelves = _shelves(variant, catalogue)
    kinds = {shelf.product.product_id: shelf.product.kind for shelf in shelves}
    if variant.product_id not in kinds:
        raise ProductUnknown(variant.product_id)
    possible = SUPPLIES[kinds[variant.product_id]]
    if supply is not None and supply not in possible:
        raise SupplyMismatch(f"possible: {', '.join(each.value for each in possible)}")
    check_routes(kinds[variant.product_id], variant.routes)
    for account in {each.supplier for each in variant.routes}:
        accounts.supplier(variant.merchant_id, account)
    variant = replace(variant, supply=supply or possible[0])
    _check_source(variant, accounts)
    known = {each.variant_id for shelf in shelves for each in shelf.variants}
    if variant.variant_id not in known and len(known) >= MAX_VARIANTS:
        raise LimitReached(f"at most {MAX_VARIANTS} variants")
    return catalogue.put_variant(variant)


def _check_form(product: Product) -> None:
    if product.kind is Kind.TOP_UP and product.form is None:
        raise RequestInvalid("form: a product of kind top_up has one")
    if product.form is not None and product.kind not in BY_SUPPLIERS:
        raise RequestInvalid("form: goes with the kinds top_up and bought_code, and with no other")
    if product.form:
        check_form(product.form)


def _check_source(variant: Variant, accounts: SupplierAccounts) -> None:
    """Holds do not go with a supplier's level: it hears of a unit only once that is paid, so a hold
    is in no level, however long one waits, and would be sold a second time."""
    source = variant.synced_from
    if source is None:
        return
    accounts.supplier(variant.merchant_id, source.supplier)
    if variant.supply is not Supply.COUNTED:
        raise SupplyMismatch("only a counted variant follows a supplier's level")
    if variant.hold_minutes:
        raise RequestInvalid("hold_minutes must be 0 where a supplier's level is followed")


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
    merchant_id: str, *, now_ms: int, catalogue: Shelves, stock: StockReader
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

    def offer(variant: Variant) -> Offer:
        if variant.halted:
            return Offer(variant, in_stock=False)
        directory = directories.get(variant.variant_id)
        if directory is None or not directory.sells(now_ms):
            return Offer(variant, directory is None, 0 if directory and directory.cap else None)
        left = _left(variant, directory, now_ms, stock)
        return Offer(variant, left != 0, left)

    return [(product, [offer(variant) for variant in variants]) for product, variants in shelves]


def _left(variant: Variant, directory: Directory, now_ms: int, stock: StockReader) -> int | None:
    """What is left of a cap; None if there is none, or too much left to count it here."""
    chunks = list(islice(directory.on_sale(now_ms), MAX_COUNTED + 1)) if directory.cap else []
    if not chunks or len(chunks) > MAX_COUNTED:
        return None
    return stock.free_codes(variant.merchant_id, variant.variant_id, chunks, consistent=False)
