"""Queues by command: what waits, and sending again what was given up on."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from infra.admin import queues
from infra.admin.dead_letters import Letter, Queue
from scrip.contracts.import_messages import FileUploaded
from scrip.contracts.import_messages import encode_message as encode_import
from scrip.contracts.messages import MoneyMoved, OrderReady, StockWarned, encode_message
from scrip.contracts.resale_messages import encode_telling
from scrip.contracts.top_up_messages import encode_due
from scrip.domain.resale_news import Telling
from scrip.domain.top_up import Due, Unit
from tests.admin.operator import Operator
from tests.in_memory import InMemory
from tests.shop import Reply, Shop

GONE = "arn:aws:dynamodb:eu-central-1:123456789012:table/Gone/stream/2026-01-01T00:00:00.000"
SHARD = "shardId-00000001541626099285-f35f62ef"
FIRST, SECOND = "800000000003126276362", "800000000003126276363"
MAIL, MAIL_DEAD, STREAM_DEAD = "MailQueueUrl", "MailDeadQueueUrl", "OrdersStreamDeadQueueUrl"


def send(url: str, body: str) -> None:
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody=body)


def ready(number: int) -> str:
    return encode_message(OrderReady("acme", f"{number:016d}", "0" * 32))


def bodies(url: str) -> list[Any]:
    """What lies in a queue, read without taking it away."""
    sqs, found = boto3.client("sqs"), []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600
    ).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return sorted(found, key=json.dumps)


def delivered(shop: Shop) -> Reply:
    placed = shop.place({"card": 1})
    assert shop.pay(placed).json["outcome"] == "delivered"
    return placed


def order_id(placed: Reply) -> str:
    found: str = placed.json["order"]["order_id"]
    return found


def stream(cloud: InMemory) -> tuple[str, str, list[str]]:
    """ARN, shard and sequence numbers of the orders table's stream so far."""
    arn = cloud.table("orders").latest_stream_arn
    streams = boto3.client("dynamodbstreams")
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    return arn, shard["ShardId"], numbers


