"""The outbox: orders that became readable are told to the mail queue, nothing else is."""

import json
from typing import Any

import boto3
import pytest

from scrip.adapters.mail_queue import MailQueue
from scrip.domain.errors import StoreUnavailable
from tests.contents import queued
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.outbox import passes, publish, queued_event, stream_event
from tests.samples import sample
from tests.shop import Reply, Shop

NO_FAILURES: dict[str, list[Any]] = {"batchItemFailures": []}


def told(cloud: InMemory) -> list[dict[str, str]]:
    return [json.loads(record["body"]) for record in queued_event(cloud)["Records"]]


def order_id(placed: Reply) -> str:
    return str(placed.json["order"]["order_id"])


def test_the_sample_event_is_told_with_ids_only(cloud: InMemory) -> None:
    event = sample("stream_publish_orders", "delivered")

    assert cloud.invoke("stream_publish_orders", event) == NO_FAILURES

    assert told(cloud) == [
        {
            "merchant_id": "demo",
            "order_id": "7K2M9Q4XTB3WHD5N",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        }
    ]


def test_of_all_moves_only_readable_orders_are_told(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    shop.stock_up("few", ["FEW-1", "FEW-2", "FEW-3"])
    delivered = shop.place({"few": 1})
    partly = shop.place({"few": 3})
    unfilled = shop.place({"few": 1})
    abandoned = shop.place({"few": 1})
    for placed in (delivered, partly, unfilled):
        shop.pay(placed)
    shop.pay(delivered, id="pi_stray")
    clock.ahead_ms = 2 * 3_600_000
    cloud.invoke("schedule_expire_orders", {})
    states = [shop.read(each).json["state"] for each in (delivered, partly, unfilled, abandoned)]
    assert states == ["delivered", "refund_due", "refund_due", "expired"]

    assert publish(cloud) == NO_FAILURES

    ready = [each for each in told(cloud) if "kind" not in each]
    assert [each["order_id"] for each in ready] == [order_id(delivered), order_id(partly)]


def test_of_a_usual_order_one_move_comes_to_the_outbox(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    placed, _unpaid = stocked.place({"card-50": 2}), stocked.place({"card-50": 1})
    stocked.pay(placed)
    stocked.reveal(placed)
    clock.ahead_ms = 2 * 3_600_000
    cloud.invoke("schedule_expire_orders", {})

    moves = stream_event(cloud)["Records"]

    assert len(moves) > 4
    assert [passes(each) for each in moves].count(True) == 1


def test_an_order_gone_after_its_time_is_not_told(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed)
    publish(cloud)
    told(cloud)
    cloud.table("orders").delete_item(Key={"pk": f"demo#{order_id(placed)}"})
    event = stream_event(cloud)
    event["Records"] = event["Records"][-1:]
    assert event["Records"][0]["eventName"] == "REMOVE"

    assert cloud.invoke("stream_publish_orders", event) == NO_FAILURES
    assert told(cloud) == []


def test_a_record_that_cannot_be_read_stops_the_batch_there(cloud: InMemory) -> None:
    event = sample("stream_publish_orders", "poison_among_good")

    answer = cloud.invoke("stream_publish_orders", event)

    poison = event["Records"][2]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": poison}]}
    assert [each["order_id"] for each in told(cloud)] == ["7K2M9Q4XTB3WHD5N"]
    event["Records"] = event["Records"][3:]  # the poison went to the failure destination
    assert cloud.invoke("stream_publish_orders", event) == NO_FAILURES
    assert [each["order_id"] for each in told(cloud)] == ["9PA2ZD8K0Q6V4TRE"]


def test_when_the_queue_is_away_the_record_comes_again(
    cloud: InMemory, stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stocked.place({"card-50": 1}), stocked.place({"card-50": 1})
    stocked.pay(first)
    stocked.pay(second)
    event = stream_event(cloud)
    tell, calls = MailQueue.order_ready, []

    def once(self: MailQueue, *ids: str) -> None:
        calls.append(ids)
        if len(calls) == 2:
            raise StoreUnavailable("ServiceUnavailable")
        tell(self, *ids)

    monkeypatch.setattr(MailQueue, "order_ready", once)

    [failure] = cloud.invoke("stream_publish_orders", event)["batchItemFailures"]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    left = numbers.index(failure["itemIdentifier"])
    again = cloud.invoke("stream_publish_orders", {"Records": event["Records"][left:]})

    assert again == NO_FAILURES
    assert [each["order_id"] for each in told(cloud)] == [order_id(first), order_id(second)]


def test_a_queue_that_does_not_exist_fails_the_record(cloud: InMemory) -> None:
    boto3.client("sqs").delete_queue(QueueUrl=cloud.values["MailQueueUrl"])
    event = sample("stream_publish_orders", "delivered")

    [failure] = cloud.invoke("stream_publish_orders", event)["batchItemFailures"]

    assert failure["itemIdentifier"] == event["Records"][0]["dynamodb"]["SequenceNumber"]


def test_telling_twice_is_harmless(cloud: InMemory, stocked: Shop) -> None:
    stocked.pay(stocked.place({"card-50": 1}))

    assert publish(cloud) == publish(cloud) == NO_FAILURES

    assert queued(cloud) == 2
