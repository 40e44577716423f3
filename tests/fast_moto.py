"""What moto and botocore do anew for each request, done once: half of what our tests cost.

Answers stay as they are; `tests/test_fast_moto.py` compares. A request to DynamoDB is taken
straight to its handler, without being dressed as one to a web server, and its answer is written as
JSON without a look at its shape. moto reads each expression letter by letter, walks an update's
tree once for each of ten checks, asking abstract classes at each node, copies values that nobody
changes, and the whole table for each item of a transaction. botocore checks each letter of its own
name, and signs what nobody verifies.
"""

import base64
import copy
import json
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest import mock

import botocore.useragent
import moto.core.responses
from botocore.awsrequest import AWSPreparedRequest
from botocore.signers import RequestSigner
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.responses import ActionContext, ActionResult
from moto.core.utils import method_names_from_class
from moto.dynamodb.comparisons import ConditionExpressionParser as Parser
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DDBType, DynamoType
from moto.dynamodb.models.table import Table as DynamoTable
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.responses import DynamoHandler

# --- a request and its answer ---------------------------------------------------------------------

_process = BotocoreStubber.process_request


def _request(self: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    host, _, suffix = request.url.removeprefix("https://dynamodb.").partition(".")
    if suffix != "amazonaws.com/":
        return _process(self, request)
    handler = DynamoHandler()
    handler.current_account, handler.region = DEFAULT_ACCOUNT_ID, host
    handler.querystring = {}
    handler.uri_match = {}
    handler.headers = {
        "x-amz-target": _text(request.headers["X-Amz-Target"]),
        "Content-Type": _text(request.headers["Content-Type"]),
    }
    handler.response_headers = {"server": "amazon.com"}
    handler.parse_parameters(
        SimpleNamespace(
            method="POST",
            content_type=handler.headers["Content-Type"],
            values={},
            headers=handler.headers,
            data=request.body,
            path="/",
        )
    )
    return handler.call_action()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


_execute = ActionResult.execute_result
PLAIN_ANSWERS = {
    *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem"),
    *("BatchWriteItem", "TransactGetItems", "TransactWriteItems"),
}


def _result(self: ActionResult, context: ActionContext) -> Any:
    result: Any = self.result
    if context.operation_model.name not in PLAIN_ANSWERS or isinstance(result, Exception):
        return _execute(self, context)
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(result, default=_json)


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, DynamoType):
        return value.to_regular_json()
    raise TypeError(value)


_sign = RequestSigner.sign


def _unsigned(self: Any, *request: Any, **how: Any) -> None:
    """Of others, moto learns the region by their signature."""
    if self._service_id != "DynamoDB":
        _sign(self, *request, **how)


_numbers = count()


def _numbered(headers: dict[str, Any] | None = None) -> str:
    name = f"{next(_numbers):052d}"
    if headers is not None:
        headers["x-amzn-requestid"] = name
    return name


# --- expressions ----------------------------------------------------------------------------------

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


_tree = cache(UpdateExpressionParser.make)
"""Whoever changes a tree copies it first."""


def _copied(self: Node, _: dict[int, Any]) -> Node:
    made: Node = self.__class__.__new__(self.__class__)
    vars(made).update(vars(self))
    if self.children is not None:
        made.children = [_copied(each, _) if _is(each, Node) else each for each in self.children]
        for child in made.children:
            if _is(child, Node):
                child.parent = made
    return made


@cache
def _are(kind: Any, kinds: Any) -> bool:
    return issubclass(kind, kinds)


def _is(value: Any, kinds: Any) -> bool:
    kind: Any = type(value)
    return _are(kind, kinds)


def _traverse(self: DepthFirstTraverser, root: Node) -> Node:
    processes = tuple(self._processing_map().items())
    kinds = tuple(kind for kind, _ in processes)

    def visit(node: Node, at: int) -> Node:
        for place, child in enumerate(node.children or ()):
            self.pre_processing_of_child(node, place)
            if _is(child, Node):
                visit(child, place)
        if not _is(node, kinds):
            return node
        parent = node.parent
        made: Node = next(process for kind, process in processes if _is(node, kind))(node)
        made.parent = parent
        if parent:
            parent.children[at] = made
        return made

    return visit(root, -1)


# --- values ---------------------------------------------------------------------------------------


def _copied_value(self: DynamoType, memo: dict[int, Any]) -> DynamoType:
    """Only what holds others is ever changed in place."""
    if self.type == DDBType.MAP:
        value: Any = {name: _copied_value(each, memo) for name, each in self.value.items()}
    elif self.type == DDBType.LIST:
        value = [_copied_value(each, memo) for each in self.value]
    elif self.is_set():
        value = list(self.value)
    else:
        return self
    made = DynamoType.__new__(DynamoType)
    made.type, made.value = self.type, value
    return made


def _plain(self: DynamoType) -> dict[str, Any]:
    if self.type == DDBType.MAP:
        return {self.type: {name: _plain(each) for name, each in self.value.items()}}
    if self.type == DDBType.LIST:
        return {self.type: [_plain(each) for each in self.value]}
    if self.type == DDBType.BINARY and isinstance(self.value, str):
        return {self.type: base64.b64decode(self.value)}
    return {self.type: list(self.value) if self.is_set() else self.value}


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
_method_names = cache(method_names_from_class)


METHODS: tuple[tuple[Any, str, Any], ...] = (
    (BotocoreStubber, "process_request", _request),
    (ActionResult, "execute_result", _result),
    (RequestSigner, "sign", _unsigned),
    (Parser, "_lex_condition_expression", _lex),
    (UpdateExpressionParser, "make", _tree),
    (DepthFirstTraverser, "traverse", _traverse),
    (DynamoType, "__deepcopy__", _copied_value),
    (DynamoType, "to_regular_json", _plain),
    (DynamoDBBackend, "transact_write_items", _transact),
    (moto.core.responses, "gen_amzn_requestid_long", _numbered),
    (moto.core.responses, "method_names_from_class", _method_names),
    (botocore.useragent, "sanitize_user_agent_string_component", _sanitized),
)


@contextmanager
def fast_moto() -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, ours in METHODS:
            stack.enter_context(mock.patch.object(owner, name, ours))
        stack.enter_context(mock.patch.object(Node, "__deepcopy__", _copied, create=True))
        yield
