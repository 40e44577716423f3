"""What resellers are told at their own address, and the queue's messages that have it told."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import msgspec

from scrip.contracts.resale import ResaleOrder
from scrip.contracts.resale_views import order_view
from scrip.domain.order import OrderRecord
from scrip.domain.resale_news import Telling


class OrderEnded(msgspec.Struct):
    """The body of a callback. `data`: the order as reading it would answer. No codes."""

    type: Literal["order.ended"]
    data: ResaleOrder


class TellReseller(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Tell of an order, at this time or later. Ids only."""

    merchant_id: str
    order_id: str
    at_ms: int = 0
    tried: int = 0


def encode_news(record: OrderRecord) -> bytes:
    return msgspec.json.encode(OrderEnded("order.ended", order_view(record)))


def encode_telling(telling: Telling) -> str:
    return msgspec.json.encode(TellReseller(*telling)).decode()


def read_tellings(event: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Telling]]]:
    """Each message's id and how to decode it: one that does not fit must not stop the others."""
    for record in event["Records"]:
        yield record["messageId"], partial(_telling, record["body"].encode())


def _telling(body: bytes) -> Telling:
    """Raises msgspec.ValidationError, msgspec.DecodeError."""
    told = msgspec.json.decode(body, type=TellReseller)
    return Telling(told.merchant_id, told.order_id, told.at_ms, told.tried)
