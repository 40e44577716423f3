"""Bodies of the merchant API. None of them can carry a code outwards."""

from typing import Annotated, Literal

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
from scrip.contracts.generated import GENERATED_OPERATIONS, GeneratedView, PutGenerated
from scrip.contracts.merchant_disputes import DisputeView
from scrip.contracts.merchant_refunds import RefundView
from scrip.contracts.merchant_stock import LowDays, LowStock, StockView, WarnDays
from scrip.contracts.merchant_strays import StrayPaymentView
from scrip.contracts.merchant_synced import SyncedSource
from scrip.contracts.operation import OPERATOR, READER, Operation
from scrip.contracts.storefront import OrderedLine, OrderPath
from scrip.contracts.top_up import (
    BarredName,
    FormField,
    FormFields,
    RoutingOfVariant,
    SupplierRoute,
    SupplierRoutes,
)
from scrip.domain import errors
from scrip.domain.catalogue import (
    DEFAULT_REPLACE_DAYS,
    MAX_HOLD_MINUTES,
    MAX_REPLACE_DAYS,
    MAX_UNITS_ADDED,
)
from scrip.domain.order import OrderState
from scrip.domain.stock_warning import DEFAULT_LOW_DAYS, DEFAULT_LOW_STOCK, DEFAULT_WARN_DAYS

ScopeName = Literal["storefront", "operator", "finance"]
StatusName = Literal["active", "paused"]
KeyId = Annotated[str, Meta(pattern=r"^[a-z0-9]{8}\Z", description="Public part of an API key")]
HoldMinutes = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_HOLD_MINUTES,
        description="How long placing an order sets codes aside; 0: not before it is paid",
    ),
]
Partial = Annotated[
    bool,
    Meta(description="What if stock cannot fill an order: deliver what there is, or refund all"),
]
SupplyName = Annotated[
    Literal["codes", "counted", "unlimited"],
    Meta(
        description="What a sale uses up: an imported code, one of the units added, or nothing. "
        "Without it: codes for a code pool, unlimited for generated keys and top-ups"
    ),
]
ReplaceDays = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_REPLACE_DAYS,
        description="How long after delivery a bad code may be replaced; 0: never",
    ),
]
PAGE_LIMIT = 100


class ProductPath(Struct):
    """Path of a product."""

    product_id: Slug


class VariantOfProductPath(Struct):
    """Path of a variant below its product."""

    product_id: Slug
    variant_id: Slug


class VariantPath(Struct):
    """Path of a variant by its own id."""

    variant_id: Slug


class KeyPath(Struct):
    """Path of an API key."""

    key_id: KeyId


class PutProduct(Struct, forbid_unknown_fields=True):
    """A product in full; putting the same again changes nothing. `generated` goes with the kind
    `generated_key`, `form` with `top_up`, and with `bought_code` where a supplier asks for
    something: what the buyer fills in."""

    title: Title
    kind: Literal["code_pool", "generated_key", "top_up", "bought_code"] = "code_pool"
    status: StatusName = "active"
    generated: PutGenerated | None = None
    form: FormFields | None = None


class PutVariant(Struct, forbid_unknown_fields=True):
    """A variant in full. A new price applies to orders placed from now on. `routes` go with the
    kinds `top_up` and `bought_code`: who can deliver it; `routing`: who is asked first."""

    title: Title
    price_minor: PriceMinor
    currency: Currency
    status: StatusName = "active"
    hold_minutes: HoldMinutes = 0
    partial: Partial = True
    replace_days: ReplaceDays = DEFAULT_REPLACE_DAYS
    supply: SupplyName | None = None
    warn_days: WarnDays = DEFAULT_WARN_DAYS
    low_stock: LowStock = DEFAULT_LOW_STOCK
    low_days: LowDays = DEFAULT_LOW_DAYS
    synced_from: SyncedSource | None = None
    routes: SupplierRoutes = []
    routing: RoutingOfVariant = RoutingOfVariant()


class VariantView(Struct):
    """A variant as its merchant sees it. `halted`: why none of its routes can deliver it for now,
    so that it is not sold, whatever its status."""

    product_id: Slug
    variant_id: Slug
    title: Title
    price_minor: PriceMinor
    currency: Currency
    status: StatusName
    hold_minutes: HoldMinutes
    partial: Partial
    replace_days: ReplaceDays
    supply: SupplyName
    warn_days: WarnDays
    low_stock: LowStock
    low_days: LowDays
    synced_from: SyncedSource | None
    routes: list[SupplierRoute]
    routing: RoutingOfVariant | None
    halted: list[BarredName]


class ProductView(Struct):
    """A product as its merchant sees it."""

    product_id: Slug
    title: Title
    kind: str
    status: StatusName
    variants: list[VariantView]
    generated: GeneratedView | None = None
    form: list[FormField] | None = None


class ProductsView(Struct):
    """All products, active or not."""

    products: list[ProductView]


class CodesImported(Struct):
    """`imported` codes are on sale now. Left out were `duplicates`, which stood in the same request
    before, and `known` ones, which any import of this merchant had taken before."""

    batch_id: str
    imported: int
    duplicates: int
    known: int


class AddUnits(Struct, forbid_unknown_fields=True):
    """How many more may be sold of a counted variant."""

    units: Annotated[int, Meta(ge=1, le=MAX_UNITS_ADDED)]


