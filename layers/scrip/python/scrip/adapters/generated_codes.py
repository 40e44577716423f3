"""Keys and licences of an order: derived, put into the registry if they are not there, shown.

Nothing is written when an order is paid. Whoever first reads a unit registers its key; whoever dies
doing so, or reads it again, derives the same key and finds it registered as the same unit's.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.key_registry import KeyRegistry
from scrip.adapters.keys import Keys
from scrip.adapters.licence_keys import LicenceKeys
from scrip.adapters.merchant_keys import MerchantKeys
from scrip.adapters.signing import Signing
from scrip.adapters.tables import Table
from scrip.domain.activation import KeyRecord, mark_of
from scrip.domain.catalogue import Product
from scrip.domain.code import Code
from scrip.domain.errors import OrderNotReadable
from scrip.domain.generated_key import MAX_ATTEMPTS, Unit, licence_id_from, randomness_of
from scrip.domain.key_pattern import code_from, shown
from scrip.domain.licence import Licence, key_in_force, payload_of, render
from scrip.domain.line import Line
from scrip.domain.order import Order, SettledOrder
from scrip.domain.recipe import Recipe

AT_A_TIME = 16
"""Units registered at once: as many as the client has connections."""

Make = Callable[[bytes], str]
"""A key in its normal form, of an attempt's randomness."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a line's keys are made of."""

    product: Product
    recipe: Recipe
    generation_key: bytes
    registry_key: bytes
    until_ms: int


class GeneratedCodes:
    def __init__(
        self, catalogue: Catalogue, keys: Keys, merchants: Table, generated: Table
    ) -> None:
        self.catalogue = catalogue
        self.generation_keys = MerchantKeys(merchants, keys, "generation")
        self.registry_keys = MerchantKeys(merchants, keys, "registry")
        self.registry = KeyRegistry(generated)
        self.licence_keys = LicenceKeys(merchants)
        self.signing = Signing(keys)

    def open_line(self, order: Order, line: Line) -> list[Code]:
        """The keys of a line, unit by unit. Raises SealBroken, OrderNotReadable."""
        if not isinstance(order, SettledOrder):
            raise OrderNotReadable(f"the order is {order.state}")
        delivered_at_ms = order.codes_at_ms
        shelf = self._shelf(order.merchant_id, line.variant_id, delivered_at_ms)
        pattern = shelf.recipe.pattern
        if pattern is None:
            make = self._licences(order, line, shelf, delivered_at_ms)
        else:
            make = partial(code_from, pattern)
        units = [
            Unit(order.merchant_id, line.variant_id, order.order_id, line.number, unit)
            for unit in range(line.units_claimed)
        ]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            keys = pool.map(lambda unit: self._registered(unit, shelf, make), units)
            return [Code(shown(pattern, key) if pattern else key) for key in keys]

    def _registered(self, unit: Unit, shelf: Shelf, make: Make) -> str:
        for attempt in range(MAX_ATTEMPTS):
            key = make(randomness_of(shelf.generation_key, unit, attempt))
            record = KeyRecord(
                mark=mark_of(shelf.registry_key, key),
                product_id=shelf.product.product_id,
                variant_id=unit.variant_id,
                sold_as=unit.sold_as,
                until_ms=shelf.until_ms,
                seats={},
            )
            if self.registry.register(unit.merchant_id, record):
                return key
        raise RuntimeError(f"{MAX_ATTEMPTS} keys in a row were other units'")

    def _shelf(self, merchant_id: str, variant_id: str, delivered_at_ms: int) -> Shelf:
        variant = self.catalogue.variants(merchant_id, [variant_id])[variant_id]
        product = self.catalogue.products(merchant_id, [variant.product_id])[variant.product_id]
        recipe = product.recipe
        if recipe is None:
            raise RuntimeError(f"{product.product_id} makes no keys")
        return Shelf(
            product,
            recipe,
            self.generation_keys.of(merchant_id),
            self.registry_keys.of(merchant_id),
            recipe.until_ms(delivered_at_ms),
        )

    def _licences(self, order: Order, line: Line, shelf: Shelf, delivered_at_ms: int) -> Make:
        signing_key = key_in_force(self.licence_keys.of(order.merchant_id), delivered_at_ms)

        def make(randomness: bytes) -> str:
            licence = Licence(
                licence_id=licence_id_from(randomness),
                key_id=signing_key.key_id,
                product_id=shelf.product.product_id,
                variant_id=line.variant_id,
                holder=order.email,
                issued_at_ms=delivered_at_ms,
                until_ms=shelf.until_ms,
                features=shelf.recipe.features,
            )
            payload = payload_of(licence)
            return render(payload, self.signing.sign(order.merchant_id, signing_key, payload))

        return make
