"""Order moves that the outbox gave up on: found again and told again.

Lambda's on-failure message says where the records lie (shard, first and last sequence number); it
does not hold them. The stream keeps them for 24 hours. After that the orders table is asked which
orders were delivered in those moments. Telling one twice is harmless: the mail's mark knows. What
became of the money of others is not found that way.

Source: docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from infra.admin.stack import Deployment
from scrip.adapters.aws import AwsClient, ask, code_of
from scrip.adapters.order_stream import read_records
from scrip.chance import now_ms
from scrip.contracts.merchant import PAGE_LIMIT, OrdersQuery
from scrip.domain.errors import StoreUnavailable
from scrip.domain.order import DeliveredOrder, Order, OrderRecord, RefundDueOrder
from scrip.flows.list_orders import list_orders
from scrip.flows.publish_order_moves import publish_order_move
from scrip.flows.queue_resale_news import queue_resale_news
from scrip.flows.tell_of_money import tell_of_money

EMPTY_PAGES = 20
"""A stream may answer with empty pages before the records it was asked for."""

SLACK_MS = 60_000
"""Between a function's clock and the stream's."""

PLACED_BEFORE_MS = 4 * 86_400_000
"""How long before its delivery an order may have been placed: a day to pay, three of retries."""

GONE = ("TrimmedDataAccessException", "ResourceNotFoundException")

SequenceNumber = Annotated[str, msgspec.Meta(pattern="^[0-9]{21,40}$")]


class Place(msgspec.Struct, rename="camel", frozen=True):
    """Records of one shard, from the first sequence number to the last, both included."""

    shard_id: Annotated[str, msgspec.Meta(min_length=28)]
    start_sequence_number: SequenceNumber
    end_sequence_number: SequenceNumber
    stream_arn: Annotated[str, msgspec.Meta(min_length=37)]
    approximate_arrival_of_first_record: datetime
    approximate_arrival_of_last_record: datetime
    batch_size: int


class GivenUp(msgspec.Struct, frozen=True):
    """What Lambda puts into the dead-letter queue. More fields stand in it; these are needed."""

    place: Place = msgspec.field(name="DDBStreamBatchInfo")


class Told(NamedTuple):
    """Orders told again, where they were found, and records that are no order."""

    orders: list[dict[str, str]]
    unreadable: list[dict[str, str]]


def read_given_up(body: str) -> Place:
    """Raises msgspec.MsgspecError."""
    return msgspec.json.decode(body, type=GivenUp).place


def tell_again(deployed: Deployment, place: Place) -> Told:
    """Raises StoreUnavailable."""
    try:
        records = list(_records(deployed.client("dynamodbstreams"), place))
    except ClientError as error:
        if code_of(error) not in GONE:
            raise
        return _tell_by_table(deployed, place)
    told = Told([], [])
    for sequence_number, decode in read_records({"Records": records}):
        try:
            old, new = decode()
        except (KeyError, TypeError, ValueError) as error:
            told.unreadable.append(
                {"sequence_number": sequence_number, "reason": type(error).__name__}
            )
            continue
        if _tell(deployed, old, new) and new:
            told.orders.append(_found(new.order, "stream"))
    return told


def _records(streams: AwsClient, place: Place) -> Iterator[dict[str, Any]]:
    iterator = ask(
        streams.get_shard_iterator,
        StreamArn=place.stream_arn,
        ShardId=place.shard_id,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=place.start_sequence_number,
    )["ShardIterator"]
    last, empty = int(place.end_sequence_number), 0
    while iterator and empty < EMPTY_PAGES:
        page = ask(streams.get_records, ShardIterator=iterator)
        for record in page["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number <= last:
                yield as_lambda_hands_over(record)
            if number >= last:
                return
        empty = 0 if page["Records"] else empty + 1
        iterator = page.get("NextShardIterator")
    raise StoreUnavailable(f"the stream did not show {place.end_sequence_number} yet")


def as_lambda_hands_over(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the stream function gets it: binary values as base64 text."""

    def image(name: str) -> dict[str, Any]:
        return {
            attribute: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
            for attribute, value in record["dynamodb"][name].items()
        }

    change = dict(record["dynamodb"])
    change |= {name: image(name) for name in ("OldImage", "NewImage") if name in change}
    return {**record, "dynamodb": change}


def _tell_by_table(deployed: Deployment, place: Place) -> Told:
    told = Told([], [])
    for record in delivered_between(
        deployed,
        int(place.approximate_arrival_of_first_record.timestamp() * 1000) - SLACK_MS,
        int(place.approximate_arrival_of_last_record.timestamp() * 1000) + SLACK_MS,
    ):
        if _tell(deployed, None, record):
            told.orders.append(_found(record.order, "table"))
    return told


def _tell(deployed: Deployment, old: OrderRecord | None, new: OrderRecord | None) -> bool:
    """Without what it was, all that an order has beside it is told: what is on record stays."""
    queue_resale_news(old, new, queue=deployed.resale_queue)
    queue = deployed.mail_queue
    ready = publish_order_move(old, new, mail_queue=queue)
    events = deployed.money_events
    return bool(tell_of_money(old, new, now_ms=now_ms(), events=events, mail_queue=queue)) or ready


def delivered_between(deployed: Deployment, since_ms: int, until_ms: int) -> Iterator[OrderRecord]:
    """Orders of every shop that became readable in that time."""
    for merchant_id in sorted(deployed.merchants.ids()):
        cursor: str | None = None
        while True:
            query = OrdersQuery(
                from_ms=max(0, since_ms - PLACED_BEFORE_MS),
                to_ms=until_ms,
                limit=PAGE_LIMIT,
                cursor=cursor,
            )
            page = list_orders(merchant_id, query, orders=deployed.orders)
            for record in page.records:
                order = record.order
                if (
                    isinstance(order, DeliveredOrder | RefundDueOrder)
                    and since_ms <= order.delivered_at_ms <= until_ms
                ):
                    yield record
            cursor = page.next_cursor
            if cursor is None:
                break


def _found(order: Order, where: str) -> dict[str, str]:
    return {"merchant_id": order.merchant_id, "order_id": order.order_id, "found_in": where}
