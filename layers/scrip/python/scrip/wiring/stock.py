"""What `schedule_watch_stock` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.ended_stock import EndedStock
from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.stock import Stock
from scrip.adapters.stock_events import StockEvents
from scrip.adapters.stock_watch import StockWatch
from scrip.settings import StockWatchSettings, load, on_lambda
from scrip.wiring.clients import client, table


@dataclass(frozen=True, slots=True)
class Watching:
    merchants: Merchants
    catalogue: Catalogue
    orders: Orders
    stock: Stock
    ended: EndedStock
    watch: StockWatch
    events: StockEvents
    mail_queue: MailQueue


@cache
def watching() -> Watching:
    settings = load(StockWatchSettings)
    stock = Stock(table(settings.stock_table))
    return Watching(
        merchants=Merchants(table(settings.merchants_table)),
        catalogue=Catalogue(table(settings.catalogue_table)),
        orders=Orders(table(settings.orders_table)),
        stock=stock,
        ended=EndedStock(stock),
        watch=StockWatch(table(settings.stock_table)),
        events=StockEvents(table(settings.notifications_table)),
        mail_queue=MailQueue(client("sqs"), settings.mail_queue_url),
    )


def warm() -> None:
    if on_lambda():
        watching()
