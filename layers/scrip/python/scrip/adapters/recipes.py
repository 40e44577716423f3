"""Products whose keys are generated, kept for a minute: each request about a key asks for one."""

import time
from collections.abc import Callable
from typing import NamedTuple

from scrip.adapters.catalogue import Catalogue
from scrip.domain.recipe import Recipe

KEEP_SECONDS = 60
KEPT = 500


class _Kept(NamedTuple):
    recipe: Recipe
    until: float


class Recipes:
    """A changed activation limit takes up to a minute to be known everywhere."""

    def __init__(self, catalogue: Catalogue, clock: Callable[[], float] = time.monotonic) -> None:
        self.catalogue = catalogue
        self.clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}

    def of(self, merchant_id: str, product_id: str) -> Recipe | None:
        """None where there is no such product, or its keys are not made by a recipe."""
        name = (merchant_id, product_id)
        kept = self._kept.get(name)
        if kept and kept.until > self.clock():
            return kept.recipe
        product = self.catalogue.find_product(merchant_id, product_id)
        if product is None or product.recipe is None:
            return None
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[name] = _Kept(product.recipe, self.clock() + KEEP_SECONDS)
        return product.recipe
