"""The catalogue as a reseller sees it: what it may sell, at its own prices."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from scrip.adapters.catalogue import Catalogue
from scrip.domain.catalogue import Product, Variant
from scrip.domain.resale_refusals import ResellerPaused
from scrip.domain.reseller import Reseller, Standing


class ResellerPrices:
    """Variants of another currency than its balance are not in it. None is held, for an order is
    paid as it is placed; and what stock cannot fill is not delivered at all."""

    def __init__(self, catalogue: Catalogue, reseller: Reseller) -> None:
        self.catalogue = catalogue
        self.reseller = reseller

    def variants(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Variant]:
        """For a new order. Raises ResellerPaused."""
        if self.reseller.standing is Standing.PAUSED:
            raise ResellerPaused(self.reseller.reseller_id)
        found = self.catalogue.variants(merchant_id, variant_ids)
        return {each.variant_id: each for each in self._priced(found.values())}

    def products(self, merchant_id: str, product_ids: Collection[str]) -> dict[str, Product]:
        return self.catalogue.products(merchant_id, product_ids)

    def all(
        self, merchant_id: str, *, consistent: bool = False
    ) -> list[tuple[Product, list[Variant]]]:
        found = self.catalogue.all(merchant_id, consistent=consistent)
        return [(product, self._priced(variants)) for product, variants in found]

    def _priced(self, variants: Iterable[Variant]) -> list[Variant]:
        return [
            replace(
                each,
                price=self.reseller.price(each.variant_id, each.price),
                hold_minutes=0,
                partial=False,
            )
            for each in variants
            if each.price.currency == self.reseller.currency
        ]
