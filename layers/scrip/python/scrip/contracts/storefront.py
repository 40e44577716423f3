"""Bodies of the storefront API."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import (
    AmountMinor,
    Currency,
    Email,
    Milliseconds,
    OrderId,
    PriceMinor,
    Slug,
    Title,
)
from scrip.contracts.operation import STOREFRONT, Door, Operation
from scrip.domain import errors
from scrip.domain.catalogue import Offer, Product
from scrip.domain.code import Code
from scrip.domain.order import (
    MAX_LINES,
    MAX_UNITS_PER_LINE,
    Line,
    Order,
    OrderState,
    RefundDueOrder,
)
from scrip.domain.order_request import OrderRequest, Wanted
from scrip.domain.payment import OpenedPayment

ReturnUrl = Annotated[str, Meta(pattern=r"^https://[!-~]+\Z", max_length=500)]
Quantity = Annotated[int, Meta(ge=1, le=MAX_UNITS_PER_LINE)]
Locale = Literal["en", "zh"]


class OrderPath(Struct):
    """Path of an order."""

    order_id: OrderId


class LineWanted(Struct, forbid_unknown_fields=True):
    """A line to order. A variant stands in one line only."""

    variant_id: Slug
    quantity: Quantity = 1


class PlaceOrder(Struct, forbid_unknown_fields=True):
    """An order to place. With `return_url` it is paid on the provider's hosted page, which leads
    back there; without, in the shop's own page."""

    lines: Annotated[list[LineWanted], Meta(min_length=1, max_length=MAX_LINES)]
    email: Email
    locale: Locale | None = None
    return_url: ReturnUrl | None = None


class VariantOnSale(Struct):
    """`in_stock` is a hint that was true a moment ago; placing an order decides."""

    variant_id: Slug
    title: Title
    price_minor: PriceMinor
    currency: Currency
    in_stock: bool


class ProductOnSale(Struct):
    """A product with its variants that can be bought."""

    product_id: Slug
    kind: str
    title: Title
    variants: list[VariantOnSale]


class ProductsOnSale(Struct):
    """All active products of the merchant."""

    products: list[ProductOnSale]


class OrderedLine(Struct):
    """`claimed`: units of the line that have a code."""

    number: int
    variant_id: Slug
    quantity: Quantity
    unit_price_minor: PriceMinor
    claimed: int


class OrderView(Struct, kw_only=True):
    """An order as its buyer may see it."""

    order_id: OrderId
    state: OrderState
    amount_minor: AmountMinor
    currency: Currency
    lines: list[OrderedLine]
    placed_at_ms: Milliseconds
    expires_at_ms: Milliseconds
    delivered_at_ms: Milliseconds | None = None
    refund_due_minor: AmountMinor = 0


class PaymentToMake(Struct):
    """What the buyer's device needs to pay: the provider's client secret, or a page to visit."""

    provider: str
    reference: str
    client_secret: str | None = None
    checkout_url: str | None = None


class OrderPlaced(Struct):
    """`order_token` reads the order and its codes: hand it to the buyer, nobody else.

    `payment` is null once the order can no longer be paid.
    """

    order: OrderView
    order_token: str
    payment: PaymentToMake | None


class RevealedCode(Struct):
    """A code in plain text, with its PIN if it has one."""

    line: int
    variant_id: Slug
    code: str
    pin: str


class RevealedCodes(Struct):
    """All codes of an order, line by line."""

    order_id: OrderId
    codes: list[RevealedCode]


def order_request(body: PlaceOrder, idempotency_key: str, trace_id: str) -> OrderRequest:
    return OrderRequest(
        idempotency_key=idempotency_key,
        lines=tuple(Wanted(line.variant_id, line.quantity) for line in body.lines),
        email=body.email,
        locale=body.locale,
        return_url=body.return_url,
        trace_id=trace_id,
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
                    )
                    for variant, in_stock in variants
                ],
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
        )
        for line in order.lines
    ]


def order_view(order: Order) -> OrderView:
    return OrderView(
        order_id=order.order_id,
        state=order.state,
        amount_minor=order.total.amount_minor,
        currency=order.total.currency,
        lines=ordered_lines(order),
        placed_at_ms=order.placed_at_ms,
        expires_at_ms=order.expires_at_ms,
        delivered_at_ms=getattr(order, "delivered_at_ms", None),
        refund_due_minor=order.refund_due.amount_minor if isinstance(order, RefundDueOrder) else 0,
    )


def order_placed(order: Order, token: str, payment: OpenedPayment | None) -> OrderPlaced:
    to_make = None
    if payment is not None:
        to_make = PaymentToMake(
            payment.provider, payment.reference, payment.client_secret, payment.checkout_url
        )
    return OrderPlaced(order_view(order), token, to_make)


def revealed_codes(order_id: str, shown: Sequence[tuple[Line, Code]]) -> RevealedCodes:
    return RevealedCodes(
        order_id,
        [RevealedCode(line.number, line.variant_id, code.code, code.pin) for line, code in shown],
    )


STOREFRONT_OPERATIONS = (
    Operation(
        "GET /v1/products",
        "list_products",
        "List products on sale",
        STOREFRONT,
        {200: ProductsOnSale},
    ),
    Operation(
        "POST /v1/orders",
        "place_order",
        "Place an order and open its payment",
        STOREFRONT,
        {201: OrderPlaced},
        body=PlaceOrder,
        idempotent=True,
        problems=(
            errors.VariantNotForSale,
            errors.CurrencyMixed,
            errors.SoldOut,
            errors.GatewayUnknown,
            errors.PaymentProviderRefused,
            errors.PaymentProviderUnavailable,
            errors.SealBroken,
        ),
    ),
    Operation(
        "GET /v1/orders/{order_id}",
        "read_order",
        "Read an order",
        Door.ORDER_TOKEN,
        {200: OrderView},
        path=OrderPath,
    ),
    Operation(
        "POST /v1/orders/{order_id}/reveal",
        "reveal_codes",
        "Reveal the codes of a delivered order",
        Door.ORDER_TOKEN,
        {200: RevealedCodes},
        path=OrderPath,
        problems=(errors.OrderNotReadable,),
    ),
    Operation(
        "GET /v1/openapi.json",
        "read_openapi",
        "Read this document",
        Door.OPEN,
        {200: dict[str, Any]},
    ),
)
