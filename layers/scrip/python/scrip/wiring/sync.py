"""What `schedule_sync_stock` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.keys import Keys
from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.merchants import Merchants
from scrip.adapters.stock import Stock
from scrip.adapters.stock_events import StockEvents
from scrip.adapters.stock_watch import Progress
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.synced_stock import SyncedStock
from scrip.settings import StockSyncSettings, load, on_lambda
from scrip.wiring.clients import client, provider_http, table


@dataclass(frozen=True, slots=True)
class Syncing:
    merchants: Merchants
    catalogue: Catalogue
    stock: Stock
    synced: SyncedStock
    progress: Progress
    suppliers: Suppliers
    events: StockEvents
    mail_queue: MailQueue


@cache
def syncing() -> Syncing:
    settings = load(StockSyncSettings)
    stock = Stock(table(settings.stock_table))
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    return Syncing(
        merchants=merchants,
        catalogue=Catalogue(table(settings.catalogue_table)),
        stock=stock,
        synced=SyncedStock(stock),
        progress=Progress(stock.table, "sync"),
        suppliers=Suppliers(merchants, keys, provider_http(), settings.supplier_api_bases),
        events=StockEvents(table(settings.notifications_table)),
        mail_queue=MailQueue(client("sqs"), settings.mail_queue_url),
    )


def warm() -> None:
    if on_lambda():
        syncing()
