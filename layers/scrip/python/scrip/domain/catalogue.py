"""What is for sale: products and their variants."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from scrip.domain.form import Form
from scrip.domain.goods import Kind, Supply
from scrip.domain.money import Money
from scrip.domain.recipe import Recipe
from scrip.domain.route import USUAL, Halt, Route, Routing
from scrip.domain.stock_warning import DEFAULTS, Thresholds
from scrip.domain.synced_level import SyncedFrom

MAX_HOLD_MINUTES = 24 * 60
MAX_UNITS_ADDED = 100_000
"""By one request: some 3000 chunks, written in a few seconds."""

DEFAULT_REPLACE_DAYS = 30
MAX_REPLACE_DAYS = 3650
MAX_PRODUCTS = 500
MAX_VARIANTS = 2000
"""Of one merchant. A storefront reads them all at once: about 300 KB at this limit."""


class Status(Enum):
    ACTIVE = "active"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Product:
    """`recipe`: how its keys are made, where its kind is `generated_key`. `form`: what its buyer
    fills in, where its kind is `top_up`, or `bought_code` and its supplier asks for something."""

    merchant_id: str
    product_id: str
    kind: Kind
    title: str
    status: Status
    recipe: Recipe | None = None
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A denomination or period of a product. Its id is unique within the merchant.

    `hold_minutes`: codes are set aside when the order is placed, for that long; 0: they are claimed
    when it is paid. `partial`: an order that stock cannot fill is delivered as far as it goes and
    the rest is refunded; else nothing is delivered and all is refunded. `replace_days`: how long
    after its delivery a bad code may be replaced; 0: never. `thresholds`: when its merchant is
    warned. `synced_from`: whose level its units follow, None where its merchant adds them.
    `routes`: who can deliver it, where its kind is `top_up` or `bought_code`, and `routing`: which
    of them is tried first. `halt`: none of them can, or could.
    """

    merchant_id: str
    product_id: str
    variant_id: str
    title: str
    price: Money
    status: Status
    hold_minutes: int = 0
    partial: bool = True
    replace_days: int = DEFAULT_REPLACE_DAYS
    supply: Supply = Supply.CODES
    thresholds: Thresholds = DEFAULTS
    synced_from: SyncedFrom | None = None
    routes: tuple[Route, ...] = ()
    routing: Routing = USUAL
    halt: Halt | None = None

    @property
    def halted(self) -> bool:
        """Nobody could deliver it: it is not sold for now."""
        return self.halt is not None and bool(self.halt.why)


def on_sale(product: Product, variant: Variant) -> bool:
    """Pausing a product takes all of its variants off sale."""
    return product.status is Status.ACTIVE and variant.status is Status.ACTIVE


class Shelf(NamedTuple):
    """A product with its variants."""

    product: Product
    variants: Sequence[Variant]


class Offer(NamedTuple):
    """A variant on sale; `in_stock` was true a moment ago, and so was what is `left` of a cap: None
    without one, and while that is very much."""

    variant: Variant
    in_stock: bool
    left: int | None = None
