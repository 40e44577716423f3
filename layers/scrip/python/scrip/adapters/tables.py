"""DynamoDB: items as plain dicts, conditional writes that tell what stood in the way.

Values: str, int, bool, None, bytes, list, dict and set of int or of str. No
floats: nothing here needs one.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from scrip.adapters.aws import AwsClient, ask, code_of
from scrip.domain.errors import StoreUnavailable

Item = dict[str, Any]

CONFLICT_TRIES = 5
CONFLICT_PAUSE_SECONDS = 0.02
BATCH_GET_KEYS = 100


class ConditionFailed(Exception):
    """A conditional write did nothing. `item` is what stood there, None if nothing did."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("condition failed")
        self.item = item


class Table:
    """One table. Every method raises StoreUnavailable when DynamoDB cannot answer for now."""

    def __init__(self, client: AwsClient, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, key: Item, *, consistent: bool = False) -> Item | None:
        answer = ask(
            self.client.get_item,
            TableName=self.name,
            Key=encode_item(key),
            ConsistentRead=consistent,
        )
        return decode_item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Item], *, consistent: bool = False) -> list[Item]:
        """Items that exist, in no order."""
        found: list[Item] = []
        for start in range(0, len(keys), BATCH_GET_KEYS):
            wanted = [encode_item(key) for key in keys[start : start + BATCH_GET_KEYS]]
            for _ in range(CONFLICT_TRIES):
                answer = ask(
                    self.client.batch_get_item,
                    RequestItems={self.name: {"Keys": wanted, "ConsistentRead": consistent}},
                )
                found += [decode_item(item) for item in answer["Responses"].get(self.name, [])]
                wanted = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
                if not wanted:
                    break
                time.sleep(CONFLICT_PAUSE_SECONDS)
            else:
                raise StoreUnavailable("UnprocessedKeys")
        return found

    def put(
        self,
        item: Item,
        *,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Raises ConditionFailed."""
        parameters: dict[str, Any] = {"Item": encode_item(item)}
        if condition:
            parameters["ConditionExpression"] = condition
        if values:
            parameters["ExpressionAttributeValues"] = encode_item(values)
        self._write("put_item", parameters)

    def delete(self, key: Item) -> Item | None:
        """What was there, None if nothing was."""
        parameters = {"Key": encode_item(key), "ReturnValues": "ALL_OLD"}
        answer = self._write("delete_item", parameters)
        return decode_item(answer.get("Attributes", {})) or None

    def update(
        self,
        key: Item,
        expression: str,
        *,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
        condition: str | None = None,
        returns: str = "NONE",
    ) -> Item:
        """Attributes that `returns` asks for. Raises ConditionFailed."""
        parameters: dict[str, Any] = {
            "Key": encode_item(key),
            "UpdateExpression": expression,
            "ReturnValues": returns,
        }
        if values:
            parameters["ExpressionAttributeValues"] = encode_item(values)
        if names:
            parameters["ExpressionAttributeNames"] = dict(names)
        if condition:
            parameters["ConditionExpression"] = condition
        return decode_item(self._write("update_item", parameters).get("Attributes", {}))

    def query(
        self,
        condition: str,
        values: Mapping[str, Any],
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        consistent: bool = False,
    ) -> Iterator[Item]:
        """All matching items, page by page; `limit` bounds how many are read."""
        parameters: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": encode_item(values),
            "ScanIndexForward": not newest_first,
            "ConsistentRead": consistent,
        }
        if index:
            parameters["IndexName"] = index
        if limit:
            parameters["Limit"] = limit
        return self._pages(self.client.query, parameters, limit)

    def scan(self, condition: str, values: Mapping[str, Any]) -> Iterator[Item]:
        parameters = {
            "TableName": self.name,
            "FilterExpression": condition,
            "ExpressionAttributeValues": encode_item(values),
        }
        return self._pages(self.client.scan, parameters, None)

    def _pages(self, method: Any, parameters: dict[str, Any], limit: int | None) -> Iterator[Item]:
        left = limit
        while True:
            answer = ask(method, **parameters)
            for item in answer["Items"]:
                yield decode_item(item)
            if left is not None:
                left -= len(answer["Items"])
            if "LastEvaluatedKey" not in answer or (left is not None and left <= 0):
                return
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _write(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """A write of one item. botocore does not repeat a write that met a transaction: we do."""
        for left in reversed(range(CONFLICT_TRIES)):
            try:
                return ask(
                    getattr(self.client, method),
                    TableName=self.name,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **parameters,
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                old: Any = error.response.get("Item")
                raise ConditionFailed(decode_item(old) if old else None) from error
            except StoreUnavailable as error:
                if error.detail != "TransactionConflictException" or not left:
                    raise
                time.sleep(CONFLICT_PAUSE_SECONDS)
        raise AssertionError("unreachable")


def encode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _encode(value) for name, value in item.items()}


def decode_item(item: Mapping[str, Any]) -> Item:
    return {name: _decode(value) for name, value in item.items()}


def _encode(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [_encode(each) for each in value]}
        case dict():
            return {"M": encode_item(value)}
        case set() | frozenset() if all(isinstance(each, str) for each in value):
            return {"SS": sorted(value)}
        case set() | frozenset():
            return {"NS": [str(each) for each in sorted(value)]}
    raise TypeError(f"no attribute type for {type(value).__name__}")


def _decode(value: Mapping[str, Any]) -> Any:
    [(kind, inner)] = value.items()
    match kind:
        case "S" | "BOOL":
            return inner
        case "N":
            return int(inner)
        case "B":
            return bytes(inner)
        case "NULL":
            return None
        case "L":
            return [_decode(each) for each in inner]
        case "M":
            return decode_item(inner)
        case "SS":
            return set(inner)
        case "NS":
            return {int(each) for each in inner}
    raise TypeError(f"unexpected attribute type {kind}")