def given_up(arn: str, shard: str, first: str, last: str, at: datetime | None = None) -> str:
    """Lambda's message about records it gave up on, as its manual shows it."""
    when = (at or datetime.now(UTC)).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps(
        {
            "requestContext": {
                "requestId": "316aa6d0-8154-4000-9af7-85d5f4a6bc81",
                "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:publish",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 11,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": when,
            "DDBStreamBatchInfo": {
                "shardId": shard,
                "startSequenceNumber": first,
                "endSequenceNumber": last,
                "approximateArrivalOfFirstRecord": when,
                "approximateArrivalOfLastRecord": when,
                "batchSize": 1 + int(last) - int(first),
                "streamArn": arn,
            },
        }
    )


def test_queues_are_listed_with_depth_and_age(operator: Operator, outputs: dict[str, str]) -> None:
    for number in range(3):
        send(outputs[MAIL_DEAD], ready(number))

    listed = operator.done("queue", "list")["queues"]
    again = operator.done("queue", "list")["queues"]

    waiting = {(q["name"], q["dead"]): q["waiting"] for q in listed}
    names = ("mail", "top-ups", "resellers", "imports")
    assert set(waiting) == {(each, dead) for each in names for dead in (False, True)} | {
        ("orders-stream", True)
    }
    assert {place for place, number in waiting.items() if number} == {("mail", True)}
    assert waiting["mail", True] == 3
    aged = [(q["name"], q["dead"]) for q in listed if q["oldest_seconds"] is not None]
    assert aged == [("mail", True)]
    assert [q["waiting"] for q in again] == [*waiting.values()]  # looking takes nothing away


def test_dead_mail_goes_back_to_its_queue(operator: Operator, outputs: dict[str, str]) -> None:
    for number in range(12):
        send(outputs[MAIL_DEAD], ready(number))

    answer = operator.done("queue", "redrive", "mail", "--yes")

    assert (answer["redriven"], answer["kept"], answer["waiting"]) == (12, 0, 0)
    assert {o["order_id"] for o in answer["orders"]} == {f"{n:016d}" for n in range(12)}
    assert bodies(outputs[MAIL]) == [json.loads(ready(n)) for n in range(12)]
    assert bodies(outputs[MAIL_DEAD]) == []


def test_no_more_go_back_than_asked_for(operator: Operator, outputs: dict[str, str]) -> None:
    for number in range(5):
        send(outputs[MAIL_DEAD], ready(number))

    answer = operator.done("queue", "redrive", "mail", "--max", "2", "--yes")

    assert (answer["redriven"], answer["waiting"]) == (2, 3)
    assert len(bodies(outputs[MAIL])) == 2


def test_nothing_moves_until_the_operator_agrees(
    operator: Operator, outputs: dict[str, str]
) -> None:
    send(outputs[MAIL_DEAD], ready(7))

    asked = operator.run("queue", "redrive", "mail", stdin="n\n")

    assert asked.exit_code == 1
    assert "dead-letter queue of mail: 1" in asked.stderr
    assert "order 0000000000000007 of acme" in asked.stderr
    assert bodies(outputs[MAIL]) == []

    agreed = operator.run("queue", "redrive", "mail", stdin="y\n")

    assert agreed.stdout.splitlines()[0] == "1 sent again, 0 kept, 0 wait"
    assert bodies(outputs[MAIL]) == [json.loads(ready(7))]


def test_a_dead_warning_about_stock_is_told_by_its_event_and_sent_again(
    operator: Operator, outputs: dict[str, str]
) -> None:
    send(outputs[MAIL_DEAD], encode_message(StockWarned("acme", "card.1.low")))

    asked = operator.run("queue", "redrive", "mail", stdin="y\n")

    assert "stock warning card.1.low of acme" in asked.stderr
    [moved] = bodies(outputs[MAIL])
    assert moved == {"kind": "stock_warned", "merchant_id": "acme", "event_id": "card.1.low"}


def test_a_dead_mail_about_money_is_told_by_its_event(
    operator: Operator, outputs: dict[str, str]
) -> None:
    send(outputs[MAIL_DEAD], encode_message(MoneyMoved("acme", "7K2M.stripe#pi_1.second.hold")))

    asked = operator.run("queue", "redrive", "mail", stdin="y\n")

    assert "money event 7K2M.stripe#pi_1.second.hold of acme" in asked.stderr
    assert [moved["kind"] for moved in bodies(outputs[MAIL])] == ["money_moved"]


OF_QUEUES = [
    (
        "top-ups",
        "TopUp",
        encode_due(Due(Unit("acme", f"{7:016d}", 0, 1), 3)),
        "unit 0/1 of order 0000000000000007 of acme",
        [f"{7:016d}"],
    ),
    (
        "resellers",
        "Resale",
        encode_telling(Telling("acme", f"{8:016d}", 5, 2)),
        "order 0000000000000008 of acme",
        [f"{8:016d}"],
    ),
    ("imports", "Import", encode_import(FileUploaded("acme", "i1")), "import i1 of acme", []),
]


@pytest.mark.parametrize(("name", "output", "body", "about", "orders"), OF_QUEUES)
def test_what_is_dead_is_told_by_its_ids_and_goes_back_as_it_was(
    operator: Operator,
    outputs: dict[str, str],
    name: str,
    output: str,
    body: str,
    about: str,
    orders: list[str],
) -> None:
    for _ in range(2):
        send(outputs[f"{output}DeadQueueUrl"], body)

    asked = operator.run("queue", "redrive", name, stdin="n\n")
    answer = operator.done("queue", "redrive", name, "--yes")

    assert about in asked.stderr
    assert (answer["redriven"], answer["waiting"]) == (2, 0)
    assert [each["order_id"] for each in answer["orders"]] == orders
    assert bodies(outputs[f"{output}QueueUrl"]) == [json.loads(body)] * 2


def test_samples_show_ids_and_nothing_else_of_a_message(
    operator: Operator, outputs: dict[str, str]
) -> None:
    send(outputs[MAIL_DEAD], '{"note": "not for eyes"}')

    result = operator.run("queue", "redrive", "mail", stdin="n\n")

    assert "not one of ours" in result.stderr
    assert "not for eyes" not in result.output


def test_dying_between_sending_and_deleting_loses_nothing(
    operator: Operator, outputs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        send(outputs[MAIL_DEAD], ready(number))
    original = Queue.send
    sent: list[Letter] = []

    def dies_after_the_second(self: Queue, letter: Letter) -> None:
        original(self, letter)
        sent.append(letter)
        if len(sent) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Queue, "send", dies_after_the_second)

    killed = operator.run("queue", "redrive", "mail", "--yes")
    monkeypatch.undo()
    operator.done("queue", "redrive", "mail", "--yes")

    assert killed.exit_code == 1
    assert {body["order_id"] for body in bodies(outputs[MAIL])} == {f"{n:016d}" for n in range(3)}
    assert bodies(outputs[MAIL_DEAD]) == []


def test_moves_are_read_from_the_stream_again_and_told(
    operator: Operator, acme: Shop, outputs: dict[str, str]
) -> None:
    acme.stock_up("card", ["A", "B", "C"])
    before, lost, after = delivered(acme), delivered(acme), delivered(acme)
    arn, shard, numbers = stream(operator.cloud)
    send(outputs[STREAM_DEAD], given_up(arn, shard, numbers[2], numbers[3]))

    asked = operator.run("queue", "redrive", "orders-stream", stdin="n\n")
    answer = operator.done("queue", "redrive", "orders-stream", "--yes")

    assert f"2 records from {numbers[2]} in {shard}" in asked.stderr
    assert (answer["redriven"], answer["kept"], answer["waiting"]) == (1, 0, 0)
    assert answer["orders"] == [
        {"merchant_id": "acme", "order_id": order_id(lost), "found_in": "stream"}
    ]
    [told] = bodies(outputs[MAIL])
    assert told["order_id"] == order_id(lost)
    assert order_id(lost) not in (order_id(before), order_id(after))


def test_moves_that_the_stream_forgot_are_found_in_the_table(
    operator: Operator, acme: Shop, outputs: dict[str, str]
) -> None:
    acme.stock_up("card", ["A", "B"])
    lost, unpaid = delivered(acme), acme.place({"card": 1})
    send(outputs[STREAM_DEAD], given_up(GONE, SHARD, FIRST, SECOND))

    result = operator.run("queue", "redrive", "orders-stream", "--yes")

    assert result.exit_code == 0, result.output
    assert "the stream had forgotten some moves" in result.stderr
    assert order_id(lost) in result.stdout
    assert order_id(unpaid) not in result.stdout
    assert [body["order_id"] for body in bodies(outputs[MAIL])] == [order_id(lost)]


@pytest.mark.parametrize("forgotten", [False, True], ids=["in the stream", "in the table"])
def test_money_beside_lost_orders_is_told_again(
    operator: Operator, acme: Shop, outputs: dict[str, str], *, forgotten: bool
) -> None:
    acme.stock_up("card", ["A"])
    lost = delivered(acme)
    acme.pay(lost, id="pi_second")
    arn, shard, numbers = stream(operator.cloud)
    place = (GONE, SHARD, FIRST, SECOND) if forgotten else (arn, shard, numbers[0], numbers[-1])
    send(outputs[STREAM_DEAD], given_up(*place))

    operator.done("queue", "redrive", "orders-stream", "--yes")

    [ready, money] = sorted(bodies(outputs[MAIL]), key=lambda body: "kind" in body)
    assert ready["order_id"] == order_id(lost)
    assert money["event_id"] == f"{order_id(lost)}.stripe#pi_second.second.refund"


def test_orders_delivered_at_another_time_are_not_told(
    operator: Operator, acme: Shop, outputs: dict[str, str]
) -> None:
    acme.stock_up("card", ["A"])
    delivered(acme)
    longer_ago = datetime(2026, 1, 1, tzinfo=UTC)
    send(outputs[STREAM_DEAD], given_up(GONE, SHARD, FIRST, SECOND, longer_ago))

    answer = operator.done("queue", "redrive", "orders-stream", "--yes")

    assert (answer["redriven"], answer["orders"]) == (1, [])


def test_what_lambda_did_not_write_stays_in_the_queue(
    operator: Operator, outputs: dict[str, str]
) -> None:
    send(outputs[STREAM_DEAD], '{"hello": "there"}')

    answer = operator.done("queue", "redrive", "orders-stream", "--yes")

    assert (answer["redriven"], answer["kept"], answer["waiting"]) == (0, 1, 1)
    assert answer["unreadable"][0]["reason"] == "not of Lambda"


def test_a_record_that_is_no_order_keeps_its_message(
    operator: Operator, acme: Shop, outputs: dict[str, str]
) -> None:
    acme.stock_up("card", ["A"])
    delivered(acme)
    operator.cloud.table("orders").put_item(Item={"pk": "acme#broken", "state": "delivered"})
    arn, shard, numbers = stream(operator.cloud)
    send(outputs[STREAM_DEAD], given_up(arn, shard, numbers[1], numbers[-1]))

    answer = operator.done("queue", "redrive", "orders-stream", "--yes")

    assert (answer["redriven"], answer["kept"], len(answer["orders"])) == (0, 1, 1)
    [broken] = answer["unreadable"]
    assert (broken["sequence_number"], broken["reason"]) == (numbers[-1], "KeyError")


def test_an_empty_queue_needs_no_question(operator: Operator) -> None:
    result = operator.run("queue", "redrive", "mail")

    assert result.exit_code == 0
    assert result.stdout == "0 sent again, 0 kept, 0 wait\n"


def test_only_queues_that_exist_can_be_named(operator: Operator) -> None:
    assert operator.run("queue", "redrive", "everything").exit_code == 2
    assert set(queues.DEAD) == {*queues.WORKING, "orders-stream"}
    assert all(queues.DEAD[name].endswith("DeadQueueUrl") for name in queues.DEAD)
