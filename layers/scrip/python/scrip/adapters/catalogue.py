"""Products and variants: one partition a merchant."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.catalogue import DEFAULT_REPLACE_DAYS, Product, Status, Variant
from scrip.domain.errors import ProductFixed, VariantOfAnotherProduct
from scrip.domain.form import Form
from scrip.domain.goods import Kind, Supply
from scrip.domain.key_pattern import Pattern
from scrip.domain.money import Money
from scrip.domain.recipe import Recipe
from scrip.domain.route import Route
from scrip.domain.stock_warning import Thresholds
from scrip.domain.synced_level import SyncedFrom

Makes = tuple[Pattern | None, tuple[str, ...], int]
"""What never changes of a recipe: kept as one text, so that a condition can compare it whole."""


class Catalogue:
    def __init__(self, table: Table) -> None:
        self.table = table

    def put_product(self, product: Product) -> None:
        """Raises ProductFixed: what was sold is read again by the kind and the recipe it had."""
        item = {
            **_product_key(product.merchant_id, product.product_id),
            "kind": product.kind.value,
            "title": product.title,
            "status": product.status.value,
        }
        condition, values = "attribute_not_exists(recipe)", {":kind": product.kind.value}
        if product.recipe:
            item |= _recipe_item(product.recipe)
            condition, values[":recipe"] = "recipe = :recipe", item["recipe"]
        if product.form:
            item["form"] = msgspec.json.encode(product.form).decode()
        try:
            self.table.put(
                item,
                condition=f"attribute_not_exists(pk) OR (kind = :kind AND {condition})",
                values=values,
            )
        except ConditionFailed as error:
            raise ProductFixed(product.product_id) from error

    def find_product(self, merchant_id: str, product_id: str) -> Product | None:
        item = self.table.get(_product_key(merchant_id, product_id))
        return _product(item) if item else None

    def put_variant(self, variant: Variant) -> None:
        """Raises VariantOfAnotherProduct: an id names one variant in the whole shop."""
        item = {
            **_variant_key(variant.merchant_id, variant.variant_id),
            "product_id": variant.product_id,
            "title": variant.title,
            "price_minor": variant.price.amount_minor,
            "currency": variant.price.currency,
            "hold_minutes": variant.hold_minutes,
            "partial": variant.partial,
            "replace_days": variant.replace_days,
            "supply": variant.supply.value,
            "warns": list(variant.thresholds),
            "status": variant.status.value,
        }
        if variant.synced_from:
            item["synced_from"] = list(variant.synced_from)
        if variant.routes:
            item["routes"] = [_route_item(each) for each in variant.routes]
        try:
            self.table.put(
                item,
                condition="attribute_not_exists(pk) OR product_id = :product",
                values={":product": variant.product_id},
            )
        except ConditionFailed as error:
            raise VariantOfAnotherProduct(variant.variant_id) from error

    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None:
        item = self.table.get(_variant_key(merchant_id, variant_id))
        return _variant(item) if item else None

    def variants(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Variant]:
        """The variants that exist, by id."""
        keys = [_variant_key(merchant_id, variant_id) for variant_id in variant_ids]
        found = (_variant(item) for item in self.table.get_many(keys))
        return {variant.variant_id: variant for variant in found}

    def products(self, merchant_id: str, product_ids: Collection[str]) -> dict[str, Product]:
        """The products that exist, by id."""
        keys = [_product_key(merchant_id, product_id) for product_id in product_ids]
        found = (_product(item) for item in self.table.get_many(keys))
        return {product.product_id: product for product in found}

    def all(
        self, merchant_id: str, *, consistent: bool = False
    ) -> list[tuple[Product, list[Variant]]]:
        """Every product with its variants, in the order of their ids."""
        items = list(self.table.query("pk = :pk", {":pk": merchant_id}, consistent=consistent))
        variants = [_variant(item) for item in items if item["sk"].startswith("variant#")]
        products = [_product(item) for item in items if item["sk"].startswith("product#")]
        return [
            (product, [v for v in variants if v.product_id == product.product_id])
            for product in products
        ]


def _product_key(merchant_id: str, product_id: str) -> Item:
    return {"pk": merchant_id, "sk": f"product#{product_id}"}


def _variant_key(merchant_id: str, variant_id: str) -> Item:
    return {"pk": merchant_id, "sk": f"variant#{variant_id}"}


def _product(item: Item) -> Product:
    return Product(
        merchant_id=item["pk"],
        product_id=item["sk"].removeprefix("product#"),
        kind=Kind(item["kind"]),
        title=item["title"],
        status=Status(item["status"]),
        recipe=_recipe(item) if "recipe" in item else None,
        form=msgspec.json.decode(item["form"], type=Form) if "form" in item else None,
    )


def _recipe_item(recipe: Recipe) -> Item:
    return {
        "recipe": msgspec.json.encode(recipe.makes).decode(),
        "activation_limit": recipe.activation_limit,
    }


def _recipe(item: Item) -> Recipe:
    pattern, features, days = msgspec.json.decode(item["recipe"], type=Makes)
    return Recipe(pattern, features, days, item["activation_limit"])


def _route_item(route: Route) -> list[str | int]:
    worth = route.worth
    return [route.supplier, route.sku, *((worth.amount_minor, worth.currency) if worth else ())]


def _route(item: list[Any]) -> Route:
    supplier, sku, *worth = item
    return Route(supplier, sku, Money(*worth) if worth else None)


def _variant(item: Item) -> Variant:
    return Variant(
        merchant_id=item["pk"],
        product_id=item["product_id"],
        variant_id=item["sk"].removeprefix("variant#"),
        title=item["title"],
        price=Money(item["price_minor"], item["currency"]),
        status=Status(item["status"]),
        hold_minutes=item["hold_minutes"],
        partial=item["partial"],
        replace_days=item.get("replace_days", DEFAULT_REPLACE_DAYS),
        supply=Supply(item["supply"]),
        thresholds=Thresholds(*item.get("warns", ())),
        synced_from=SyncedFrom(*item["synced_from"]) if "synced_from" in item else None,
        routes=tuple(_route(each) for each in item.get("routes", ())),
    )
