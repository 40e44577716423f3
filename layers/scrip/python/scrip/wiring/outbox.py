"""What `stream_publish_orders` needs."""

from functools import cache

from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.money_events import MoneyEvents
from scrip.adapters.order_stream import OrderMove, read_records
from scrip.adapters.resale_queue import ResaleQueue
from scrip.adapters.top_up_queue import TopUpQueue
from scrip.settings import OutboxSettings, load, on_lambda
from scrip.wiring.clients import client, table

__all__ = [
    "OrderMove",
    "mail_queue",
    "money_events",
    "read_records",
    "resale_queue",
    "top_up_queue",
    "warm",
]


@cache
def mail_queue() -> MailQueue:
    return MailQueue(client("sqs"), load(OutboxSettings).mail_queue_url)


@cache
def top_up_queue() -> TopUpQueue:
    return TopUpQueue(client("sqs"), load(OutboxSettings).top_up_queue_url)


@cache
def resale_queue() -> ResaleQueue:
    return ResaleQueue(client("sqs"), load(OutboxSettings).resale_queue_url)


@cache
def money_events() -> MoneyEvents:
    return MoneyEvents(table(load(OutboxSettings).notifications_table))


def warm() -> None:
    if on_lambda():
        money_events()
        mail_queue()
