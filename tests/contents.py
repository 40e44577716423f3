"""What all tables of a deployment in memory hold, to show that a refusal changed nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from tests.in_memory import TABLES, InMemory


def contents(cloud: InMemory) -> dict[str, list[dict[str, Any]]]:
    """Each table's items, sorted by their keys."""
    tables = boto3.resource("dynamodb").Table
    return {
        name: sorted(
            tables(cloud.values[resource + "Table"]).scan(ConsistentRead=True)["Items"],
            key=lambda item: (item["pk"], item.get("sk", "")),
        )
        for name, resource in TABLES.items()
    }


@contextmanager
def nothing_changes(cloud: InMemory) -> Iterator[None]:
    """No item of any table, no message in the mail queue."""
    before = contents(cloud), queued(cloud)
    yield
    assert (contents(cloud), queued(cloud)) == before


def queued(cloud: InMemory) -> int:
    queue = boto3.client("sqs").get_queue_attributes(
        QueueUrl=cloud.values["MailQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(queue["Attributes"]["ApproximateNumberOfMessages"])
