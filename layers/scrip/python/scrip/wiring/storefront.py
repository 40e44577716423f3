"""What `api_serve_storefront` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.audit import Audit
from scrip.adapters.bought_codes import BoughtCodes
from scrip.adapters.catalogue import Catalogue
from scrip.adapters.codes import OrderCodes, SealedCodes
from scrip.adapters.delivered_orders import DeliveredOrders
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.generated_codes import GeneratedCodes
from scrip.adapters.holds import Holds
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.order_keys import OrderKeys
from scrip.adapters.orders import Orders
from scrip.adapters.reveal_counts import RevealCounts
from scrip.adapters.stock import Stock
from scrip.adapters.unpaid_holds import UnpaidHolds
from scrip.adapters.vault import Vault
from scrip.settings import StorefrontSettings, load, on_lambda
from scrip.wiring.clients import client, provider_http, table


@dataclass(frozen=True, slots=True)
class Storefront:
    settings: StorefrontSettings
    merchants: Merchants
    catalogue: Catalogue
    stock: Stock
    orders: Orders
    delivered: DeliveredOrders
    holds: Holds
    unpaid: UnpaidHolds
    order_keys: OrderKeys
    gateways: Gateways
    audit: Audit
    codes: OrderCodes
    reveal_counts: RevealCounts


@cache
def storefront() -> Storefront:
    settings = load(StorefrontSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    catalogue = Catalogue(table(settings.catalogue_table))
    generated = table(settings.generated_keys_table)
    stock = Stock(table(settings.stock_table))
    return Storefront(
        settings=settings,
        merchants=merchants,
        catalogue=catalogue,
        stock=stock,
        orders=Orders(table(settings.orders_table)),
        delivered=DeliveredOrders(table(settings.orders_table)),
        holds=Holds(stock, table(settings.orders_table)),
        unpaid=UnpaidHolds(table(settings.orders_table)),
        order_keys=OrderKeys(keys),
        gateways=Gateways(merchants, keys, provider_http(), settings.payment_api_bases),
        audit=Audit(table(settings.audit_table)),
        codes=OrderCodes(
            SealedCodes(stock, Vault(keys)),
            BoughtCodes(table(settings.bought_codes_table), keys),
            GeneratedCodes(catalogue, keys, merchants.table, generated),
        ),
        reveal_counts=RevealCounts(table(settings.reveals_table)),
    )


def warm() -> None:
    if on_lambda():
        storefront()
