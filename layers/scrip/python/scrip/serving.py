"""The frame around every HTTP handler: find the operation, check the caller, decode, answer.

Raised `Rejected` and `Retryable` become problem details; anything else is a bug: logged with its
trace, answered 500.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scrip.contracts.http import (
    Answer,
    Request,
    decode_json,
    decode_parameters,
    read_event,
    render,
)
from scrip.contracts.operation import Door, Operation
from scrip.contracts.problems import INTERNAL, Problem, problem_of
from scrip.domain.api_key import ApiKey
from scrip.domain.errors import (
    CredentialsMissing,
    MediaTypeUnsupported,
    Retryable,
    RouteUnknown,
    ScopeMissing,
    ScripError,
)
from scrip.telemetry import Trace, flush, follow, logger

JSON = "application/json"
PROBLEM = "application/problem+json"


class Call(NamedTuple):
    """A decoded request. `path`, `query` and `body` are of the operation's shapes; `caller` is who
    signed it, where that is asked for."""

    request: Request
    trace: Trace
    key: ApiKey | None
    path: Any
    query: Any
    body: Any
    caller: Any = None

    @property
    def own_key(self) -> ApiKey:
        if self.key is None:
            raise CredentialsMissing("this operation has no API key")
        return self.key

    @property
    def merchant_id(self) -> str:
        """The merchant whose API key this is."""
        return self.own_key.merchant_id

    @property
    def key_id(self) -> str:
        """The public part of that key: who it is for an audit trail."""
        return self.own_key.key_id


Handle = Callable[[Call], Answer]
Identify = Callable[[Request, Operation], Any]


@dataclass(slots=True)
class Api:
    """`handles` by operation name; every operation needs one. `identify`: by whom a request is
    signed, before its body is read. `refused` is told of each problem."""

    operations: Sequence[Operation]
    handles: Mapping[str, Handle]
    authenticate: Callable[[str], ApiKey] | None = None
    identify: Identify | None = None
    refused: Callable[[Problem], None] | None = None
    _by_route: dict[str, tuple[Operation, Handle]] = field(init=False)

    def __post_init__(self) -> None:
        self._by_route = {each.route: (each, self.handles[each.name]) for each in self.operations}

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The answer to one API Gateway event. Never raises."""
        started = time.perf_counter()
        trace = follow(_header(event, "traceparent"))
        logger.clear_state()
        logger.append_keys(
            trace_id=trace.trace_id,
            correlation_id=event.get("requestContext", {}).get("requestId", ""),
            function_request_id=getattr(context, "aws_request_id", ""),
            route=event.get("routeKey", ""),
        )
        headers = {"traceparent": trace.traceparent}
        try:
            answer, media_type = self._handle(read_event(event), trace), JSON
        except ScripError as error:
            problem = problem_of(error)
            answer, media_type = _problem_answer(problem, error), PROBLEM
            tell = logger.error if problem.status == INTERNAL.status else logger.info
            tell("refused", problem=problem.type, status=problem.status)
            if self.refused:
                self.refused(problem)
        except Exception:  # noqa: BLE001 - a bug: told in full, answered 500
            logger.exception("bug")
            answer, media_type = _problem_answer(INTERNAL), PROBLEM
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        logger.info("answered", status=answer.status, milliseconds=milliseconds)
        flush()
        return render(answer, media_type, headers)

    def _handle(self, request: Request, trace: Trace) -> Answer:
        operation, handle = self._by_route.get(request.route, (None, None))
        if operation is None or handle is None:
            raise RouteUnknown(request.route)
        key = self._key(operation, request)
        if operation.text and request.media_type() not in operation.text:
            raise MediaTypeUnsupported(" or ".join(operation.text))
        path = decode_parameters(request.path, operation.path) if operation.path else None
        logger.append_keys(**request.path)  # ids, and of the shapes they must have
        caller = self._caller(operation, request)
        answer = handle(
            Call(
                request,
                trace,
                key,
                path,
                decode_parameters(request.query, operation.query) if operation.query else None,
                decode_json(request.raw_body, operation.body) if operation.body else None,
                caller,
            )
        )
        said = (("cache-control", operation.cache_control), ("content-type", operation.media_type))
        return answer._replace(headers=(*said, *answer.headers))

    def _key(self, operation: Operation, request: Request) -> ApiKey | None:
        if not isinstance(operation.access, frozenset) or self.authenticate is None:
            return None
        key = self.authenticate(request.bearer())
        logger.append_keys(merchant_id=key.merchant_id, key_id=key.key_id)
        if key.scope not in operation.access:
            raise ScopeMissing(f"the key's scope is {key.scope.value}")
        return key

    def _caller(self, operation: Operation, request: Request) -> Any:
        if operation.access is not Door.RESELLER:
            return None
        if self.identify is None:
            raise LookupError(f"nobody says who may {operation.name}")
        return self.identify(request, operation)


def _header(event: dict[str, Any], name: str) -> str:
    headers: dict[str, str] = event.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _problem_answer(problem: Problem, error: ScripError | None = None) -> Answer:
    headers: tuple[tuple[str, str], ...] = ()
    if problem.status == 401:
        headers = (("www-authenticate", "Bearer"),)
    if isinstance(error, Retryable):
        headers = (("retry-after", str(error.retry_after_seconds)),)
    return Answer(problem.status, problem, headers)
