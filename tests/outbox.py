"""What the orders table's stream and the mail queue hold, as the events Lambda makes of them."""

import base64
import datetime
from typing import Any

import boto3
import yaml
from moto.ses.models import ses_backends

from tests import template
from tests.in_memory import REGION, TABLES, InMemory

ACCOUNT = "123456789012"


def stream_event(cloud: InMemory) -> dict[str, Any]:
    """Every change of the orders table so far, in one event."""
    name = cloud.values[TABLES["orders"] + "Table"]
    arn = boto3.client("dynamodb").describe_table(TableName=name)["Table"]["LatestStreamArn"]
    streams = boto3.client("dynamodbstreams")
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return {"Records": [_as_lambda(record) for record in records]}


def queued_event(cloud: InMemory) -> dict[str, Any]:
    """All messages of the mail queue, taken off it, in one event."""
    sqs, url = boto3.client("sqs"), cloud.values["MailQueueUrl"]
    records = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            records.append({"messageId": message["MessageId"], "body": message["Body"]})
    return {"Records": records}


def passes(record: dict[str, Any]) -> bool:
    """Whether the template's filter lets a record of the stream through to the outbox."""
    trigger = template.functions()["stream_publish_orders"]["Events"]["OrderMoved"]["Properties"]
    filters = trigger["FilterCriteria"]["Filters"]
    return any(_fits(record, yaml.safe_load(each["Pattern"])) for each in filters)


def _fits(value: Any, pattern: Any) -> bool:
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            _fits(value.get(name), each) for name, each in pattern.items()
        )
    return value in pattern


def publish(cloud: InMemory) -> Any:
    """Run the outbox over every change so far, as far as the template's filter lets it through."""
    records = [each for each in stream_event(cloud)["Records"] if passes(each)]
    return cloud.invoke("stream_publish_orders", {"Records": records})


def sent_mail() -> list[Any]:
    """Mail that SES took: destinations, subject and body."""
    return list(ses_backends[ACCOUNT][REGION].sent_messages)


def _as_lambda(value: Any) -> Any:
    """Lambda hands over binary values as base64 text and times as seconds."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime.datetime():
            return value.timestamp()
        case dict():
            return {name: _as_lambda(each) for name, each in value.items()}
        case list():
            return [_as_lambda(each) for each in value]
    return value
