"""Calls to PayPal's REST API: its tokens, its refusals.

Sources: developer.paypal.com/api/rest/authentication, /api/rest/requests, /api/rest/responses,
/reference/guidelines/idempotency.
"""

import base64
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.http import HttpAnswer, send
from scrip.adapters.tokens import Tokens
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
)

Shape = TypeVar("Shape")

NOT_FOUND = "NOT_FOUND"
KEY_REUSED = frozenset({"DUPLICATE_REQUEST_ID", "PAYPAL_REQUEST_ID_PREVIOUSLY_USED"})
BUSY = frozenset(
    {"PREVIOUS_REQUEST_IN_PROGRESS", "INTERNAL_SERVER_ERROR", "INTERNAL_SERVICE_ERROR"}
)


class Known(Exception):
    """A refusal whose code the caller said it knows. It never leaves the gateway."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int


class _Issue(msgspec.Struct):
    issue: str = ""


class _Failure(msgspec.Struct):
    """`error`: of the token endpoint alone."""

    name: str = ""
    error: str = ""
    details: list[_Issue] = []


class PayPalApi:
    """One account, at `base`."""

    tokens = Tokens()
    """Of every account of this process: what reads a merchant's secrets forgets them sooner."""

    def __init__(self, base: str, client_id: str, secret: str, http: URLLib3Session) -> None:
        self.base = base
        self.login = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self.http = http

    def get(self, path: str, shape: type[Shape], known: Collection[str] = ()) -> Shape:
        """Raises Known for a refusal whose code is in `known`."""
        return self._ask("GET", path, shape, known)

    def post(
        self,
        path: str,
        body: dict[str, Any],
        request_id: str,
        shape: type[Shape],
        known: Collection[str] = (),
    ) -> Shape:
        """Sent again with the same `request_id` it is done once. Raises Known."""
        return self._ask("POST", path, shape, known, body, request_id)

    def replace(self, path: str, pointer: str, value: str) -> bool:
        """Change one value. False when PayPal does not let it be changed."""
        answer = self._send("PATCH", path, [{"op": "replace", "path": pointer, "value": value}])
        if answer.status in (404, 422):
            return False
        if answer.status >= 300:
            raise _failure(answer, _code(answer))
        return True

    def _ask(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        known: Collection[str],
        body: dict[str, Any] | None = None,
        request_id: str = "",
    ) -> Shape:
        answer = self._send(method, path, body, request_id)
        if answer.status < 300:
            return _read(answer.content, shape)
        code = _code(answer)
        if code in known:
            raise Known(code)
        raise _failure(answer, code)

    def _send(self, method: str, path: str, body: Any = None, request_id: str = "") -> HttpAnswer:
        account = (self.base, self.login)
        answer = self._send_as(self._token(account), method, path, body, request_id)
        if answer.status == 401:  # a token may be revoked before its time
            self.tokens.forget(account)
            answer = self._send_as(self._token(account), method, path, body, request_id)
        return answer

    def _send_as(
        self, token: str, method: str, path: str, body: Any, request_id: str
    ) -> HttpAnswer:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Prefer": "return=representation",
        }
        if request_id:
            headers["PayPal-Request-Id"] = request_id
        content = b"" if body is None else msgspec.json.encode(body)
        return send(self.http, method, self.base + path, headers, content)

    def _token(self, account: tuple[str, str]) -> str:
        kept = self.tokens.get(account)
        if kept:
            return kept
        headers = {
            "Authorization": f"Basic {self.login}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        form = b"grant_type=client_credentials"
        answer = send(self.http, "POST", f"{self.base}/v1/oauth2/token", headers, form)
        if answer.status >= 300:
            raise _failure(answer, _code(answer))
        token = _read(answer.content, _Token)
        self.tokens.keep(account, token.access_token, token.expires_in)
        return token.access_token


def _read(content: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise PaymentProviderUnavailable("PayPal's answer is not its own") from error


def _code(answer: HttpAnswer) -> str:
    if answer.status == 404:
        return NOT_FOUND
    try:
        failure = msgspec.json.decode(answer.content, type=_Failure)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""
    issues = [each.issue for each in failure.details if each.issue]
    code = issues[0] if issues else failure.name or failure.error
    return code if code.replace("_", "").isalnum() and len(code) <= 64 else ""


def _failure(answer: HttpAnswer, code: str) -> Exception:
    if code in KEY_REUSED:
        return IdempotencyKeyReused("the payment was opened with other figures")
    fact = f"PayPal answered {answer.status} {code}".strip()
    if answer.status in (409, 429) or answer.status >= 500 or code in BUSY:
        return PaymentProviderUnavailable(fact)
    return PaymentProviderRefused(fact)
