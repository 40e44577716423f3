"""docs/openapi.json is what the contracts say, valid, and leaves nothing unnamed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from infra import openapi
from scrip.contracts.openapi import OPERATIONS, document
from scrip.contracts.problems import INTERNAL, KINDS, TYPE_PREFIX, Outcome
from scrip.domain import errors, resale_refusals
from scrip.domain.errors import Rejected, Retryable, ScripError
from tests.in_memory import InMemory
from tests.shop import http_event

METHODS = {"get", "put", "post", "delete"}
ONLY_IN_QUEUES = {
    errors.BillNotReady,
    errors.FileRefused,
    errors.FileReplaced,
    errors.MailNotAllowed,
    errors.MailRefused,
    errors.MailUnderWay,
    errors.PaymentCallMissing,
    errors.SupplierAnswerInvalid,
    errors.SupplierUnavailable,
}
"""Errors of a queue's handler: they end in a log line or a redelivery, never in an answer."""

OF_NO_OPERATION = {
    errors.EventUnknown,
    errors.RouteUnknown,
    errors.MerchantUnknown,
    errors.MerchantExists,
    resale_refusals.ResellerUnknown,
    resale_refusals.ResellerExists,
}
"""Told by the frame for a route that is none, or by the operator's command line."""


def all_errors(family: type[ScripError] = ScripError) -> Iterator[type[ScripError]]:
    for each in family.__subclasses__():
        if "slug" in vars(each):
            yield each
        yield from all_errors(each)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, entry in document()["paths"].items():
        for method, operation in entry.items():
            yield method, path, operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def texts(part: Any, name: str) -> Iterator[str]:
    """Every text under the name, for example every `pattern`."""
    if isinstance(part, dict):
        if isinstance(part.get(name), str):
            yield part[name]
        for inner in part.values():
            yield from texts(inner, name)
    elif isinstance(part, list):
        for inner in part:
            yield from texts(inner, name)


def test_the_committed_document_is_current() -> None:
    assert openapi.COMMITTED.read_text(encoding="utf-8") == openapi.text(), "run: make openapi"


def test_the_document_is_valid_openapi_3_1() -> None:
    assert list(OpenAPIV31SpecValidator(json.loads(openapi.text())).iter_errors()) == []


def test_the_document_is_served_as_committed(cloud: InMemory) -> None:
    function, event = http_event("GET", "/v1/openapi.json", {}, b"")

    answer = cloud.invoke(function, event)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == json.loads(openapi.COMMITTED.read_text("utf-8"))


def test_every_operation_is_named_once_summed_up_and_tagged() -> None:
    found = list(operations())
    names = [operation["operationId"] for *_, operation in found]

    assert sorted(names) == sorted(operation.name for operation in OPERATIONS)
    assert len(set(names)) == len(names)
    for method, path, operation in found:
        assert method in METHODS
        assert re.fullmatch(r"(/([a-z0-9.-]+|{[a-z_]+}))+", path), path
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        assert set(operation["tags"]) <= {tag["name"] for tag in document()["tags"]}
        schemes = {name for choice in operation["security"] for name in choice}
        assert schemes <= set(document()["components"]["securitySchemes"])


def test_every_name_in_a_path_is_a_parameter_and_the_other_way_round() -> None:
    for _, path, operation in operations():
        named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}

        assert named == set(re.findall(r"{(\w+)}", path)), path


def test_bodies_go_with_methods_that_have_one() -> None:
    for method, path, operation in operations():
        assert "requestBody" not in operation or method in ("put", "post"), path


def test_every_schema_is_used_and_closed_or_described() -> None:
    schemas = document()["components"]["schemas"]
    used = {name.rpartition("/")[2] for name in references(document())}

    assert used == set(schemas)
    for name, schema in schemas.items():
        assert schema.get("description") or "enum" in schema, name
        assert "\n" not in schema.get("description", ""), name
    bodies = [operation.body for operation in OPERATIONS if operation.body]
    assert all(schemas[body.__name__]["additionalProperties"] is False for body in bodies)


def test_patterns_are_of_the_dialect_of_json_schema() -> None:
    found = set(texts(document(), "pattern"))

    assert found
    for pattern in found:
        assert pattern.startswith("^"), pattern
        assert pattern.endswith("$"), pattern
        assert "\\Z" not in pattern, pattern


def test_every_operation_documents_each_problem_under_its_status() -> None:
    by_name = {operation.name: operation for operation in OPERATIONS}
    for _, path, operation in operations():
        answers = operation["responses"]
        expected = {
            TYPE_PREFIX + e.slug: KINDS[e] for e in by_name[operation["operationId"]].all_problems()
        }
        told = {
            (line, status)
            for status, answer in answers.items()
            for line in re.findall(r"`(urn:[^`]+)`", answer["description"])
        }

        wanted = {(kind, str(expected[kind].status)) for kind in expected}
        assert told == wanted | {(INTERNAL.type, "500")}, path
        assert any(status.startswith("2") for status in answers), path
        for status, answer in answers.items():
            success = by_name[operation["operationId"]].media_type
            media = success if status.startswith("2") else "application/problem+json"
            assert set(answer["content"]) == {media}, (path, status)


@pytest.mark.parametrize("error", list(all_errors()), ids=lambda error: error.slug)
def test_every_error_that_can_be_answered_has_its_kind(error: type[ScripError]) -> None:
    assert (error in KINDS) == (error not in ONLY_IN_QUEUES)
    if error in KINDS:
        kind = KINDS[error]
        assert (kind.outcome is Outcome.RETRYABLE) == issubclass(error, Retryable)
        assert (kind.status in (429, 503)) == issubclass(error, Retryable)
        assert issubclass(error, Rejected | Retryable)
        named = any(error in operation.all_problems() for operation in OPERATIONS)
        assert named == (error not in OF_NO_OPERATION)


def test_problem_types_are_told_apart() -> None:
    slugs = [error.slug for error in all_errors()]

    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)
