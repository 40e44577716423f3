"""The OpenAPI 3.1 document, written from the tables of operations and their Structs."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec

from scrip.contracts.callbacks import CALLBACK_OPERATIONS, HEARING_OPERATIONS
from scrip.contracts.http import MAX_IDEMPOTENCY_KEY
from scrip.contracts.keys import KEYS_OPERATIONS
from scrip.contracts.merchant import MERCHANT_OPERATIONS
from scrip.contracts.merchant_after_sale import AFTER_SALE_OPERATIONS
from scrip.contracts.merchant_batches import BATCH_OPERATIONS
from scrip.contracts.merchant_disputes import DISPUTE_OPERATIONS
from scrip.contracts.merchant_exports import EXPORT_OPERATIONS
from scrip.contracts.merchant_imports import IMPORT_OPERATIONS
from scrip.contracts.merchant_offers import OFFER_OPERATIONS
from scrip.contracts.merchant_refunds import REFUND_OPERATIONS
from scrip.contracts.merchant_strays import STRAY_OPERATIONS
from scrip.contracts.merchant_top_ups import TOP_UP_OPERATIONS
from scrip.contracts.merchant_vault import VAULT_OPERATIONS
from scrip.contracts.operation import Door, Operation
from scrip.contracts.prechecks import PRECHECK_OPERATIONS
from scrip.contracts.problems import INTERNAL, KINDS, TYPE_PREFIX, Problem
from scrip.contracts.resale import RESALE_OPERATIONS
from scrip.contracts.storefront import STOREFRONT_OPERATIONS

TAGS = {
    "storefront": STOREFRONT_OPERATIONS,
    "merchant": (
        *MERCHANT_OPERATIONS,
        *BATCH_OPERATIONS,
        *AFTER_SALE_OPERATIONS,
        *DISPUTE_OPERATIONS,
        *STRAY_OPERATIONS,
        *VAULT_OPERATIONS,
        *EXPORT_OPERATIONS,
        *OFFER_OPERATIONS,
        *REFUND_OPERATIONS,
        *TOP_UP_OPERATIONS,
        *IMPORT_OPERATIONS,
    ),
    "prechecks": PRECHECK_OPERATIONS,
    "keys": KEYS_OPERATIONS,
    "resale": RESALE_OPERATIONS,
    "callbacks": (*CALLBACK_OPERATIONS, *HEARING_OPERATIONS),
}
OPERATIONS = tuple(operation for tagged in TAGS.values() for operation in tagged)
REF = "#/components/schemas/{name}"
SECURITY: dict[Door, list[dict[str, list[str]]]] = {
    Door.ORDER_TOKEN: [{"orderToken": []}],
    Door.OPEN: [],
    Door.GENERATED_KEY: [],
    Door.SIGNATURE: [{"providerSignature": []}],
    Door.RESELLER: [{"resellerSignature": [], "resellerTimestamp": []}],
}


@cache
def document() -> dict[str, Any]:
    """The document as JSON types. The same for every deployment."""
    found: dict[str, Any] = _with_ecma_patterns(_document())
    return found


def _document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Scrip",
            "version": "1",
            "summary": "Sells, seals and delivers virtual goods",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in TAGS],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: `sk_...`. Its scope decides what it may do.",
                },
                "orderToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An order's token: `ot_...`, from placing it or from its mail.",
                },
                "providerSignature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Stripe-Signature",
                    "description": (
                        "The provider's own signature over the raw body, where that provider "
                        "puts it; the name is Stripe's."
                    ),
                },
                "resellerSignature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Scrip-Signature",
                    "description": (
                        "`v1,` and the base64 of HMAC-SHA256 over "
                        "`<method> <path>.<timestamp>.<body>`: see docs/resale.md."
                    ),
                },
                "resellerTimestamp": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Scrip-Timestamp",
                    "description": "Seconds since 1970 at which it was signed.",
                },
            },
        },
    }


def _with_ecma_patterns(part: Any) -> Any:
    """JSON Schema speaks ECMA 262, where `$` is the very end and `\\Z` unknown."""
    if isinstance(part, dict):
        return {
            # A property may be called `pattern`, too: that is a schema, not a text.
            name: (
                _ecma(value)
                if name == "pattern" and isinstance(value, str)
                else _with_ecma_patterns(value)
            )
            for name, value in part.items()
        }
    return [_with_ecma_patterns(each) for each in part] if isinstance(part, list) else part


def _ecma(pattern: str) -> str:
    return pattern.removesuffix(r"\Z") + "$" if pattern.endswith(r"\Z") else pattern


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for tag, operations in TAGS.items():
        for operation in operations:
            entry = paths.setdefault(operation.url, {})
            entry[operation.method.lower()] = _entry(tag, operation)
    return paths


def _entry(tag: str, operation: Operation) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [tag],
        "summary": operation.summary,
        "security": (
            SECURITY[operation.access] if isinstance(operation.access, Door) else [{"apiKey": []}]
        ),
        "responses": _responses(operation),
    }
    if isinstance(operation.access, frozenset):
        entry["description"] = "Scope: " + " or ".join(sorted(s.value for s in operation.access))
    if parameters := list(_parameters(operation)):
        entry["parameters"] = parameters
    if operation.body:
        entry["requestBody"] = _content({"application/json": _ref(operation.body)})
    elif operation.text:
        entry["requestBody"] = _content({kind: {"type": "string"} for kind in operation.text})
    elif operation.access is Door.SIGNATURE:
        entry["requestBody"] = _content({"application/json": {"type": "object"}})
    return entry


def _parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    for place, shape in (("path", operation.path), ("query", operation.query)):
        if shape is None:
            continue
        [_], components = msgspec.json.schema_components([shape], ref_template=REF)
        schema = components[shape.__name__]
        for name, inner in schema["properties"].items():
            required = place == "path" or name in schema.get("required", ())
            yield {"name": name, "in": place, "required": required, "schema": _plain(inner)}
    if operation.idempotent:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "The same key and body get the same answer; another body gets 422",
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_IDEMPOTENCY_KEY,
                "pattern": "^[!-~]+$",
            },
        }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out rather than null."""
    choices = schema.get("anyOf")
    if not choices:
        return {name: value for name, value in schema.items() if name != "default" or value}
    [only] = [choice for choice in choices if choice.get("type") != "null"]
    return dict(only)


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): {
            "description": "Done",
            **_content({operation.media_type: _ref(shape)}, required=None),
        }
        for status, shape in operation.answers.items()
    }
    lines = {INTERNAL.status: [f"`{INTERNAL.type}`: {INTERNAL.title}"]}
    for error in operation.all_problems():
        kind = KINDS[error]
        lines.setdefault(kind.status, []).append(f"`{TYPE_PREFIX}{error.slug}`: {kind.title}")
    return responses | {str(status): _problem(lines[status]) for status in sorted(lines)}


def _problem(lines: Sequence[str]) -> dict[str, Any]:
    return {
        "description": "  \n".join(lines),
        **_content({"application/problem+json": _ref(Problem)}, required=None),
    }


def _content(schemas: dict[str, Any], *, required: bool | None = True) -> dict[str, Any]:
    content: dict[str, Any] = {
        "content": {kind: {"schema": schema} for kind, schema in schemas.items()}
    }
    return content if required is None else {"required": required, **content}


def _ref(shape: Any) -> dict[str, Any]:
    [schema], _ = msgspec.json.schema_components([shape], ref_template=REF)
    return schema


def _schemas() -> dict[str, Any]:
    shapes: list[Any] = [Problem]
    for operation in OPERATIONS:
        shapes += [operation.body] if operation.body else []
        shapes += operation.answers.values()
    _, components = msgspec.json.schema_components(shapes, ref_template=REF)
    for schema in components.values():
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split())
    return dict(sorted(components.items()))
