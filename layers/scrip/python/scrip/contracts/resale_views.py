"""What the resale API's bodies say of prices and orders, and what they ask."""

from collections.abc import Sequence

from scrip.contracts.resale import (
    PlaceResale,
    ResaleBalance,
    ResaleOrder,
    ResalePrice,
    ResalePrices,
)
from scrip.contracts.storefront_views import told_as
from scrip.contracts.top_up import form_fields
from scrip.domain.catalogue import Offer, Product
from scrip.domain.order import OrderRecord, SettledOrder
from scrip.domain.order_request import OrderRequest, Paying, Wanted
from scrip.domain.owed import refunded_minor
from scrip.domain.resale import (
    PREPAID,
    Placed,
    ResaleState,
    placed_as,
    reason_of,
    state_of,
    the_line,
    units_delivered,
)
from scrip.domain.reseller import Reseller


def prices(offers: Sequence[tuple[Product, Sequence[Offer]]]) -> ResalePrices:
    return ResalePrices(
        [
            ResalePrice(
                variant.variant_id,
                product.product_id,
                product.kind.value,
                product.title,
                variant.title,
                variant.price.amount_minor,
                variant.price.currency,
                in_stock,
                form_fields(product.form),
            )
            for product, variants in offers
            for variant, in_stock, _ in variants
        ]
    )


def balance(reseller: Reseller) -> ResaleBalance:
    return ResaleBalance(reseller.balance_minor, reseller.credit_minor, reseller.currency)


def placed(reseller: Reseller, reference: str) -> Placed:
    return Placed(reseller.reseller_id, reference)


def actor(by: Placed) -> str:
    """Who it is for an audit trail."""
    return f"reseller:{by.reseller_id}"


def order_request(body: PlaceResale, by: Placed, trace_id: str) -> OrderRequest:
    return OrderRequest(
        idempotency_key=by.key,
        lines=(Wanted(body.variant_id, body.quantity, body.filled),),
        email=by.email,
        locale=None,
        return_url=None,
        trace_id=trace_id,
        channel=by.reseller_id,
        paying=Paying(PREPAID),
    )


def order_view(record: OrderRecord) -> ResaleOrder:
    order, line, state = record.order, the_line(record.order), state_of(record.order)
    reason = reason_of(order)
    return ResaleOrder(
        reference=placed_as(order.payment_ref).reference,
        order_id=order.order_id,
        state=state.value,
        variant_id=line.variant_id,
        quantity=line.quantity,
        units_delivered=units_delivered(order),
        unit_price_minor=line.unit_price.amount_minor,
        amount_minor=order.total.amount_minor,
        currency=order.total.currency,
        refund_due_minor=order.owed_minor if isinstance(order, SettledOrder) else 0,
        refunded_minor=refunded_minor(record),
        placed_at_ms=order.placed_at_ms,
        ended_at_ms=(
            order.delivered_at_ms
            if isinstance(order, SettledOrder) and state is not ResaleState.UNDERWAY
            else None
        ),
        reason=reason.value if reason else None,
        top_ups=[told_as(fate) for fate in line.fates],
    )
