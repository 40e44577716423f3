"""Ask a supplier whether it could charge what a buyer filled in, before anything is ordered.

Nobody depends on the answer, and no order waits because of the question: it is asked only while the
account's gate is open and nobody waits there, and what is no answer in time is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scrip.domain.catalogue import Product, Variant, on_sale
from scrip.domain.charge import Charge
from scrip.domain.errors import (
    SupplierAnswerInvalid,
    SupplierUnavailable,
    SupplierUnknown,
    TooManyRequests,
    VariantNotForSale,
)
from scrip.domain.form import NOTHING, check
from scrip.domain.precheck import UNKNOWN, Checked, Refusal, Result
from scrip.domain.rate import PER_API_KEY, Limit
from scrip.domain.supplier_terms import Terms


@dataclass(frozen=True, slots=True)
class Question:
    """`key_id`: the API key that asks."""

    merchant_id: str
    key_id: str
    variant_id: str
    filled: Mapping[str, str] = field(repr=False)


class Rates(Protocol):
    def take(self, merchant_id: str, kind: str, name: str, limit: Limit, now_ms: int) -> bool: ...


class Catalogue(Protocol):
    def variants(self, merchant_id: str, variant_ids: Sequence[str]) -> Mapping[str, Variant]: ...
    def products(self, merchant_id: str, product_ids: set[str]) -> Mapping[str, Product]: ...


class Prechecking(Protocol):
    @property
    def terms(self) -> Terms: ...
    def check(self, charge: Charge) -> Refusal | None: ...


class Suppliers(Protocol):
    def prechecking(self, merchant_id: str, account: str) -> Prechecking | None: ...


class Gates(Protocol):
    def spare(self, merchant_id: str, account: str, terms: Terms, now_ms: int) -> bool: ...


def check_top_up(
    asked: Question,
    *,
    now_ms: int,
    chance: str,
    rates: Rates,
    catalogue: Catalogue,
    suppliers: Suppliers,
    gates: Gates,
) -> Checked:
    """`chance`: 16 letters and digits. Raises TooManyRequests, VariantNotForSale, FormMisfilled,
    StoreUnavailable, SealBroken."""
    merchant_id = asked.merchant_id
    if not rates.take(merchant_id, "precheck", asked.key_id, PER_API_KEY, now_ms):
        told = f"{PER_API_KEY.hits} in {PER_API_KEY.seconds} seconds for one key"
        raise TooManyRequests(told, PER_API_KEY.seconds_left(now_ms))
    variant, product = _known(asked, catalogue)
    filled = check(product.form or NOTHING, asked.filled)
    if variant.halted:
        return Checked(Result.REFUSED, Refusal.GOOD)
    if not variant.routes:
        return UNKNOWN
    route = variant.routes[0]
    try:
        supplier = suppliers.prechecking(merchant_id, route.supplier)
        if supplier is None or not gates.spare(merchant_id, route.supplier, supplier.terms, now_ms):
            return UNKNOWN
        # No reference of an order's: those end with digits.
        reason = supplier.check(Charge(f"{chance}CHECKS", route.sku, dict(filled), route.worth))
    except (SupplierUnknown, SupplierUnavailable, SupplierAnswerInvalid):
        return UNKNOWN
    return Checked(Result.REFUSED, reason) if reason else Checked(Result.OK)


def _known(asked: Question, catalogue: Catalogue) -> tuple[Variant, Product]:
    """Raises VariantNotForSale."""
    variant = catalogue.variants(asked.merchant_id, [asked.variant_id]).get(asked.variant_id)
    if variant:
        product = catalogue.products(asked.merchant_id, {variant.product_id})[variant.product_id]
        if on_sale(product, variant):
            return variant, product
    raise VariantNotForSale(asked.variant_id)
