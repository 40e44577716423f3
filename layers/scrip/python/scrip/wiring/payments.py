"""What `api_accept_payment` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.callbacks import Callbacks
from scrip.adapters.disputes import Disputes
from scrip.adapters.follow_ups import FollowUps
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.holds import Holds
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.refunds import Refunds
from scrip.adapters.stock import Stock
from scrip.settings import PaymentSettings, load, on_lambda
from scrip.wiring.clients import bucket, client, provider_http, table


@dataclass(frozen=True, slots=True)
class Payments:
    merchants: Merchants
    gateways: Gateways
    orders: Orders
    stock: Stock
    holds: Holds
    disputes: Disputes
    follow_ups: FollowUps
    callbacks: Callbacks
    refunds: Refunds


@cache
def payments() -> Payments:
    settings = load(PaymentSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    stock = Stock(table(settings.stock_table))
    return Payments(
        merchants=merchants,
        gateways=Gateways(merchants, keys, provider_http(), settings.payment_api_bases),
        orders=Orders(table(settings.orders_table)),
        stock=stock,
        holds=Holds(stock, table(settings.orders_table)),
        disputes=Disputes(table(settings.orders_table)),
        follow_ups=FollowUps(table(settings.orders_table)),
        callbacks=Callbacks(bucket(settings.callbacks_bucket)),
        refunds=Refunds(table(settings.orders_table)),
    )


def warm() -> None:
    if on_lambda():
        payments()
