"""Stands between a flow and everything remote: counts each call, and breaks the one it is told to.

Calls are found, not listed: every attempt of every AWS request passes `Endpoint._get_response`
(below the SDK's own retries, so those are real), every call to a payment provider passes
`URLLib3Session.send`. The engine that stands in for AWS answers inside the former, so nothing is
counted twice.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from typing import Any
from unittest import mock

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.endpoint import Endpoint
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session

BUSY_CODES = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "kms": "ThrottlingException",
    "s3": "SlowDown",
    "sqs": "RequestThrottled",
    "sesv2": "TooManyRequestsException",
}
ITEM_WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")


READS = (
    "GET ",
    "dynamodb:BatchGet",
    "dynamodb:Get",
    "dynamodb:Query",
    "dynamodb:Scan",
    "kms:",
    "s3:Get",
)
"""Beginnings of the names of calls that change nothing."""


def only_reads(name: str) -> bool:
    return name.startswith(READS)


class Killed(BaseException):
    """The process is gone. Not an Exception: nothing may catch it, as nothing survives SIGKILL."""


@dataclass(frozen=True)
class Attempt:
    """One request on the wire. `request` is equal for the SDK's repeats of the same request."""

    name: str
    request: str
    execute: Callable[[], Any]
    lose: Callable[[Any], Any]
    refuse: Callable[[str], Any]


class Mode(Enum):
    """What befalls a call."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    ANSWER_LOST = "answer lost after commit, the SDK repeats"
    ANSWERS_LOST = "every answer lost after commit"
    UNREACHABLE = "no connection"
    BUSY = "refused once"
    BUSY_ON = "refused throughout"
    CONFLICT = "met a transaction"
    CONFLICT_ON = "met transactions throughout"

    def applies_to(self, name: str) -> bool:
        if self in (Mode.CONFLICT, Mode.CONFLICT_ON):
            return name in (*ITEM_WRITES, "dynamodb:TransactWriteItems")
        # There is no SDK around a provider: its one attempt is all there is.
        return name.startswith(tuple(BUSY_CODES)) or self not in (Mode.ANSWER_LOST, Mode.BUSY)

    def is_new(self, name: str, tried: Sequence[str]) -> bool:
        """Whether this call, after those, may end in another way than they did.

        Being killed before a call is being killed after the one before it, and a call that only
        reads leaves all as it was. What is repeated within the same request, or was not decided,
        ends alike wherever a call of that name is; that a refusal which lasts is taken well is
        tried at each call.
        """
        if self is Mode.KILLED_BEFORE:
            return not tried
        if self is Mode.KILLED_AFTER:
            return not only_reads(name)
        alike = {Mode.BUSY, Mode.CONFLICT, Mode.UNREACHABLE}
        if only_reads(name):
            alike |= {Mode.ANSWER_LOST, Mode.ANSWERS_LOST}
        return name not in tried or self not in alike

    @property
    def lasts(self) -> bool:
        """Whether every repeat of the same request meets it too."""
        return self in (Mode.ANSWERS_LOST, Mode.UNREACHABLE, Mode.BUSY_ON)


@dataclass(frozen=True)
class Fault:
    """At call number `at` (from 1). `meanwhile` runs just before that call instead of a mode."""

    at: int
    mode: Mode | None = None
    meanwhile: Callable[[], None] | None = None


@dataclass
class Remote:
    """`calls`: names of the attempts since `watch` began."""

    calls: list[str] = field(default_factory=list)
    _fault: Fault | None = None
    _struck: str = ""
    _struck_name: str = ""
    _dead: bool = False
    _watching: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def watch(self, fault: Fault | None = None) -> Iterator[list[str]]:
        """Count calls from here on, and break one. May be nested: the inner one counts its own."""
        outer = self.calls, self._fault, self._struck, self._dead, self._watching
        self.calls, self._fault, self._struck, self._dead = [], fault, "", False
        self._watching = True
        try:
            yield self.calls
        finally:
            self.calls, self._fault, self._struck, self._dead, self._watching = outer

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is called in here is neither counted nor broken."""
        self._watching, watching = False, self._watching
        try:
            yield
        finally:
            self._watching = watching

    def pass_on(self, attempt: Attempt) -> Any:
        if not self._watching:
            return attempt.execute()
        with self._lock:
            if self._dead:
                raise Killed
            self.calls.append(attempt.name)
            fault = self._fault if self._hits(attempt) else None
        if fault is None:
            return self._execute(attempt)
        if fault.mode is None:
            self._fault = None
            if fault.meanwhile:
                fault.meanwhile()
            return self._execute(attempt)
        return self._strike(attempt, fault.mode)

    def _hits(self, attempt: Attempt) -> bool:
        if self._fault is None:
            return False
        if len(self.calls) == self._fault.at:
            self._struck, self._struck_name = attempt.request, attempt.name
            return True
        mode = self._fault.mode
        if mode is Mode.CONFLICT_ON:  # repeated by us, not by the SDK: as a new request
            return bool(self._struck) and attempt.name == self._struck_name
        return mode is not None and mode.lasts and attempt.request == self._struck

    def _strike(self, attempt: Attempt, mode: Mode) -> Any:
        if mode is Mode.UNREACHABLE:
            return attempt.lose(EndpointConnectionError)
        if mode in (Mode.BUSY, Mode.BUSY_ON):
            return attempt.refuse(BUSY_CODES.get(attempt.name.partition(":")[0], ""))
        if mode in (Mode.CONFLICT, Mode.CONFLICT_ON):
            return attempt.refuse(
                "TransactionConflictException"
                if attempt.name in ITEM_WRITES
                else "TransactionCanceledException"
            )
        if mode is not Mode.KILLED_BEFORE:
            self._execute(attempt)
        if mode is Mode.ANSWER_LOST:
            return attempt.lose(ReadTimeoutError)
        if mode is Mode.ANSWERS_LOST:
            return attempt.lose(ConnectionClosedError)
        with self._lock:
            self._dead = True
        raise Killed

    def _execute(self, attempt: Attempt) -> Any:
        with self._lock:  # the engine underneath is not safe under threads
            return attempt.execute()


