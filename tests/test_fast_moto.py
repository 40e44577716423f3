"""What is done faster is answered alike: moto as it is, and as our tests use it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.fast_moto import fast_moto

KEY = {"pk": {"S": "one"}}
ITEM = {
    **KEY,
    "since": {"N": "7"},
    "sealed": {"B": b"\x00\xff"},
    "marks": {"SS": ["b", "a"]},
    "seals": {"BS": [b"1", b"2"]},
    "order_lines": {"L": [{"M": {"left": {"N": "2"}, "seal": {"B": b"3"}}}, {"NULL": True}]},
    "picks": {"M": {"x": {"B": b"4"}, "y": {"L": [{"BOOL": False}]}}},
}
VALUES = {":one": {"N": "1"}, ":seal": {"B": b"5"}, ":mark": {"SS": ["c"]}}
UPDATE = (
    "SET order_lines[0].#left = order_lines[0].#left - :one, picks.z = :seal,"
    " added = if_not_exists(gone, :one) REMOVE picks.x ADD marks :mark"
)
NEVER = {"ConditionExpression": "attribute_not_exists(pk)"}
TOLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def asked() -> Iterator[Callable[[Any], Any]]:
    """In this order, of one table."""
    table = {"TableName": "t"}
    put = {**table, "Item": ITEM}
    update = {**table, "Key": KEY, "UpdateExpression": UPDATE}
    named = {"ExpressionAttributeNames": {"#left": "left"}, "ExpressionAttributeValues": VALUES}
    query = {**table, "KeyConditionExpression": "pk = :pk"}
    yield lambda dynamodb: dynamodb.put_item(**put)
    yield lambda dynamodb: dynamodb.put_item(**put, **NEVER)
    yield lambda dynamodb: dynamodb.put_item(**put, **NEVER, **TOLD)
    yield lambda dynamodb: dynamodb.get_item(**table, Key=KEY, ConsistentRead=True)
    yield lambda dynamodb: dynamodb.get_item(**table, Key={"pk": {"S": "none"}})
    yield lambda dynamodb: dynamodb.get_item(**table, Key={"no": {"S": "none"}})
    yield lambda dynamodb: dynamodb.get_item(TableName="none", Key=KEY)
    for returned in ("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"):
        how = {"ReturnValues": returned, "ReturnConsumedCapacity": "TOTAL"}
        yield partial(lambda how, dynamodb: dynamodb.update_item(**update, **named, **how), how)
    yield lambda dynamodb: dynamodb.update_item(**update, **named, **NEVER, **TOLD)
    yield lambda dynamodb: dynamodb.update_item(**update)
    yield lambda dynamodb: dynamodb.update_item(
        **table, Key=KEY, UpdateExpression="SET a = a SET b"
    )
    yield lambda dynamodb: dynamodb.query(
        **query,
        ExpressionAttributeValues={":pk": {"S": "one"}},
        ProjectionExpression="since, picks",
    )
    yield lambda dynamodb: dynamodb.scan(**table)
    yield lambda dynamodb: dynamodb.batch_get_item(RequestItems={"t": {"Keys": [KEY]}})
    yield lambda dynamodb: dynamodb.batch_write_item(
        RequestItems={"t": [{"PutRequest": {"Item": {"pk": {"S": "two"}}}}]}
    )
    yield lambda dynamodb: dynamodb.transact_write_items(
        TransactItems=[
            {"Update": {**update, **named}},
            {"Delete": {**table, "Key": {"pk": {"S": "two"}}, **NEVER, **TOLD}},
        ]
    )
    yield lambda dynamodb: dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {**table, "Item": {"pk": {"S": "three"}}, **NEVER}},
            {"Update": {**update, **named}},
        ]
    )
    yield lambda dynamodb: dynamodb.transact_get_items(
        TransactItems=[{"Get": {**table, "Key": KEY}}]
    )
    yield lambda dynamodb: dynamodb.delete_item(**table, Key=KEY, ReturnValues="ALL_OLD")
    yield lambda dynamodb: dynamodb.scan(**table)


def answers(faster: Callable[[], AbstractContextManager[None]]) -> list[Any]:
    with mock_aws(), faster():
        dynamodb = boto3.client(
            "dynamodb",
            region_name="eu-central-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        dynamodb.create_table(
            TableName="t",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return [answer(dynamodb, ask) for ask in asked()]


def answer(dynamodb: Any, ask: Callable[[Any], Any]) -> Any:
    try:
        found = ask(dynamodb)
    except ClientError as error:
        found = error.response
    return found | {"ResponseMetadata": found["ResponseMetadata"]["HTTPStatusCode"]}


def test_every_answer_is_moto_s_own() -> None:
    assert answers(fast_moto) == answers(nullcontext)
