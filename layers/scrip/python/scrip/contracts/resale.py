"""Bodies of the resale API: what other shops ask that sell this one's goods. See docs/resale.md."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import (
    AmountMinor,
    Currency,
    MerchantId,
    Milliseconds,
    OrderId,
    PriceMinor,
    Slug,
    Title,
)
from scrip.contracts.operation import Door, Operation
from scrip.contracts.storefront import Quantity, RevealedCodes
from scrip.contracts.top_up import FateName, FilledIn, FormField
from scrip.domain import errors, resale_refusals

ResellerId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,31}\Z", examples=["outlet"])]
Reference = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}\Z",
        description="Your own number of the order: under it, it is one order, for ever",
        examples=["A-1001"],
    ),
]
BalanceMinor = Annotated[int, Meta(description="In the currency's minor unit; may be below 0")]
ResaleStateName = Literal["underway", "delivered", "partly", "failed"]
ReasonName = Literal["sold_out", "not_charged", "reversed", "given_back"]


class ResalePath(Struct):
    """Whose goods, and who sells them."""

    merchant_id: MerchantId
    reseller_id: ResellerId


class ResaleOrderPath(ResalePath):
    """One order of a reseller's."""

    reference: Reference


class PlaceResale(Struct, forbid_unknown_fields=True):
    """An order to place. `filled` where the variant has a form: each unit is charged to this
    account."""

    reference: Reference
    variant_id: Slug
    quantity: Quantity = 1
    filled: FilledIn = {}


class ResalePrice(Struct, omit_defaults=True):
    """A variant on sale and what one unit costs you. `in_stock` was true a moment ago; placing an
    order decides. `form`: what must be filled in, where there is anything."""

    variant_id: Slug
    product_id: Slug
    kind: str
    product_title: Title
    title: Title
    price_minor: PriceMinor
    currency: Currency
    in_stock: bool
    form: list[FormField] | None = None


class ResalePrices(Struct):
    """All that you may sell."""

    prices: list[ResalePrice]


class ResaleBalance(Struct):
    """What you have. Orders may take it below 0 by `credit_minor`."""

    balance_minor: BalanceMinor
    credit_minor: AmountMinor
    currency: Currency


class ResaleOrder(Struct, kw_only=True, omit_defaults=True):
    """An order of yours. `underway`: it has not ended. `partly`: `units_delivered` of it are
    delivered. What is owed of it comes back to your balance by itself: `refund_due_minor` in all,
    `refunded_minor` of that so far. `top_ups`: what became of each unit that is charged to an
    account."""

    reference: Reference
    order_id: OrderId
    state: ResaleStateName
    variant_id: Slug
    quantity: Quantity
    units_delivered: int
    unit_price_minor: PriceMinor
    amount_minor: AmountMinor
    currency: Currency
    refund_due_minor: AmountMinor
    refunded_minor: AmountMinor
    placed_at_ms: Milliseconds
    ended_at_ms: Milliseconds | None = None
    reason: ReasonName | None = None
    top_ups: list[FateName] = []


ROOT = "/v1/resale/{merchant_id}/{reseller_id}"
RESALE_OPERATIONS = (
    Operation(
        f"GET {ROOT}/prices",
        "list_resale_prices",
        "List what a reseller may sell, at its prices",
        Door.RESELLER,
        {200: ResalePrices},
        path=ResalePath,
    ),
    Operation(
        f"GET {ROOT}/balance",
        "read_resale_balance",
        "Read a reseller's balance",
        Door.RESELLER,
        {200: ResaleBalance},
        path=ResalePath,
    ),
    Operation(
        f"POST {ROOT}/orders",
        "place_resale_order",
        "Place an order and pay it from the balance",
        Door.RESELLER,
        {200: ResaleOrder},
        path=ResalePath,
        body=PlaceResale,
        problems=(
            resale_refusals.BalanceInsufficient,
            resale_refusals.ReferenceReused,
            resale_refusals.ResellerPaused,
            errors.VariantNotForSale,
            errors.VariantHalted,
            errors.FormMisfilled,
            errors.SoldOut,
            errors.MoveContended,
        ),
    ),
    Operation(
        f"GET {ROOT}/orders/{{reference}}",
        "read_resale_order",
        "Read a reseller's order",
        Door.RESELLER,
        {200: ResaleOrder},
        path=ResaleOrderPath,
        problems=(errors.OrderUnknown,),
    ),
    Operation(
        f"POST {ROOT}/orders/{{reference}}/cancel",
        "cancel_resale_order",
        "Call off what no supplier was sent yet",
        Door.RESELLER,
        {200: ResaleOrder},
        path=ResaleOrderPath,
        problems=(
            errors.OrderUnknown,
            resale_refusals.TooLateToCancel,
            errors.MoveContended,
        ),
    ),
    Operation(
        f"POST {ROOT}/orders/{{reference}}/codes",
        "reveal_resale_codes",
        "Reveal the codes of a reseller's order",
        Door.RESELLER,
        {200: RevealedCodes},
        path=ResaleOrderPath,
        problems=(
            errors.OrderUnknown,
            errors.OrderNotReadable,
            errors.OrderFrozen,
            errors.CodesShredded,
        ),
    ),
)
