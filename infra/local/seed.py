"""A demo merchant with some products, so that the local cloud is a shop."""

import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
from botocore.httpsession import URLLib3Session

from infra.local.cloud import Cloud
from infra.local.deploy import Say
from infra.local.shop import call_shop, configure_stripe
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.order_keys import OrderKeys
from scrip.adapters.tables import Table
from scrip.chance import LOWER, random_id
from scrip.domain.api_key import Scope
from scrip.flows.create_merchant import create_merchant
from scrip.flows.manage_keys import issue_key

MERCHANT_ID = "demo"
CODES_PER_VARIANT = 200


@dataclass(frozen=True, slots=True)
class Shop:
    """The demo merchant's credentials. They open nothing but the local cloud."""

    merchant_id: str
    storefront_key: str
    operator_key: str
    stripe_secret_key: str
    stripe_webhook_secret: str


@dataclass(frozen=True, slots=True)
class Demo:
    """A product with one variant. `pins`: its codes have one, so they are imported as CSV."""

    product_id: str
    title: str
    variant_id: str
    variant_title: str
    price_minor: int
    currency: str
    group: int
    groups: int
    pins: bool = False


PRODUCTS = (
    Demo("arcade-gift-card", "Arcade gift card", "arcade-20", "20 USD", 2000, "USD", 4, 4),
    Demo("photo-editor", "Photo editor licence", "editor-1y", "One year", 4900, "USD", 5, 5),
    Demo("music-pass", "Music pass with PIN", "music-30d", "30 days", 1200, "EUR", 6, 2, pins=True),
    Demo("game-points", "Game points", "points-600", "600 points", 6800, "CNY", 4, 4),
)


def variant_priced_in(currency: str) -> str:
    return next(demo.variant_id for demo in PRODUCTS if demo.currency == currency)


def ensure_shop(cloud: Cloud, say: Say) -> Shop:
    """The shop of this cloud, seeded if there is none yet; Stripe told where to post its events."""
    kept = Path(cloud.root) / "shop.json"
    if kept.exists():
        shop = Shop(**json.loads(kept.read_text()))
        say(f"shop '{shop.merchant_id}' is there from last time")
    else:
        shop = open_shop(cloud)
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(asdict(shop), indent=2) + "\n")
        say(f"shop '{shop.merchant_id}' is open")
    fill_shelves(cloud, shop, say)
    # localstripe forgets its webhooks when it stops.
    configure_stripe(
        f"{cloud.stripe_url}/_config/webhooks/{shop.merchant_id}",
        {
            "url": f"{cloud.base_url}/v1/callbacks/payments/{shop.merchant_id}/stripe",
            "secret": shop.stripe_webhook_secret,
            "events": ["payment_intent.succeeded"],
        },
    )
    return shop


def open_shop(cloud: Cloud) -> Shop:
    """Create the merchant, its keys and its Stripe secrets, through the same flows as the CLI."""
    now_ms = time.time_ns() // 1_000_000
    merchants, keys = merchants_and_keys(cloud)
    create_merchant(
        MERCHANT_ID,
        name="Demo shop",
        order_url="http://localhost:3000/orders/{order_id}#{token}",
        locale="en",
        mail_codes=False,
        now_ms=now_ms,
        merchants=merchants,
        order_keys=OrderKeys(keys),
    )
    credentials = {
        scope: issue_key(
            MERCHANT_ID,
            scope,
            "demo",
            key_id=random_id(8),
            secret=random_id(32),
            now_ms=now_ms,
            keys=merchants,
        ).credential
        for scope in (Scope.STOREFRONT, Scope.OPERATOR)
    }
    shop = Shop(
        merchant_id=MERCHANT_ID,
        storefront_key=credentials[Scope.STOREFRONT],
        operator_key=credentials[Scope.OPERATOR],
        stripe_secret_key=f"sk_test_{secrets.token_hex(16)}",
        stripe_webhook_secret=f"whsec_{secrets.token_hex(16)}",
    )
    set_gateway(
        cloud,
        "stripe",
        {"secret_key": shop.stripe_secret_key, "webhook_secrets": [shop.stripe_webhook_secret]},
    )
    return shop


def set_gateway(cloud: Cloud, provider: str, secrets: Any) -> None:
    """What `scrip-admin gateway set` does."""
    gateways = Gateways(*merchants_and_keys(cloud), URLLib3Session())
    gateways.set(MERCHANT_ID, provider, msgspec.json.encode(secrets))


def merchants_and_keys(cloud: Cloud) -> tuple[Merchants, Keys]:
    merchants = Merchants(Table(cloud.client("dynamodb"), cloud.outputs["MerchantsTable"]))
    return merchants, Keys(cloud.client("kms"), cloud.outputs["VaultKeyArn"])


def fill_shelves(cloud: Cloud, shop: Shop, say: Say) -> None:
    """Products, variants and codes that are not there yet, through the merchant's own API."""
    base = f"{cloud.base_url}/v1/merchant"
    listed = call_shop("GET", f"{cloud.base_url}/v1/products", shop.storefront_key)
    there = {product["product_id"] for product in listed["products"]}
    for demo in (each for each in PRODUCTS if each.product_id not in there):
        say(f"shop '{shop.merchant_id}' gets '{demo.title}'")
        product = f"{base}/products/{demo.product_id}"
        call_shop("PUT", product, shop.operator_key, {"title": demo.title})
        call_shop(
            "PUT",
            f"{product}/variants/{demo.variant_id}",
            shop.operator_key,
            {
                "title": demo.variant_title,
                "price_minor": demo.price_minor,
                "currency": demo.currency,
            },
        )
        call_shop(
            "POST",
            f"{base}/variants/{demo.variant_id}/codes",
            shop.operator_key,
            codes_of(demo),
            {
                "content-type": "text/csv" if demo.pins else "text/plain",
                "idempotency-key": f"seed-{demo.variant_id}",
            },
        )


def codes_of(demo: Demo) -> str:
    """Fresh random codes in the shape of the product's kind, as a merchant would paste them."""
    rows = [
        "-".join(symbols(demo.group) for _ in range(demo.groups)) for _ in range(CODES_PER_VARIANT)
    ]
    if not demo.pins:
        return "\n".join(rows)
    pins = [f"{secrets.randbelow(10_000):04}" for _ in rows]
    return "\n".join(["code,pin", *(f"{row},{pin}" for row, pin in zip(rows, pins, strict=True))])


def symbols(count: int) -> str:
    return "".join(secrets.choice(LOWER.upper()) for _ in range(count))
