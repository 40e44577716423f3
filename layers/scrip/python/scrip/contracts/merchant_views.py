"""What the merchant's bodies say of catalogue, stock, orders and keys, and what they ask."""

from collections.abc import Sequence

from scrip.contracts.generated import generated_view, recipe_of
from scrip.contracts.merchant import (
    CodesImported,
    KeyView,
    MerchantOrderView,
    OrdersPage,
    ProductsView,
    ProductView,
    PutProduct,
    PutVariant,
    VariantOfProductPath,
    VariantView,
)
from scrip.contracts.merchant_disputes import dispute_views
from scrip.contracts.merchant_refunds import refund_views
from scrip.contracts.merchant_strays import stray_views
from scrip.contracts.merchant_synced import source_of, source_view
from scrip.contracts.storefront_views import order_view
from scrip.contracts.top_up import (
    form_fields,
    form_of,
    routes_of,
    routing_of,
    routing_view,
    supplier_routes,
)
from scrip.domain.api_key import ApiKey
from scrip.domain.catalogue import Product, Shelf, Status, Variant
from scrip.domain.goods import Kind, Supply
from scrip.domain.money import Money
from scrip.domain.order import OrderRecord
from scrip.domain.payment import Payment
from scrip.domain.stock import Batch
from scrip.domain.stock_warning import Thresholds


def product(merchant_id: str, product_id: str, body: PutProduct) -> Product:
    return Product(
        merchant_id=merchant_id,
        product_id=product_id,
        kind=Kind(body.kind),
        title=body.title,
        status=Status(body.status),
        recipe=recipe_of(body.generated),
        form=form_of(body.form),
    )


def accepts_weak(body: PutProduct) -> bool:
    return body.generated is not None and body.generated.accept_weak


def variant(merchant_id: str, path: VariantOfProductPath, body: PutVariant) -> Variant:
    return Variant(
        merchant_id=merchant_id,
        product_id=path.product_id,
        variant_id=path.variant_id,
        title=body.title,
        price=Money(body.price_minor, body.currency),
        status=Status(body.status),
        hold_minutes=body.hold_minutes,
        partial=body.partial,
        thresholds=Thresholds(body.warn_days, body.low_stock, body.low_days),
        replace_days=body.replace_days,
        synced_from=source_of(body.synced_from),
        routes=routes_of(body.routes),
        routing=routing_of(body.routing),
    )


def supply(body: PutVariant) -> Supply | None:
    return Supply(body.supply) if body.supply else None


def variant_view(variant: Variant) -> VariantView:
    return VariantView(
        variant.product_id,
        variant.variant_id,
        variant.title,
        variant.price.amount_minor,
        variant.price.currency,
        variant.status.value,
        variant.hold_minutes,
        variant.partial,
        variant.replace_days,
        variant.supply.value,
        *variant.thresholds,
        source_view(variant),
        supplier_routes(variant.routes),
        routing_view(variant.routes, variant.routing),
        [why.value for why in variant.halt.why] if variant.halt else [],
    )


def product_view(shelf: Shelf) -> ProductView:
    return ProductView(
        shelf.product.product_id,
        shelf.product.title,
        shelf.product.kind.value,
        shelf.product.status.value,
        [variant_view(each) for each in shelf.variants],
        generated_view(shelf.product.recipe),
        form_fields(shelf.product.form),
    )


def products_view(shelves: Sequence[Shelf]) -> ProductsView:
    return ProductsView([product_view(shelf) for shelf in shelves])


def codes_imported(batch: Batch, duplicates: int) -> CodesImported:
    return CodesImported(batch.batch_id, batch.codes, duplicates, len(batch.known))


def merchant_order_view(record: OrderRecord) -> MerchantOrderView:
    order = record.order
    seen = order_view(record)
    payment: Payment | None = getattr(order, "payment", None)
    return MerchantOrderView(
        order_id=seen.order_id,
        state=seen.state,
        amount_minor=seen.amount_minor,
        currency=seen.currency,
        email=order.email,
        lines=seen.lines,
        placed_at_ms=seen.placed_at_ms,
        expires_at_ms=seen.expires_at_ms,
        payment_ref=order.payment_ref,
        transaction_id=payment.transaction_id if payment else None,
        delivered_at_ms=seen.delivered_at_ms,
        refund_due_minor=seen.refund_due_minor,
        refunded_minor=seen.refunded_minor,
        refunds=refund_views(record.refunds),
        stray_payments=stray_views(record),
        frozen=order.frozen,
        disputes=dispute_views(record.disputes),
    )


def orders_page(records: Sequence[OrderRecord], next_cursor: str | None) -> OrdersPage:
    return OrdersPage([merchant_order_view(record) for record in records], next_cursor)


def key_view(key: ApiKey) -> KeyView:
    return KeyView(key.key_id, key.scope.value, key.label, key.created_at_ms, key.issued_by or None)
