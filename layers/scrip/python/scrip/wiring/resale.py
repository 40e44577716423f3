"""What `api_serve_resellers` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.audit import Audit
from scrip.adapters.bought_codes import BoughtCodes
from scrip.adapters.catalogue import Catalogue
from scrip.adapters.codes import OrderCodes, SealedCodes
from scrip.adapters.delivered_orders import DeliveredOrders
from scrip.adapters.gateways.prepaid import PrepaidAccount
from scrip.adapters.generated_codes import GeneratedCodes
from scrip.adapters.holds import Holds
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.order_keys import OrderKeys
from scrip.adapters.prepaid_orders import PrepaidOrders
from scrip.adapters.reseller_book import Book
from scrip.adapters.reseller_prices import ResellerPrices
from scrip.adapters.resellers import Resellers
from scrip.adapters.reveal_counts import RevealCounts
from scrip.adapters.stock import Stock
from scrip.adapters.top_ups import TopUps
from scrip.adapters.unpaid_holds import UnpaidHolds
from scrip.adapters.vault import Vault
from scrip.settings import ResaleSettings, load, on_lambda
from scrip.wiring.clients import client, table

__all__ = ["PrepaidAccount", "ResellerPrices", "resale", "warm"]


@dataclass(frozen=True, slots=True)
class Resale:
    settings: ResaleSettings
    merchants: Merchants
    resellers: Resellers
    catalogue: Catalogue
    stock: Stock
    orders: PrepaidOrders
    holds: Holds
    unpaid: UnpaidHolds
    order_keys: OrderKeys
    top_ups: TopUps
    delivered: DeliveredOrders
    audit: Audit
    codes: OrderCodes
    reveal_counts: RevealCounts


@cache
def resale() -> Resale:
    settings = load(ResaleSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    resellers, orders = table(settings.resellers_table), table(settings.orders_table)
    stock = Stock(table(settings.stock_table))
    merchants = Merchants(table(settings.merchants_table))
    catalogue = Catalogue(table(settings.catalogue_table))
    generated = table(settings.generated_keys_table)
    return Resale(
        settings=settings,
        merchants=merchants,
        resellers=Resellers(resellers, keys),
        catalogue=catalogue,
        stock=stock,
        orders=PrepaidOrders(orders, Book(resellers)),
        holds=Holds(stock, orders),
        unpaid=UnpaidHolds(orders),
        order_keys=OrderKeys(keys),
        top_ups=TopUps(table(settings.top_ups_table)),
        delivered=DeliveredOrders(orders),
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
        resale()
