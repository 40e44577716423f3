"""What moto and botocore do anew for each request, done once: a third of what our tests cost.

moto looks in each DynamoDB value for each of the ten types that it might be of: here for the one
that is there. It reads each condition letter by letter, and copies the whole table for each item of
a transaction. botocore checks each letter of its own name.
"""

import copy
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest import mock

import botocore.useragent
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import ConditionExpressionParser as Parser
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table as DynamoTable

_whole = BaseJSONSerializer._serialize_type_structure


def _serialize(self: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue" or not key or not isinstance(value, dict):
        _whole(self, serialized, value, shape, key)
        return
    found: dict[str, Any] = {}
    for name, inner in value.items():
        self._serialize(found, inner, shape.members[name], name)
    self._default_serialize(serialized, found, shape, key)


_read = Parser._lex_condition_expression


@cache
def _words(expression: str) -> list[tuple[Any, Any, str]]:
    parser = Parser(expression, {}, {})
    return [(node.nonterminal, node.kind, node.text) for node in _read(parser)]


def _lex(self: Parser) -> "deque[Parser.Node]":
    return deque(
        self.Node(nonterminal=nonterminal, kind=kind, text=text, value=text, children=[])
        for nonterminal, kind, text in _words(self.condition_expression)
    )


_write_together = DynamoDBBackend.transact_write_items


def _transact(self: DynamoDBBackend, items: list[dict[str, Any]]) -> None:
    before: dict[int, Any] = {}

    def deepcopy(value: Any) -> Any:
        if not isinstance(value, DynamoTable):
            return copy.deepcopy(value)
        if id(value) not in before:
            before[id(value)] = copy.deepcopy(value)
        return before[id(value)]

    with mock.patch("moto.dynamodb.models.copy", SimpleNamespace(deepcopy=deepcopy)):
        _write_together(self, items)


_sanitized = cache(botocore.useragent.sanitize_user_agent_string_component)


_numbers = count()


def _numbered(headers: dict[str, Any] | None = None) -> str:
    name = f"{next(_numbers):052d}"
    if headers is not None:
        headers["x-amzn-requestid"] = name
    return name


@contextmanager
def fast_moto() -> Iterator[None]:
    with (
        mock.patch.object(BaseJSONSerializer, "_serialize_type_structure", _serialize),
        mock.patch.object(Parser, "_lex_condition_expression", _lex),
        mock.patch.object(DynamoDBBackend, "transact_write_items", _transact),
        mock.patch("moto.core.responses.gen_amzn_requestid_long", _numbered),
        mock.patch("botocore.useragent.sanitize_user_agent_string_component", _sanitized),
    ):
        yield
