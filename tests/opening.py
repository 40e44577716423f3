"""Opens a merchant in a deployment, as an operator does with the command line."""

import itertools
from collections.abc import Mapping
from urllib.parse import quote

import boto3
import msgspec

from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.gateways.stripe import StripeSecrets
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.order_keys import OrderKeys
from scrip.adapters.tables import Table
from scrip.domain.api_key import Scope
from scrip.flows.create_merchant import create_merchant
from scrip.flows.manage_keys import issue_key
from scrip.wiring.clients import provider_http
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer
from tests.shop import Carrier, Shop

NOW_MS = 1_760_000_000_000
ORDER_URL = "https://shop.example/orders/{order_id}#{token}"

_secrets = itertools.count(1)


def open_shop(
    carrier: Carrier,
    environment: Mapping[str, str],
    stripe: StripeServer,
    merchant_id: str = "demo",
    *,
    locale: str = "en",
    mail_codes: bool = False,
    gateway: bool = True,
) -> Shop:
    merchants = Merchants(Table(boto3.client("dynamodb"), environment["MERCHANTS_TABLE"]))
    kms = Keys(boto3.client("kms"), environment["VAULT_KEY_ARN"])
    create_merchant(
        merchant_id,
        name=f"Shop {quote(merchant_id)}",
        order_url=ORDER_URL,
        locale=locale,
        mail_codes=mail_codes,
        now_ms=NOW_MS,
        merchants=merchants,
        order_keys=OrderKeys(kms),
    )
    if gateway:
        secrets = StripeSecrets(SECRET_KEY, (WEBHOOK_SECRET,))
        registry = Gateways(merchants, kms, provider_http())
        registry.set(merchant_id, "stripe", msgspec.json.encode(secrets))
    keys = {}
    scopes = {scope.value: scope for scope in Scope} | {"second operator": Scope.OPERATOR}
    for number, (name, scope) in enumerate(scopes.items()):
        secret = f"{next(_secrets):032d}"
        issued = issue_key(
            merchant_id,
            scope,
            "test",
            key_id=f"key{number:05d}",
            secret=secret,
            now_ms=NOW_MS,
            keys=merchants,
        )
        keys[name] = issued.credential
    return Shop(carrier, merchant_id, keys, stripe)
