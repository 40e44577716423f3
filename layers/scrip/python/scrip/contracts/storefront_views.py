"""What the storefront's bodies say of orders and goods, and what they ask."""

from collections.abc import Sequence

from msgspec import UNSET

from scrip.contracts.storefront import (
    OrderedLine,
    OrderPlaced,
    OrderView,
    PaymentToMake,
    PlaceOrder,
    ProductOnSale,
    ProductsOnSale,
    RevealedCode,
    RevealedCodes,
    VariantOnSale,
)
from scrip.contracts.top_up import FateName, form_fields
from scrip.domain.catalogue import Offer, Product
from scrip.domain.code import Code
from scrip.domain.line import CHARGED, Fate, Line
from scrip.domain.order import FulfillingOrder, Order, OrderRecord, SettledOrder
from scrip.domain.order_request import OrderRequest, Paying, Wanted
from scrip.domain.owed import refunded_minor
from scrip.domain.payment import OpenedPayment


def order_request(
    body: PlaceOrder, idempotency_key: str, trace_id: str, channel: str
) -> OrderRequest:
    return OrderRequest(
        idempotency_key=idempotency_key,
        lines=tuple(Wanted(each.variant_id, each.quantity, each.filled) for each in body.lines),
        email=body.email,
        locale=body.locale,
        return_url=body.return_url,
        trace_id=trace_id,
        channel=channel,
        buyer_ip=body.buyer_ip,
        paying=Paying(body.provider, body.method, body.payer_openid),
    )


def products_on_sale(offers: Sequence[tuple[Product, Sequence[Offer]]]) -> ProductsOnSale:
    return ProductsOnSale(
        [
            ProductOnSale(
                product.product_id,
                product.kind.value,
                product.title,
                [
                    VariantOnSale(
                        variant.variant_id,
                        variant.title,
                        variant.price.amount_minor,
                        variant.price.currency,
                        in_stock,
                        left,
                    )
                    for variant, in_stock, left in variants
                ],
                form_fields(product.form),
            )
            for product, variants in offers
        ]
    )


def ordered_lines(order: Order) -> list[OrderedLine]:
    return [
        OrderedLine(
            line.number,
            line.variant_id,
            line.quantity,
            line.unit_price.amount_minor,
            line.units_claimed,
            dict(line.filled),
            [told_as(fate) for fate in line.fates],
            list(line.receipts),
        )
        for line in order.lines
    ]


def order_view(record: OrderRecord) -> OrderView:
    order = record.order
    return OrderView(
        order_id=order.order_id,
        state=order.state,
        amount_minor=order.total.amount_minor,
        currency=order.total.currency,
        lines=ordered_lines(order),
        placed_at_ms=order.placed_at_ms,
        expires_at_ms=order.expires_at_ms,
        delivered_at_ms=_delivered_at_ms(order),
        refund_due_minor=order.owed_minor if isinstance(order, SettledOrder) else 0,
        refunded_minor=refunded_minor(record),
    )


def _delivered_at_ms(order: Order) -> int | None:
    """None as long as something of it is under way."""
    if not isinstance(order, SettledOrder) or isinstance(order, FulfillingOrder):
        return None
    return order.delivered_at_ms


def order_placed(order: Order, token: str, payment: OpenedPayment | None) -> OrderPlaced:
    to_make = None
    if payment is not None:
        to_make = PaymentToMake(
            payment.provider,
            payment.reference,
            payment.client_secret,
            payment.checkout_url,
            payment.qr_text,
            dict(payment.invoke) if payment.invoke else None,
        )
    return OrderPlaced(order_view(OrderRecord(order, "", ())), token, to_make)


def revealed_codes(
    order_id: str, shown: Sequence[tuple[Line, Code, bool]], shredded: int
) -> RevealedCodes:
    return RevealedCodes(
        order_id,
        [
            RevealedCode(
                line.number,
                line.variant_id,
                code.code,
                code.pin,
                replacement,
                code.url or UNSET,
                code.until or UNSET,
            )
            for line, code, replacement in shown
        ],
        shredded,
    )


def told_as(fate: Fate) -> FateName:
    """That a supplier contradicts itself is not the buyer's to settle: the money is given back, or
    it is charged as it was to be."""
    if fate in CHARGED:
        return "done"
    return "failed" if fate is Fate.CONTRADICTED else fate.value
