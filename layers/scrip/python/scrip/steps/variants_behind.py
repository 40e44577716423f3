"""Walk over all variants of all merchants, in an order that a mark can stand in."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from scrip.domain.catalogue import Product, Variant
from scrip.domain.stock_warning import Place


class Merchants(Protocol):
    def ids(self) -> Iterable[str]: ...


class Catalogue(Protocol):
    def all(
        self, merchant_id: str, *, consistent: bool = False
    ) -> Sequence[tuple[Product, Sequence[Variant]]]: ...


def variants_behind(
    mark: Place, *, merchants: Merchants, catalogue: Catalogue
) -> Iterator[tuple[str, list[tuple[Product, Variant]]]]:
    """Each merchant's variants that lie behind the mark, by their ids."""
    for merchant_id in sorted(each for each in merchants.ids() if each >= mark.merchant_id):
        found = [
            (product, variant)
            for product, variants in catalogue.all(merchant_id)
            for variant in variants
            if (merchant_id, variant.variant_id) > mark
        ]
        yield merchant_id, sorted(found, key=lambda each: each[1].variant_id)