class UnitsAdded(Struct):
    """`units` are on sale now."""

    batch_id: str
    units: int


class OrdersQuery(Struct, forbid_unknown_fields=True):
    """Filters and paging; `cursor` comes from the page before."""

    state: OrderState | None = None
    from_ms: Milliseconds | None = None
    to_ms: Milliseconds | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_LIMIT)] = 25
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class MerchantOrderView(Struct, kw_only=True):
    """An order as its merchant may see it: who bought what and where it stands, never the codes."""

    order_id: OrderId
    state: OrderState
    amount_minor: AmountMinor
    currency: Currency
    email: Email
    lines: list[OrderedLine]
    placed_at_ms: Milliseconds
    expires_at_ms: Milliseconds
    payment_ref: str
    transaction_id: str | None = None
    delivered_at_ms: Milliseconds | None = None
    refund_due_minor: AmountMinor = 0
    refunded_minor: AmountMinor = 0
    refunds: list[RefundView] = []
    stray_payments: list[StrayPaymentView] = []
    frozen: bool = False
    disputes: list[DisputeView] = []


class OrdersPage(Struct):
    """Newest first. `next_cursor` is null on the last page. A filtered page may hold few orders."""

    orders: list[MerchantOrderView]
    next_cursor: str | None


class IssueKey(Struct, forbid_unknown_fields=True):
    """A key to make."""

    scope: ScopeName
    label: Title


class KeyView(Struct):
    """An API key without its secret. `issued_by`: the key that asked for it, null for the command
    line."""

    key_id: KeyId
    scope: ScopeName
    label: str
    created_at_ms: Milliseconds
    issued_by: KeyId | None


class KeyIssued(Struct):
    """`secret` is the whole credential. It is shown this once and stored nowhere."""

    key: KeyView
    secret: str


class KeysView(Struct):
    """All keys that work."""

    keys: list[KeyView]


MERCHANT_OPERATIONS = (
    Operation(
        "GET /v1/merchant/products",
        "list_all_products",
        "List all products",
        READER,
        {200: ProductsView},
    ),
    Operation(
        "GET /v1/merchant/products/{product_id}",
        "read_product",
        "Read a product",
        READER,
        {200: ProductView},
        path=ProductPath,
        problems=(errors.ProductUnknown,),
    ),
    Operation(
        "PUT /v1/merchant/products/{product_id}",
        "put_product",
        "Create or update a product",
        OPERATOR,
        {200: ProductView},
        path=ProductPath,
        body=PutProduct,
        problems=(
            errors.LimitReached,
            errors.PatternWeak,
            errors.ProductFixed,
            errors.SealBroken,
        ),
    ),
    Operation(
        "PUT /v1/merchant/products/{product_id}/variants/{variant_id}",
        "put_variant",
        "Create or update a variant",
        OPERATOR,
        {200: VariantView},
        path=VariantOfProductPath,
        body=PutVariant,
        problems=(
            errors.ProductUnknown,
            errors.VariantOfAnotherProduct,
            errors.SupplyMismatch,
            errors.SupplierUnknown,
            errors.LimitReached,
        ),
    ),
    Operation(
        "POST /v1/merchant/variants/{variant_id}/codes",
        "import_codes",
        "Import codes, one a line or as CSV with the columns code and pin",
        OPERATOR,
        {200: CodesImported},
        path=VariantPath,
        text=("text/plain", "text/csv"),
        idempotent=True,
        problems=(
            errors.VariantUnknown,
            errors.SupplyMismatch,
            errors.CodesRefused,
            errors.CodesShredded,
            errors.BatchRecalled,
        ),
    ),
    Operation(
        "POST /v1/merchant/variants/{variant_id}/units",
        "add_units",
        "Put units of a counted variant on sale",
        OPERATOR,
        {200: UnitsAdded},
        path=VariantPath,
        body=AddUnits,
        idempotent=True,
        problems=(errors.VariantUnknown, errors.SupplyMismatch, errors.BatchRecalled),
    ),
    Operation(
        "GET /v1/merchant/variants/{variant_id}/stock",
        "read_stock",
        "Read the stock of a variant",
        READER,
        {200: StockView},
        path=VariantPath,
        problems=(errors.VariantUnknown,),
    ),
    Operation(
        "GET /v1/merchant/orders",
        "list_orders",
        "List orders, newest first",
        READER,
        {200: OrdersPage},
        query=OrdersQuery,
    ),
    Operation(
        "GET /v1/merchant/orders/{order_id}",
        "read_merchant_order",
        "Read an order",
        READER,
        {200: MerchantOrderView},
        path=OrderPath,
        problems=(errors.OrderUnknown,),
    ),
    Operation(
        "GET /v1/merchant/keys",
        "list_keys",
        "List API keys",
        OPERATOR,
        {200: KeysView},
    ),
    Operation(
        "POST /v1/merchant/keys",
        "issue_key",
        "Issue an API key; its secret is shown this once",
        OPERATOR,
        {201: KeyIssued},
        body=IssueKey,
        problems=(errors.LimitReached,),
    ),
    Operation(
        "DELETE /v1/merchant/keys/{key_id}",
        "revoke_key",
        "Revoke an API key",
        OPERATOR,
        {200: KeyView},
        path=KeyPath,
        problems=(errors.KeyUnknown,),
    ),
    *GENERATED_OPERATIONS,
)
