"""Before a product may sell generated keys: its recipe is sound, its merchant can make them.

Who reads an order finds all of it there, and so may make nothing.
"""

from collections.abc import Sequence
from typing import Protocol

from scrip.domain.catalogue import Product
from scrip.domain.errors import RequestInvalid
from scrip.domain.goods import Kind
from scrip.domain.licence import SigningKey
from scrip.domain.rate import PER_MERCHANT
from scrip.domain.recipe import check_recipe


class OwnKeys(Protocol):
    def ensure(self, merchant_id: str) -> bytes: ...


class LicenceKeys(Protocol):
    def of(self, merchant_id: str) -> Sequence[SigningKey]: ...
    def add(self, merchant_id: str, key: SigningKey) -> SigningKey: ...


class Signing(Protocol):
    def new_key(self, merchant_id: str, number: int, from_ms: int) -> SigningKey: ...


def prepare_keys(
    product: Product,
    *,
    accept_weak: bool,
    generation_keys: OwnKeys,
    registry_keys: OwnKeys,
    licence_keys: LicenceKeys,
    signing: Signing,
) -> None:
    """Nothing to do for a product of another kind. Raises RequestInvalid, PatternWeak."""
    recipe, merchant_id = product.recipe, product.merchant_id
    if (product.kind is Kind.GENERATED_KEY) != (recipe is not None):
        raise RequestInvalid("generated: goes with the kind generated_key, and with no other")
    if recipe is None:
        return
    check_recipe(recipe, accept_weak=accept_weak, guesses_per_second=PER_MERCHANT.per_second)
    generation_keys.ensure(merchant_id)
    registry_keys.ensure(merchant_id)
    if recipe.pattern is None and not licence_keys.of(merchant_id):
        licence_keys.add(merchant_id, signing.new_key(merchant_id, 1, 0))
