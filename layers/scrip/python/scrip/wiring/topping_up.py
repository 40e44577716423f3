"""What `queue_top_up` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.bought_codes import BoughtCodes
from scrip.adapters.catalogue import Catalogue
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.scorecards import Scorecards
from scrip.adapters.standings import Standings
from scrip.adapters.supplier_gates import SupplierGates
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.top_up_queue import TopUpQueue
from scrip.adapters.top_ups import TopUps
from scrip.settings import TopUpSettings, load, on_lambda
from scrip.wiring.clients import client, provider_http, table


@dataclass(frozen=True, slots=True)
class ToppingUp:
    callback_base: str
    orders: Orders
    catalogue: Catalogue
    standings: Standings
    top_ups: TopUps
    codes: BoughtCodes
    gates: SupplierGates
    suppliers: Suppliers
    scorecards: Scorecards
    queue: TopUpQueue


@cache
def topping_up() -> ToppingUp:
    settings = load(TopUpSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    top_ups = table(settings.top_ups_table)
    return ToppingUp(
        callback_base=settings.callback_base,
        orders=Orders(table(settings.orders_table)),
        catalogue=Catalogue(table(settings.catalogue_table)),
        standings=Standings(top_ups),
        top_ups=TopUps(top_ups),
        codes=BoughtCodes(table(settings.bought_codes_table), keys),
        gates=SupplierGates(top_ups),
        suppliers=Suppliers(merchants, keys, provider_http(), settings.supplier_api_bases),
        scorecards=Scorecards(top_ups),
        queue=TopUpQueue(client("sqs"), settings.top_up_queue_url),
    )


def warm() -> None:
    if on_lambda():
        topping_up()
