"""Every HTTP operation as data: serving decodes by these tables, OpenAPI is written from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from scrip.domain import errors, resale_refusals
from scrip.domain.api_key import Scope
from scrip.domain.errors import ScripError

Errors = tuple[type[ScripError], ...]


class Door(Enum):
    """What a caller must show besides an API key's scope."""

    OPEN = "open"
    ORDER_TOKEN = "order_token"
    SIGNATURE = "signature"
    GENERATED_KEY = "generated_key"
    RESELLER = "reseller"


@dataclass(frozen=True, slots=True)
class Operation:
    """`route` is API Gateway's route key; `access` a key's scopes or another door.

    `body` and `query` are the Structs to decode, `text` the media types of a body that is no JSON.
    `cache_seconds`: how long anybody may keep a success, 0 for what is somebody's own.
    `media_type`: what a success is.
    """

    route: str
    name: str
    summary: str
    access: frozenset[Scope] | Door
    answers: Mapping[int, Any]
    path: type | None = None
    query: type | None = None
    body: type | None = None
    text: tuple[str, ...] = ()
    idempotent: bool = False
    cache_seconds: int = 0
    media_type: str = "application/json"
    problems: Errors = ()

    @property
    def cache_control(self) -> str:
        return f"public, max-age={self.cache_seconds}" if self.cache_seconds else "no-store"

    @property
    def method(self) -> str:
        return self.route.split(" ")[0]

    @property
    def url(self) -> str:
        return self.route.split(" ")[1]

    def all_problems(self) -> Errors:
        """Its own refusals and those that its shape brings along."""
        found: list[type[ScripError]] = [errors.StoreUnavailable, *self.problems]
        if isinstance(self.access, frozenset):
            found += [errors.CredentialsMissing, errors.CredentialsInvalid, errors.ScopeMissing]
        if self.access is Door.ORDER_TOKEN:
            found += [
                errors.CredentialsMissing,
                errors.CredentialsInvalid,
                errors.OrderUnknown,
                errors.OrderTokenExpired,
                errors.SealBroken,
            ]
        if self.access is Door.RESELLER:
            found += [
                resale_refusals.RequestUnsigned,
                resale_refusals.RequestStale,
                errors.SealBroken,
            ]
        if self.access is Door.GENERATED_KEY:
            found += [
                errors.ProductUnknown,
                errors.KeyMistyped,
                errors.TooManyRequests,
                errors.SealBroken,
            ]
        if self.path or self.query or self.body:
            found += [errors.RequestInvalid]
        if self.body or self.text:
            found += [errors.RequestMalformed, errors.RequestTooLarge]
        if self.text:
            found += [errors.MediaTypeUnsupported]
        if self.idempotent:
            found += [
                errors.IdempotencyKeyMissing,
                errors.IdempotencyKeyReused,
                errors.RequestInvalid,
            ]
        return tuple(dict.fromkeys(found))


STOREFRONT = frozenset({Scope.STOREFRONT})
OPERATOR = frozenset({Scope.OPERATOR})
READER = frozenset({Scope.OPERATOR, Scope.FINANCE})
