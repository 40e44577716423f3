"""What `stream_publish_orders` needs."""

from functools import cache

from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.order_stream import OrderMove, read_records
from scrip.settings import OutboxSettings, load, on_lambda
from scrip.wiring.clients import client

__all__ = ["OrderMove", "mail_queue", "read_records", "warm"]


@cache
def mail_queue() -> MailQueue:
    return MailQueue(client("sqs"), load(OutboxSettings).mail_queue_url)


def warm() -> None:
    if on_lambda():
        mail_queue()
