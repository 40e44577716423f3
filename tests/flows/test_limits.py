"""A merchant has a number of products, variants and keys that one answer can list."""

from dataclasses import dataclass, field

import pytest

from scrip.domain.api_key import MAX_KEYS, ApiKey, Scope
from scrip.domain.catalogue import MAX_PRODUCTS, MAX_VARIANTS, Product, Status, Variant
from scrip.domain.errors import LimitReached, ProductUnknown
from scrip.domain.goods import Kind
from scrip.domain.money import Money
from scrip.flows.manage_catalogue import put_product, put_variant
from scrip.flows.manage_keys import issue_key
from tests.domain.making import NOW_MS


@dataclass
class Shop:
    products: dict[str, Product] = field(default_factory=dict)
    variants: dict[str, Variant] = field(default_factory=dict)
    issued: list[ApiKey] = field(default_factory=list)

    def put_product(self, product: Product) -> None:
        self.products[product.product_id] = product

    def put_variant(self, variant: Variant) -> Variant:
        self.variants[variant.variant_id] = variant
        return variant

    def all(
        self, merchant_id: str, *, consistent: bool = False
    ) -> list[tuple[Product, list[Variant]]]:
        assert consistent, "what was put a moment ago must count"
        return [
            (product, [v for v in self.variants.values() if v.product_id == product.product_id])
            for product in self.products.values()
        ]

    def add_key(self, key: ApiKey) -> None:
        self.issued.append(key)

    def keys(self, merchant_id: str) -> list[ApiKey]:
        return self.issued

    def supplier(self, merchant_id: str, account: str) -> object:
        raise NotImplementedError

    def remove_key(self, merchant_id: str, key_id: str) -> ApiKey:
        raise NotImplementedError


def product(number: int, title: str = "Card") -> Product:
    return Product("demo", f"card-{number}", Kind.CODE_POOL, title, Status.ACTIVE)


def variant(number: int, product_id: str = "card-0", title: str = "50") -> Variant:
    return Variant("demo", product_id, f"v-{number}", title, Money(100, "EUR"), Status.ACTIVE)


def test_one_product_too_many_is_refused_and_known_ones_are_not() -> None:
    shop = Shop({f"card-{n}": product(n) for n in range(MAX_PRODUCTS)})

    with pytest.raises(LimitReached):
        put_product(product(MAX_PRODUCTS), catalogue=shop)
    put_product(product(7, "New title"), catalogue=shop)

    assert len(shop.products) == MAX_PRODUCTS
    assert shop.products["card-7"].title == "New title"


def test_one_variant_too_many_is_refused_and_known_ones_are_not() -> None:
    shop = Shop({"card-0": product(0)}, {f"v-{n}": variant(n) for n in range(MAX_VARIANTS)})

    with pytest.raises(LimitReached):
        put_variant(variant(MAX_VARIANTS), accounts=shop, catalogue=shop)
    put_variant(variant(7, title="60"), accounts=shop, catalogue=shop)

    assert len(shop.variants) == MAX_VARIANTS
    assert shop.variants["v-7"].title == "60"


def test_a_variant_needs_its_product() -> None:
    shop = Shop({"card-0": product(0)})

    with pytest.raises(ProductUnknown):
        put_variant(variant(0, "card-1"), accounts=shop, catalogue=shop)


def test_a_product_that_is_put_again_keeps_its_variants() -> None:
    shop = Shop({"card-0": product(0)}, {"v-1": variant(1)})

    assert put_product(product(0, "New"), catalogue=shop) == (product(0, "New"), [variant(1)])


def test_one_key_too_many_is_refused() -> None:
    shop = Shop()
    for number in range(MAX_KEYS):
        shop.add_key(ApiKey("demo", f"key{number:05}", Scope.OPERATOR, "l", b"", NOW_MS))

    with pytest.raises(LimitReached):
        issue_key(
            "demo",
            Scope.OPERATOR,
            "label",
            key_id="key99999",
            secret="s" * 32,
            now_ms=NOW_MS,
            keys=shop,
        )

    assert len(shop.issued) == MAX_KEYS
