"""The merchant looks at a key that its buyer names, and frees seats of devices that are gone."""

from typing import Protocol

from scrip.domain.activation import KeyRecord, mark_of
from scrip.domain.catalogue import Product
from scrip.domain.errors import GeneratedKeyUnknown, ProductUnknown
from scrip.domain.generated_key import read_key


class ProductReader(Protocol):
    def find_product(self, merchant_id: str, product_id: str) -> Product | None: ...


class RegistryKeys(Protocol):
    def of(self, merchant_id: str) -> bytes: ...


class Registry(Protocol):
    def find(self, merchant_id: str, mark: str) -> KeyRecord | None: ...
    def free_seats(self, merchant_id: str, mark: str) -> KeyRecord: ...


def find_key(
    merchant_id: str,
    product_id: str,
    typed: str,
    *,
    catalogue: ProductReader,
    registry_keys: RegistryKeys,
    registry: Registry,
) -> KeyRecord:
    """Raises ProductUnknown, KeyMistyped, GeneratedKeyUnknown."""
    product = catalogue.find_product(merchant_id, product_id)
    if product is None or product.recipe is None:
        raise ProductUnknown(product_id)
    code = read_key(product.recipe, product_id, typed)
    record = registry.find(merchant_id, mark_of(registry_keys.of(merchant_id), code))
    if record is None or record.product_id != product_id:
        raise GeneratedKeyUnknown(product_id)
    return record


def free_seats(
    merchant_id: str,
    product_id: str,
    typed: str,
    *,
    catalogue: ProductReader,
    registry_keys: RegistryKeys,
    registry: Registry,
) -> KeyRecord:
    """The key with no device on it. Raises ProductUnknown, KeyMistyped, GeneratedKeyUnknown."""
    record = find_key(
        merchant_id,
        product_id,
        typed,
        catalogue=catalogue,
        registry_keys=registry_keys,
        registry=registry,
    )
    return registry.free_seats(merchant_id, record.mark)
