"""Products and variants: one partition a merchant."""

from collections.abc import Collection, Sequence
from itertools import chain
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
from scrip.domain.route import USUAL, Barred, Halt, Preference, Route, Routing
from scrip.domain.stock_warning import Thresholds
from scrip.domain.synced_level import SyncedFrom

OPTIONAL = ("synced_from", "routes", "routing")
"""Of a variant's item."""

JUDGED = ("price_minor", "currency", "routes", "routing")
"""Of it, what decides whether somebody can deliver it."""

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

    def put_variant(self, variant: Variant) -> Variant:
        """As it is kept now: whether its sale is halted is not its merchant's to say, and stays.
        Raises VariantOfAnotherProduct: an id names one variant in the whole shop."""
        item = _variant_item(variant)
        absent = [name for name in OPTIONAL if name not in item]
        removed = ", ".join(f"#{name}" for name in absent)
        try:
            kept = self.table.update(
                _variant_key(variant.merchant_id, variant.variant_id),
                "SET "
                + ", ".join(f"#{name} = :{name}" for name in item)
                + (f" REMOVE {removed}" if removed else ""),
                names={f"#{name}": name for name in chain(item, absent)},
                values={f":{name}": value for name, value in item.items()},
                condition="attribute_not_exists(pk) OR product_id = :product_id",
                returns="ALL_NEW",
            )
        except ConditionFailed as error:
            raise VariantOfAnotherProduct(variant.variant_id) from error
        return _variant(kept)

    def set_halt(self, seen: Variant, halt: Halt | None) -> Variant | None:
        """As it is kept now. None if what it was judged by is not as it was seen: its merchant or
        another run was at it."""
        item, wanted = _variant_item(seen), _halt_item(halt)
        judged = {name: item[name] for name in JUDGED if name in item}
        if seen.halt:
            judged["halt"] = _halt_item(seen.halt)
        absent = [name for name in (*JUDGED, "halt") if name not in judged]
        try:
            kept = self.table.update(
                _variant_key(seen.merchant_id, seen.variant_id),
                "SET halt = :wanted" if wanted else "REMOVE halt",
                condition=" AND ".join(
                    [
                        "attribute_exists(pk)",
                        *(f"#{name} = :{name}" for name in judged),
                        *(f"attribute_not_exists(#{name})" for name in absent),
                    ]
                ),
                names={f"#{name}": name for name in chain(judged, absent)},
                values={f":{name}": value for name, value in judged.items()}
                | ({":wanted": wanted} if wanted else {}),
                returns="ALL_NEW",
            )
        except ConditionFailed as error:
            kept = error.item or {}
            if kept.get("halt") != wanted:
                return None
            # It was this very write, its answer lost and repeated.
        return _variant(kept)

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


def _route_item(route: Route) -> list[str | int | None]:
    """[supplier, sku], with worth [.., amount, currency], with the most it may cost two more."""
    amounts = [
        part
        for money in (route.worth, route.max_cost)
        for part in ((money.amount_minor, money.currency) if money else (None, None))
    ]
    while amounts and amounts[-1] is None:
        amounts.pop()
    return [route.supplier, route.sku, *amounts]


def _route(item: list[Any]) -> Route:
    supplier, sku, *amounts = item
    return Route(supplier, sku, _money(amounts[:2]), _money(amounts[2:]))


def _money(item: list[Any]) -> Money | None:
    return Money(*item) if item and item[0] is not None else None


def _variant_item(variant: Variant) -> Item:
    """What its merchant says of it."""
    item: Item = {
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
    if variant.routing != USUAL:
        item["routing"] = [variant.routing.preference.value, variant.routing.margin_percent]
    return item


def _halt_item(halt: Halt | None) -> list[Any] | None:
    return [[why.value for why in halt.why], halt.since_ms, halt.told] if halt else None


def _routing(item: Item) -> Routing:
    if "routing" not in item:
        return USUAL
    preference, margin_percent = item["routing"]
    return Routing(Preference(preference), margin_percent)


def _halt(item: Item) -> Halt | None:
    if "halt" not in item:
        return None
    why, since_ms, told = item["halt"]
    return Halt(tuple(map(Barred, why)), since_ms, told)


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
        routing=_routing(item),
        halt=_halt(item),
    )
