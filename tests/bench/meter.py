"""Counts what handlers ask of AWS, by hooking the very clients they use.

Capacity is what DynamoDB says it consumed. A conditional write that fails is charged too, but its
answer does not say how much: that is counted by the size of the item that stood in the way.
"""

import math
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import botocore.session

from scrip.adapters.bucket import Bucket

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})
WRITE_UNIT_BYTES = 1024


@dataclass
class Tally:
    """Of one invocation, or of many. `requests` by `service:Operation`, repeated attempts too.

    `index_wcu` is the part of `wcu` that went to indexes. `refused`: conditional writes that did
    nothing, by table. `calls`: operation and parameters, in order.
    """

    requests: Counter[str] = field(default_factory=Counter)
    rcu: float = 0.0
    wcu: float = 0.0
    index_wcu: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def of(self, service: str) -> int:
        return sum(n for name, n in self.requests.items() if name.startswith(f"{service}:"))

    def add(self, other: "Tally") -> None:
        self.requests += other.requests
        self.rcu += other.rcu
        self.wcu += other.wcu
        self.index_wcu += other.index_wcu
        self.refused += other.refused


class Meter:
    """Of one botocore session; attach it before the session makes its clients.

    What a thread sends while it is inside `counting` goes to that tally; what all others send goes
    to that of `counting_all_threads`, or nowhere.
    """

    def __init__(self, session: botocore.session.Session) -> None:
        self._here = threading.local()
        self._everybodys: Tally | None = None
        self._turn = threading.Lock()
        session.register("provide-client-params.dynamodb", self._ask_for_capacity)
        session.register("request-created", self._count_request)
        session.register("after-call.dynamodb", self._count_capacity)

    @contextmanager
    def counting(self) -> Iterator[Tally]:
        tally = Tally()
        self._here.tally = tally
        try:
            yield tally
        finally:
            self._here.tally = None

    @contextmanager
    def counting_all_threads(self) -> Iterator[Tally]:
        """For a handler that writes from a pool of threads."""
        self._everybodys = Tally()
        try:
            yield self._everybodys
        finally:
            self._everybodys = None

    def _tally(self) -> Tally | None:
        found: Tally | None = getattr(self._here, "tally", None)
        return found or self._everybodys

    def _ask_for_capacity(self, **given: Any) -> None:
        params: dict[str, Any] = given["params"]
        params["ReturnConsumedCapacity"] = "INDEXES"
        if tally := self._tally():
            tally.calls.append((given["model"].name, dict(params)))

    def _count_request(self, **given: Any) -> None:
        self._count(given["event_name"].split(".")[1], given["operation_name"])

    def _count(self, service: str, operation: str) -> None:
        if tally := self._tally():
            tally.requests[f"{service}:{operation}"] += 1

    @contextmanager
    def signed_requests(self) -> Iterator[None]:
        """Count what is sent without a client, too."""
        ask = vars(Bucket)["_ask"]

        def counted(bucket: Bucket, method: str, *given: Any) -> Any:
            self._count("s3", f"{method.capitalize()}Object")
            if tally := self._tally():
                tally.calls.append((method, {"bucket": bucket, "given": given}))
            return ask(bucket, method, *given)

        with mock.patch.object(Bucket, "_ask", counted):
            yield

    def _count_capacity(self, **given: Any) -> None:
        parsed: dict[str, Any] = given["parsed"]
        tally = self._tally()
        if tally is None:
            return
        with self._turn:
            self._add_capacity(tally, parsed, given["model"].name)

    def _add_capacity(self, tally: Tally, parsed: dict[str, Any], operation: str) -> None:
        if parsed.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            size = item_bytes(parsed.get("Item", {}))
            tally.wcu += max(1, math.ceil(size / WRITE_UNIT_BYTES))
            tally.refused[tally.calls[-1][1]["TableName"]] += 1
            return
        consumed = parsed.get("ConsumedCapacity", [])
        for each in consumed if isinstance(consumed, list) else [consumed]:
            if operation in READS:
                tally.rcu += each["CapacityUnits"]
                continue
            tally.wcu += each["CapacityUnits"]
            indexes = each.get("GlobalSecondaryIndexes", {}).values()
            tally.index_wcu += sum(index["CapacityUnits"] for index in indexes)


def item_bytes(item: dict[str, Any]) -> int:
    """An item's size as DynamoDB counts it (developer guide, "Item sizes and formats")."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: dict[str, Any]) -> int:
    [(kind, inner)] = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return _number_bytes(inner)
        case "B":
            return len(inner)
        case "NS":
            return sum(_number_bytes(each) for each in inner)
        case "L":
            return 3 + sum(1 + _value_bytes(each) for each in inner)
        case "M":
            return 3 + item_bytes(inner) + len(inner)
    return 1  # BOOL, NULL


def _number_bytes(number: str) -> int:
    return (len(number) + 1) // 2 + 1
