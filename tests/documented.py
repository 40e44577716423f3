"""A carrier that holds every answer against what its operation documents.

So each test of a function also proves that nothing undocumented is ever answered: no problem type
that the operation does not name, no body that is not of its shape, no 500.
"""

from dataclasses import dataclass

import msgspec

from scrip.contracts.openapi import OPERATIONS
from scrip.contracts.problems import KINDS, TYPE_PREFIX, Problem
from scrip.domain.errors import ScripError
from tests.shop import Carrier, Reply, http_event

BY_ROUTE = {operation.route: operation for operation in OPERATIONS}


@dataclass(frozen=True)
class Documented:
    carrier: Carrier

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        reply = self.carrier.send(method, path, headers, body)
        _, event = http_event(method, path, {}, b"")
        check(event["routeKey"], reply)
        return reply


def check(route: str, reply: Reply) -> None:
    """Raises AssertionError for an answer that the operation's entry does not announce."""
    operation = BY_ROUTE[route]
    kept = "no-store" if reply.problem else operation.cache_control
    assert reply.headers["cache-control"] == kept
    if not reply.problem:
        assert reply.headers["content-type"] == operation.media_type
        assert reply.status in operation.answers, f"{route} answered {reply.status}: {reply.text}"
        if operation.media_type == "application/json":
            msgspec.json.decode(reply.text, type=operation.answers[reply.status])
        return
    problem = msgspec.json.decode(reply.text, type=Problem)
    announced = {TYPE_PREFIX + error.slug: KINDS[error] for error in operation.all_problems()}
    assert problem.type in announced, f"{route} answered {reply.text}"
    kind = announced[problem.type]
    assert (problem.status, problem.title, problem.outcome) == kind[:1] + kind[1:]
    assert reply.status == problem.status


def is_refused(reply: Reply, error: type[ScripError]) -> bool:
    """Whether this is the problem that tells `error`, with its status."""
    return (reply.status, reply.problem) == (KINDS[error].status, error.slug)
