"""What `schedule_expire_orders` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.gateways.asking import Providers
from scrip.adapters.gateways.prepaid import PrepaidGateway
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.holds import Holds
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.reseller_book import Book
from scrip.adapters.stock import Stock
from scrip.adapters.unpaid_holds import UnpaidHolds
from scrip.settings import ExpirySettings, load, on_lambda
from scrip.wiring.clients import client, provider_http, table


@dataclass(frozen=True, slots=True)
class Expiry:
    settings: ExpirySettings
    merchants: Merchants
    providers: Providers
    orders: Orders
    stock: Stock
    holds: Holds
    unpaid: UnpaidHolds


@cache
def expiry() -> Expiry:
    settings = load(ExpirySettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    stock = Stock(table(settings.stock_table))
    prepaid = {PrepaidGateway.provider: PrepaidGateway(Book(table(settings.resellers_table)))}
    gateways = Gateways(merchants, keys, provider_http(), settings.payment_api_bases, ours=prepaid)
    return Expiry(
        settings=settings,
        merchants=merchants,
        providers=Providers(gateways),
        orders=Orders(table(settings.orders_table)),
        stock=stock,
        holds=Holds(stock, table(settings.orders_table)),
        unpaid=UnpaidHolds(table(settings.orders_table)),
    )


def warm() -> None:
    if on_lambda():
        expiry()
