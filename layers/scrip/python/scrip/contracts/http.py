"""An HTTP API event (payload 2.0) in, an answer out. Bodies are decoded strictly."""

import base64
import binascii
from typing import Any, NamedTuple, TypeVar

import msgspec

from scrip.domain.errors import (
    CredentialsMissing,
    IdempotencyKeyMissing,
    RequestInvalid,
    RequestMalformed,
    RequestTooLarge,
)

MAX_JSON_BYTES = 64 * 1024
MAX_TEXT_BYTES = 1024 * 1024
MAX_IDEMPOTENCY_KEY = 128

_Body = TypeVar("_Body")


class Request(NamedTuple):
    """`route` is API Gateway's route key (`POST /v1/orders`); header names are in lower case."""

    route: str
    headers: dict[str, str]
    path: dict[str, str]
    query: dict[str, str]
    raw_body: bytes
    source_ip: str

    def bearer(self) -> str:
        """Raises CredentialsMissing."""
        kind, _, credential = self.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not credential:
            raise CredentialsMissing("send Authorization: Bearer <credential>")
        return credential.strip()

    def idempotency_key(self) -> str:
        """Raises IdempotencyKeyMissing, RequestInvalid."""
        key = self.headers.get("idempotency-key", "")
        if not key:
            raise IdempotencyKeyMissing("send a fresh Idempotency-Key with every new request")
        if len(key) > MAX_IDEMPOTENCY_KEY or not all("!" <= each <= "~" for each in key):
            raise RequestInvalid(
                f"Idempotency-Key: at most {MAX_IDEMPOTENCY_KEY} visible ASCII characters"
            )
        return key

    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Answer(NamedTuple):
    """`body` is a Struct, or bytes that are sent as they are."""

    status: int
    body: object
    headers: tuple[tuple[str, str], ...] = ()


def read_event(event: dict[str, Any]) -> Request:
    """Raises RequestMalformed when the body is not what its encoding says."""
    context = event["requestContext"]
    body = event.get("body") or ""
    try:
        raw = (
            base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        )
    except (binascii.Error, UnicodeEncodeError) as error:
        raise RequestMalformed("the body is not what its encoding says") from error
    return Request(
        route=event["routeKey"],
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        path=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        raw_body=raw,
        source_ip=context.get("http", {}).get("sourceIp", ""),
    )


def decode_json(raw: bytes, shape: type[_Body]) -> _Body:
    """Raises RequestTooLarge, RequestMalformed (not JSON), RequestInvalid (not this shape)."""
    if len(raw) > MAX_JSON_BYTES:
        raise RequestTooLarge(f"at most {MAX_JSON_BYTES} bytes")
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise RequestInvalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestMalformed("the body is not valid JSON") from error
    except RecursionError as error:
        raise RequestMalformed("the body nests too deep") from error


def decode_text(raw: bytes) -> str:
    """Raises RequestTooLarge, RequestMalformed."""
    if len(raw) > MAX_TEXT_BYTES:
        raise RequestTooLarge(f"at most {MAX_TEXT_BYTES} bytes; send several requests")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestMalformed("the body is not UTF-8") from error


def decode_parameters(values: dict[str, str], shape: type[_Body]) -> _Body:
    """Path or query parameters. Raises RequestInvalid."""
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise RequestInvalid(str(error)) from error


def render(answer: Answer, media_type: str, headers: dict[str, str]) -> dict[str, Any]:
    """The shape API Gateway wants. Nothing may be cached that does not say so itself."""
    body = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    return {
        "statusCode": answer.status,
        "headers": {
            "content-type": media_type,
            "cache-control": "no-store",
            **headers,
            **dict(answer.headers),
        },
        "body": body.decode(),
        "isBase64Encoded": False,
    }
