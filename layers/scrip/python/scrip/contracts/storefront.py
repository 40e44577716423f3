"""Bodies of the storefront API."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

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
from scrip.contracts.top_up import FateName, FilledIn, FormField
from scrip.domain import errors
from scrip.domain.line import MAX_UNITS_PER_LINE
from scrip.domain.order import MAX_LINES, OrderState

ReturnUrl = Annotated[str, Meta(pattern=r"^https://[!-~]+\Z", max_length=500)]
BuyerIp = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Fa-f:.]{2,45}\Z",
        description="The address of the buyer's device, as your server saw it: who leaves many "
        "held orders unpaid is held codes for a shorter time",
        examples=["203.0.113.7"],
    ),
]
ProviderName = Annotated[str, Meta(pattern=r"^[a-z]{2,20}\Z", examples=["stripe"])]
PaymentMethod = Annotated[str, Meta(pattern=r"^[a-z]{2,20}\Z", examples=["native"])]
Quantity = Annotated[int, Meta(ge=1, le=MAX_UNITS_PER_LINE)]
Locale = Literal["en", "zh"]


class OrderPath(Struct):
    """Path of an order."""

    order_id: OrderId


class LineWanted(Struct, forbid_unknown_fields=True):
    """A line to order. `filled` where its product has a form: each unit is charged to this account,
    and other accounts have lines of their own. Any other variant stands in one line only."""

    variant_id: Slug
    quantity: Quantity = 1
    filled: FilledIn = {}


class PlaceOrder(Struct, forbid_unknown_fields=True):
    """An order to place. With `return_url` it is paid on the provider's hosted page, which leads
    back there; without, in the shop's own page. `method`: one of the provider's ways to pay, by
    default its usual one; `payer_openid`: who pays, inside WeChat."""

    lines: Annotated[list[LineWanted], Meta(min_length=1, max_length=MAX_LINES)]
    email: Email
    locale: Locale | None = None
    return_url: ReturnUrl | None = None
    buyer_ip: BuyerIp | None = None
    provider: ProviderName = "stripe"
    method: PaymentMethod | None = None
    payer_openid: Annotated[str, Meta(pattern=r"^[!-~]{1,128}\Z")] | None = None


class VariantOnSale(Struct):
    """`in_stock` is a hint that was true a moment ago; placing an order decides. So is `left`: how
    many are left of those on offer; null where the shop set no number, or very many are left."""

    variant_id: Slug
    title: Title
    price_minor: PriceMinor
    currency: Currency
    in_stock: bool
    left: int | None


class ProductOnSale(Struct, omit_defaults=True):
    """A product with its variants that can be bought. `form`: what the buyer fills in, where there
    is anything."""

    product_id: Slug
    kind: str
    title: Title
    variants: list[VariantOnSale]
    form: list[FormField] | None = None


class ProductsOnSale(Struct):
    """All active products of the merchant."""

    products: list[ProductOnSale]


class OrderedLine(Struct, omit_defaults=True):
    """`claimed`: units of the line that have a code. A line of what suppliers deliver says what was
    `filled` in and, for each unit, what became of it: `failed` is never charged and given back,
    `reversed` was charged and taken back by the supplier. `receipts`, for each unit as well: what
    its supplier says of it that the buyer may see, at most 40 symbols; empty where it says nothing,
    and no list where it says nothing of any."""

    number: int
    variant_id: Slug
    quantity: Quantity
    unit_price_minor: PriceMinor
    claimed: int
    filled: dict[str, str] = {}
    top_ups: list[FateName] = []
    receipts: list[str] = []


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
    refunded_minor: AmountMinor = 0


class PaymentToMake(Struct):
    """What the buyer's device needs to pay, one of: the provider's client secret, a page to visit,
    a text to show as a QR code, parameters for the wallet's own script."""

    provider: str
    reference: str
    client_secret: str | None = None
    checkout_url: str | None = None
    qr_text: str | None = None
    invoke: dict[str, str] | None = None


class OrderPlaced(Struct):
    """`order_token` reads the order and its codes: hand it to the buyer, nobody else.

    `payment` is null once the order can no longer be paid.
    """

    order: OrderView
    order_token: str
    payment: PaymentToMake | None


class RevealedCode(Struct):
    """A code in plain text, with its PIN if it has one. `replacement`: the shop gave it in place of
    a bad one, which is not shown any more. Of one that was bought of a supplier: `url`, where it is
    redeemed, and `until`, its last day in the supplier's words, if it told them."""

    line: int
    variant_id: Slug
    code: str
    pin: str
    replacement: bool = False
    url: str | UnsetType = UNSET
    until: str | UnsetType = UNSET


class RevealedCodes(Struct):
    """All codes of an order, line by line. `shredded`: units whose code the merchant had destroyed,
    which nobody can show any more."""

    order_id: OrderId
    codes: list[RevealedCode]
    shredded: int = 0


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
            errors.VariantHalted,
            errors.CurrencyMixed,
            errors.FormMisfilled,
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
        problems=(errors.OrderNotReadable, errors.OrderFrozen, errors.CodesShredded),
    ),
    Operation(
        "GET /v1/openapi.json",
        "read_openapi",
        "Read this document",
        Door.OPEN,
        {200: dict[str, Any]},
    ),
)
