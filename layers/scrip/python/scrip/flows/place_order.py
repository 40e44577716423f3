"""Place an order: price it, point it at stock, open its payment, then write it once.

The order id derives from the Idempotency-Key, so repeating meets the same item. The payment is
opened before the order is written: a payment whose order was never written has no buyer who could
pay it, and a repeat opens the same one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from scrip.domain.catalogue import Product, Variant, on_sale
from scrip.domain.errors import (
    CurrencyMixed,
    IdempotencyKeyReused,
    RequestInvalid,
    SoldOut,
    VariantNotForSale,
)
from scrip.domain.merchant import Merchant
from scrip.domain.order import MAX_AMOUNT_MINOR, Line, Order, PendingOrder
from scrip.domain.order_access import last_day_of, order_id_for, render_token
from scrip.domain.order_request import OrderRequest
from scrip.domain.payment import OpenedPayment, PaymentRequest
from scrip.domain.stock import Directory

MINUTE_MS = 60_000


class CatalogueReader(Protocol):
    def variants(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Variant]: ...
    def products(self, merchant_id: str, product_ids: Collection[str]) -> dict[str, Product]: ...


class StockReader(Protocol):
    def directories(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Directory]: ...


class OrderWriter(Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...
    def place(self, order: PendingOrder) -> Order: ...


class PaymentOpener(Protocol):
    @property
    def provider(self) -> str: ...
    def open_payment(self, request: PaymentRequest) -> OpenedPayment: ...
    def read_payment(self, reference: str) -> OpenedPayment: ...


@dataclass(frozen=True, slots=True)
class Placed:
    """`payment` is None once the order can no longer be paid. `new`: written by this very call."""

    order: Order
    token: str
    payment: OpenedPayment | None
    new: bool


def place_order(
    merchant: Merchant,
    order_key: bytes,
    request: OrderRequest,
    *,
    now_ms: int,
    lucks: Sequence[float],
    window_minutes: int,
    token_days: int,
    catalogue: CatalogueReader,
    stock: StockReader,
    orders: OrderWriter,
    gateway: PaymentOpener,
) -> Placed:
    """`lucks`: a number in [0, 1) for each line, spreads orders over chunks.

    Raises IdempotencyKeyReused, VariantNotForSale, CurrencyMixed, RequestInvalid, SoldOut,
    PaymentProviderRefused, PaymentProviderUnavailable, StoreUnavailable.
    """
    order_id = order_id_for(order_key, request.idempotency_key)

    def placed(order: Order, payment: OpenedPayment | None, *, new: bool) -> Placed:
        if order.fingerprint != request.fingerprint():
            raise IdempotencyKeyReused("use a fresh Idempotency-Key for another order")
        if payment is None and isinstance(order, PendingOrder):
            payment = gateway.read_payment(order.payment_ref)
        last_day = last_day_of(order.placed_at_ms, token_days)
        token = render_token(order_key, merchant.merchant_id, order.order_id, last_day)
        return Placed(order, token, payment, new)

    known = orders.find(merchant.merchant_id, order_id, consistent=True)
    if known is not None:
        return placed(known, None, new=False)
    lines = _price(merchant, request, lucks, catalogue, stock)
    draft = PendingOrder(
        merchant_id=merchant.merchant_id,
        order_id=order_id,
        lines=lines,
        email=request.email,
        locale=request.locale or merchant.locale,
        payment_ref="",
        fingerprint=request.fingerprint(),
        trace_id=request.trace_id,
        placed_at_ms=now_ms,
        expires_at_ms=now_ms + window_minutes * MINUTE_MS,
    )
    payment = gateway.open_payment(
        PaymentRequest(
            merchant_id=merchant.merchant_id,
            order_id=order_id,
            money=draft.total,
            description=f"{merchant.name} {order_id}",
            return_url=request.return_url,
        )
    )
    order = draft.opened(payment.reference)
    stored = orders.place(order)
    same = stored.payment_ref == payment.reference
    return placed(stored, payment if same else None, new=stored == order)


def _price(
    merchant: Merchant,
    request: OrderRequest,
    lucks: Sequence[float],
    catalogue: CatalogueReader,
    stock: StockReader,
) -> tuple[Line, ...]:
    ids = [line.variant_id for line in request.lines]
    if len(set(ids)) != len(ids):
        raise RequestInvalid("a variant stands in one line only")
    variants = catalogue.variants(merchant.merchant_id, ids)
    products = catalogue.products(
        merchant.merchant_id, {variant.product_id for variant in variants.values()}
    )
    for each in ids:
        if each not in variants or not on_sale(products[variants[each].product_id], variants[each]):
            raise VariantNotForSale(each)
    if len({variant.price.currency for variant in variants.values()}) > 1:
        raise CurrencyMixed(", ".join(sorted({v.price.currency for v in variants.values()})))
    directories = stock.directories(merchant.merchant_id, ids)
    lines = []
    for number, (wanted, luck) in enumerate(zip(request.lines, lucks, strict=True)):
        chunk = directories[wanted.variant_id].choose(luck)
        if chunk is None:
            raise SoldOut(wanted.variant_id)
        price = variants[wanted.variant_id].price
        lines.append(Line(number, wanted.variant_id, wanted.quantity, price, chunk))
    if sum(line.total.amount_minor for line in lines) > MAX_AMOUNT_MINOR:
        raise RequestInvalid(f"an order may cost at most {MAX_AMOUNT_MINOR}")
    return tuple(lines)