@contextmanager
def remote() -> Iterator[Remote]:
    """Take the place in between. Pauses between repeats take no time."""
    between = Remote()
    get_response, send = vars(Endpoint)["_get_response"], URLLib3Session.send

    def aws(endpoint: Endpoint, request: Any, operation: Any, context: Any) -> Any:
        service = operation.service_model.service_name

        def refuse(code: str) -> Any:
            error = {"Code": code, "Message": code}
            parsed: dict[str, Any] = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
            if code == "TransactionCanceledException":
                parsed["CancellationReasons"] = [{"Code": "TransactionConflict"}]
            return (AWSResponse(request.url, 400, HTTPHeaders(), None), parsed), None

        return between.pass_on(
            Attempt(
                name=f"{service}:{operation.name}",
                request=context["retries"]["invocation-id"],
                execute=lambda: get_response(endpoint, request, operation, context),
                lose=lambda error: (None, error(endpoint_url=request.url)),
                refuse=refuse,
            )
        )

    def provider(session: URLLib3Session, request: Any) -> Any:
        def lose(error: Any) -> Any:
            raise error(endpoint_url=request.url)

        def refuse(_: str) -> Any:
            body = BytesIO(b'{"error": {"type": "rate_limit"}}')
            return AWSResponse(request.url, 429, HTTPHeaders(), body)

        path = "/" + request.url.split("/", 3)[3]
        return between.pass_on(
            Attempt(
                name=f"{request.method} {path}",
                request=str(id(request)),
                execute=lambda: send(session, request),
                lose=lose,
                refuse=refuse,
            )
        )

    with (
        mock.patch.object(Endpoint, "_get_response", aws),
        mock.patch.object(URLLib3Session, "send", provider),
        mock.patch("time.sleep"),
    ):
        yield between
