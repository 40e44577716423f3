"""What `schedule_expire_orders` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.holds import Holds
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.stock import Stock
from scrip.adapters.unpaid_holds import UnpaidHolds
from scrip.settings import ExpirySettings, load, on_lambda
from scrip.wiring.clients import table


@dataclass(frozen=True, slots=True)
class Expiry:
    settings: ExpirySettings
    merchants: Merchants
    orders: Orders
    holds: Holds
    unpaid: UnpaidHolds


@cache
def expiry() -> Expiry:
    settings = load(ExpirySettings)
    return Expiry(
        settings=settings,
        merchants=Merchants(table(settings.merchants_table)),
        orders=Orders(table(settings.orders_table)),
        holds=Holds(Stock(table(settings.stock_table)), table(settings.orders_table)),
        unpaid=UnpaidHolds(table(settings.orders_table)),
    )


def warm() -> None:
    if on_lambda():
        expiry()
