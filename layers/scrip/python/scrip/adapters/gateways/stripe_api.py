"""Calls to Stripe's HTTPS API: forms go out, JSON comes back.

Sources: docs.stripe.com/api/authentication, /api/errors, /api/idempotent_requests,
/api/pagination.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.http import HttpAnswer, send
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
)

API_BASE = "https://api.stripe.com"
API_VERSION = "2024-06-20"
"""Since 2023-08-16 a PaymentIntent without payment_method_types takes what the dashboard allows."""

PAGE_ROWS = 100
"""As many as Stripe lists at a time."""

MOST_BYTES = 8 << 20
"""Of an answer. A row of a balance has some kilobytes, with its charge and what is noted there."""


class Listed(Protocol):
    @property
    def id(self) -> str: ...


Shape = TypeVar("Shape")
Row = TypeVar("Row", bound=Listed)


class Page(msgspec.Struct, Generic[Row]):
    """Some of a list, newest first."""

    data: list[Row]
    has_more: bool = False


class _Refusal(msgspec.Struct):
    type: str = ""
    code: str | None = None


class _RefusalBody(msgspec.Struct):
    error: _Refusal


class StripeApi:
    """Every call may raise PaymentProviderUnavailable, PaymentProviderRefused."""

    def __init__(self, secret_key: str, base: str, http: URLLib3Session) -> None:
        self.login = base64.b64encode(f"{secret_key}:".encode()).decode()
        self.base = (base or API_BASE).rstrip("/")
        self.http = http

    def get(self, path: str, shape: type[Shape], **query: str) -> Shape:
        """`query`: `expand` names what to answer whole instead of by its id."""
        return told(self.ask("GET", path + _query(query)), shape)

    def post(
        self, path: str, shape: type[Shape], form: Mapping[str, object], key: str | None = None
    ) -> Shape:
        """`key` makes repeating it safe for 24 hours. Raises IdempotencyKeyReused when it was used
        with another form."""
        return told(self.ask("POST", path, form, key), shape)

    def each(self, path: str, shape: type[Page[Row]], **query: str) -> Iterator[Row]:
        """All of a list, page after page."""
        page = self.get(path, shape, limit=str(PAGE_ROWS), **query)
        while page.data:
            yield from page.data
            if not page.has_more:
                return
            after = page.data[-1].id
            page = self.get(path, shape, limit=str(PAGE_ROWS), starting_after=after, **query)

    def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> HttpAnswer:
        """The answer, whatever its status. Raises PaymentProviderUnavailable."""
        headers = {"Authorization": f"Basic {self.login}", "Stripe-Version": API_VERSION}
        if key:
            headers["Idempotency-Key"] = key
        body = b""
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form).encode()
        return send(self.http, method, self.base + path, headers, body, MOST_BYTES)


def told(answer: HttpAnswer, shape: type[Shape]) -> Shape:
    """What a successful answer says. Raises what a failed one means."""
    if answer.status >= 300:
        raise _refusal(answer)
    return decoded(answer.content, shape)


def decoded(content: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    """Raises PaymentProviderUnavailable: what Stripe would not write, somebody else did."""
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PaymentProviderUnavailable("Stripe's answer is not its own") from error


def named(prefix: str, values: Mapping[str, object]) -> dict[str, object]:
    """A form's fields for the entries of a nested object."""
    return {f"{prefix}[{name}]": value for name, value in values.items()}


def _query(values: Mapping[str, str]) -> str:
    pairs = [("expand[]" if name == "expand" else name, each) for name, each in values.items()]
    return f"?{urlencode(pairs)}" if pairs else ""


def _refusal(answer: HttpAnswer) -> Exception:
    """What a failed call means. Stripe's own message may quote the request: it is left out."""
    try:
        refusal = msgspec.json.decode(answer.content, type=_RefusalBody).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        refusal = _Refusal()
    if refusal.type == "idempotency_error" and answer.status == 400:
        return IdempotencyKeyReused("it was asked before with other figures")
    fact = f"Stripe answered {answer.status} {refusal.code or refusal.type}".strip()
    if answer.status in (409, 429) or answer.status >= 500:
        return PaymentProviderUnavailable(fact)
    return PaymentProviderRefused(fact)
