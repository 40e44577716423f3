"""Place an order: price it, point it at stock, open its payment, write it once, hold its codes.

The order id derives from the Idempotency-Key, so repeating meets the same item. The payment is
opened before the order is written: a payment whose order was never written has no buyer who could
pay it, and a repeat opens the same one. Codes are held after it is written, so that none is ever
claimed for an order that nobody can find.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from scrip.domain.catalogue import Product, Variant, on_sale
from scrip.domain.directory import Directory
from scrip.domain.errors import (
    CurrencyMixed,
    FormMisfilled,
    IdempotencyKeyReused,
    MoveContended,
    Rejected,
    RequestInvalid,
    SoldOut,
    VariantHalted,
    VariantNotForSale,
)
from scrip.domain.fairness import hold_minutes, is_address, tags_of
from scrip.domain.form import NOTHING, Filled, check
from scrip.domain.goods import Supply
from scrip.domain.let_go import LetGo
from scrip.domain.line import Line, first_fates
from scrip.domain.merchant import Merchant
from scrip.domain.order import MAX_AMOUNT_MINOR, ExpiredOrder, Order, OrderMoved, PendingOrder
from scrip.domain.order_access import last_day_of, order_id_for, render_token
from scrip.domain.order_request import OrderRequest, Wanted
from scrip.domain.payment import OpenedPayment, Payer, PaymentRequest
from scrip.steps.claim import Chunks, OrderPointers, claim_lines
from scrip.steps.let_go import HoldStore, let_go

MINUTE_MS = 60_000
REUSED = IdempotencyKeyReused("use a fresh Idempotency-Key for another order")
TRIES = 8
"""Times the order may be found moved by somebody else before we ask to be sent again."""


class CatalogueReader(Protocol):
    def variants(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Variant]: ...
    def products(self, merchant_id: str, product_ids: Collection[str]) -> dict[str, Product]: ...


class Stock(Chunks, Protocol):
    def directories(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Directory]: ...


class OrderWriter(OrderPointers, Protocol):
    def place(self, order: PendingOrder) -> Order: ...
    def hold(self, order: PendingOrder) -> None: ...


class PaymentOpener(Protocol):
    @property
    def provider(self) -> str: ...
    def open_payment(self, request: PaymentRequest) -> OpenedPayment: ...
    def read_payment(self, request: PaymentRequest, reference: str) -> OpenedPayment: ...


class UnpaidHolds(Protocol):
    def counts(self, merchant_id: str, tags: Sequence[str], now_ms: int) -> dict[str, int]: ...


class Hold(NamedTuple):
    """Minutes, 0 for none; by whom it counts if it is not paid."""

    minutes: int
    tags: tuple[str, ...]


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
    stock: Stock,
    orders: OrderWriter,
    holds: HoldStore,
    unpaid: UnpaidHolds,
    gateway: PaymentOpener,
    reused: Rejected = REUSED,
) -> Placed:
    """`lucks`: a number in [0, 1) for each line, spreads orders over chunks. `reused`: what is
    raised where another order was placed under this key.

    Raises IdempotencyKeyReused, VariantNotForSale, VariantHalted, CurrencyMixed, RequestInvalid,
    FormMisfilled, SoldOut, PaymentProviderRefused, PaymentProviderUnavailable, StoreUnavailable,
    MoveContended.
    """
    order_id = order_id_for(order_key, request.idempotency_key)

    def placed(order: Order, payment: OpenedPayment | None, *, new: bool) -> Placed:
        if order.fingerprint != request.fingerprint():
            raise reused
        order = _hold(order, now_ms, lucks[0], stock, orders, holds)
        if payment is None and isinstance(order, PendingOrder):
            payment = gateway.read_payment(_to_pay(merchant, request, order), order.payment_ref)
        last_day = last_day_of(order.placed_at_ms, token_days)
        token = render_token(order_key, merchant.merchant_id, order.order_id, last_day)
        return Placed(order, token, payment, new)

    if known := orders.find(merchant.merchant_id, order_id, consistent=True):
        return placed(known, None, new=False)
    variants, products = _goods(merchant, request, catalogue)
    try:
        lines = _lines(merchant, request, variants, products, now_ms, lucks, stock)
    except SoldOut:
        # The same request, sent twice at once, may hold the last of it by now.
        if twin := orders.find(merchant.merchant_id, order_id, consistent=True):
            return placed(twin, None, new=False)
        raise
    hold = _hold_for(merchant, order_key, request, lines, variants, now_ms, unpaid)
    if not hold.minutes:
        lines = tuple(replace(line, held=False) for line in lines)
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
        expires_at_ms=now_ms + min(window_minutes, hold.minutes or window_minutes) * MINUTE_MS,
        whole=not all(variants[line.variant_id].partial for line in lines),
        tags=hold.tags if hold.minutes else (),
        provider=gateway.provider,
    )
    payment = gateway.open_payment(_to_pay(merchant, request, draft))
    order = draft.opened(payment.reference)
    stored = orders.place(order)
    same = stored.payment_ref == payment.reference
    return placed(stored, payment if same else None, new=stored == order)


def _to_pay(merchant: Merchant, request: OrderRequest, order: Order) -> PaymentRequest:
    return PaymentRequest(
        merchant_id=merchant.merchant_id,
        order_id=order.order_id,
        money=order.total,
        description=f"{merchant.name} {order.order_id}",
        return_url=request.return_url,
        expires_at_ms=order.expires_at_ms,
        method=request.paying.method,
        payer=Payer(request.paying.openid, request.buyer_ip),
    )


def _hold_for(
    merchant: Merchant,
    order_key: bytes,
    request: OrderRequest,
    lines: Sequence[Line],
    variants: dict[str, Variant],
    now_ms: int,
    unpaid: UnpaidHolds,
) -> Hold:
    """How long its codes are held, in fairness to others. Without any to hold it asks nobody."""
    minutes = [variants[line.variant_id].hold_minutes for line in lines if line.held]
    if not minutes:
        return Hold(0, ())
    tags = tags_of(order_key, request.email, request.channel, request.buyer_ip)
    counts = unpaid.counts(merchant.merchant_id, tags, now_ms)
    return Hold(hold_minutes(min(minutes), counts), tags)


def _hold(
    order: Order, now_ms: int, luck: float, stock: Stock, orders: OrderWriter, holds: HoldStore
) -> Order:
    """The order with its codes set aside. Raises SoldOut, MoveContended, StoreUnavailable."""
    for _ in range(TRIES):
        if isinstance(order, ExpiredOrder) and order.turned_away:
            raise SoldOut("stock could not hold it")
        if not isinstance(order, PendingOrder) or not order.hold_missing or order.due(now_ms):
            return order
        lines = [line for line in order.lines if line.held]
        try:
            held = claim_lines(order, lines, now_ms=now_ms, luck=luck, orders=orders, stock=stock)
            if not held.hold_missing:
                orders.hold(held)
                return held
            away = held.turn_away(now_ms)
            let_go(LetGo(held, away), now_ms=now_ms, orders=orders, holds=holds)
            order = away
        except OrderMoved as moved:
            order = moved.order
    raise MoveContended(order.order_id)


def _goods(
    merchant: Merchant, request: OrderRequest, catalogue: CatalogueReader
) -> tuple[dict[str, Variant], dict[str, Product]]:
    """What was asked for, and of which product each is, by variant id."""
    ids = list(dict.fromkeys(line.variant_id for line in request.lines))
    if request.buyer_ip and not is_address(request.buyer_ip):
        raise RequestInvalid("buyer_ip is no address")
    variants = catalogue.variants(merchant.merchant_id, ids)
    products = catalogue.products(
        merchant.merchant_id, {variant.product_id for variant in variants.values()}
    )
    for each in ids:
        if each not in variants or not on_sale(products[variants[each].product_id], variants[each]):
            raise VariantNotForSale(each)
        if variants[each].halted:
            raise VariantHalted(each)
    if len({variant.price.currency for variant in variants.values()}) > 1:
        raise CurrencyMixed(", ".join(sorted({v.price.currency for v in variants.values()})))
    goods = {each: products[v.product_id] for each, v in variants.items()}
    plain = [each.variant_id for each in request.lines if goods[each.variant_id].form is None]
    if len(set(plain)) < len(plain):
        raise RequestInvalid("a variant without a form stands in one line only")
    return variants, goods


def _lines(
    merchant: Merchant,
    request: OrderRequest,
    variants: dict[str, Variant],
    products: dict[str, Product],
    now_ms: int,
    lucks: Sequence[float],
    stock: Stock,
) -> tuple[Line, ...]:
    bounded = [each for each, v in variants.items() if v.supply is not Supply.UNLIMITED]
    directories = stock.directories(merchant.merchant_id, bounded)
    lines = []
    for number, (wanted, luck) in enumerate(zip(request.lines, lucks, strict=True)):
        variant, chunk, cap = variants[wanted.variant_id], None, 0
        product = products[wanted.variant_id]
        filled = _filled(product, number, wanted)
        if wanted.variant_id in directories:
            directory = directories[wanted.variant_id]
            chunk, cap = directory.choose(luck, now_ms), directory.cap
            if chunk is None:
                raise SoldOut(wanted.variant_id)
        lines.append(
            Line(
                number=number,
                variant_id=wanted.variant_id,
                quantity=wanted.quantity,
                unit_price=variant.price,
                chunk=chunk,
                held=chunk is not None and variant.hold_minutes > 0,
                kind=product.kind,
                cap=cap,
                filled=filled,
                fates=first_fates(product.kind, wanted.quantity),
            )
        )
    if sum(line.total.amount_minor for line in lines) > MAX_AMOUNT_MINOR:
        raise RequestInvalid(f"an order may cost at most {MAX_AMOUNT_MINOR}")
    return tuple(lines)


def _filled(product: Product, number: int, wanted: Wanted) -> Filled:
    """Raises FormMisfilled: of which line, which field, and why."""
    try:
        return check(product.form or NOTHING, wanted.filled)
    except FormMisfilled as error:
        raise FormMisfilled(f"line {number}: {error.detail}") from None
