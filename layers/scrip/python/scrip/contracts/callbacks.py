"""Callbacks of payment providers and suppliers: where they arrive, what is answered, and how those
of payments are kept."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from scrip.contracts.fields import MerchantId
from scrip.contracts.http import Answer
from scrip.contracts.operation import Door, Operation
from scrip.domain import errors
from scrip.domain.callback import Callback

MAX_CALLBACK_BYTES = 256 * 1024


Outcome = Literal[
    "delivered",
    "fulfilling",
    "refund_due",
    "duplicate",
    "stray",
    "refund",
    "disputed",
    "ignored",
]


class CallbackPath(Struct):
    """Path of a merchant's callback, with the provider that posts to it."""

    merchant_id: MerchantId
    provider: Annotated[str, Meta(pattern=r"^[a-z]{2,20}\Z")]


class CallbackAnswer(Struct):
    """What became of a callback. All of these are final: the provider need not send again."""

    outcome: Outcome


class SupplierPath(Struct):
    """Path of a merchant's account with a supplier, for what that has to tell."""

    merchant_id: MerchantId
    account: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}\Z")]


class HeardAnswer(Struct):
    """What became of a supplier's news. `ignored`: it is of no order of ours."""

    outcome: Literal["asked", "ignored"]


def acknowledged(answer: Struct, said: tuple[int, str, bytes] | None) -> Answer:
    """The answer in our words, or what the sender must be `said`: status, media type, body."""
    if said is None:
        return Answer(200, answer)
    status, media_type, body = said
    return Answer(status, body, (("content-type", media_type),) if body else ())


def sized(raw: bytes) -> bytes:
    """Raises RequestTooLarge."""
    if len(raw) > MAX_CALLBACK_BYTES:
        raise errors.RequestTooLarge(f"at most {MAX_CALLBACK_BYTES} bytes")
    return raw


CALLBACK_OPERATIONS = (
    Operation(
        "POST /v1/callbacks/payments/{merchant_id}/{provider}",
        "accept_payment",
        "Accept what a payment provider signed",
        Door.SIGNATURE,
        {200: CallbackAnswer},
        path=CallbackPath,
        problems=(
            errors.GatewayUnknown,
            errors.RequestTooLarge,
            errors.RequestMalformed,
            errors.SignatureMissing,
            errors.SignatureInvalid,
            errors.SignatureProbe,
            errors.SignatureExpired,
            errors.OrderUnknown,
            errors.PaymentMerchantMismatch,
            errors.PaymentModeMismatch,
            errors.PaymentProviderRefused,
            errors.PaymentProviderUnavailable,
            errors.MoveContended,
            errors.SealBroken,
        ),
    ),
)


HEARING_OPERATIONS = (
    Operation(
        "POST /v1/callbacks/suppliers/{merchant_id}/{account}",
        "hear_supplier",
        "Hear that a supplier has news of an order",
        Door.SIGNATURE,
        {200: HeardAnswer},
        path=SupplierPath,
        problems=(
            errors.SupplierUnknown,
            errors.RequestTooLarge,
            errors.RequestMalformed,
            errors.SignatureMissing,
            errors.SignatureInvalid,
            errors.SignatureExpired,
            errors.SealBroken,
        ),
    ),
)


class KeptCallback(Struct):
    """A callback in its object. `body` is written in base64, which gives its very bytes back."""

    merchant_id: str
    provider: str
    received_at_ms: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, callback: Callback) -> "KeptCallback":
        came = callback.merchant_id, callback.provider, callback.received_at_ms
        return cls(*came, callback.headers, callback.raw)

    def callback(self, kept_as: str) -> Callback:
        came = self.merchant_id, self.provider, self.body, self.headers, self.received_at_ms
        return Callback(*came, kept_as)


class ReplayRequest(Struct, forbid_unknown_fields=True):
    """Take a kept callback as if it came now."""

    key: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9-]{1,19}/([0-9A-HJKMNP-TV-Z]{16}|unmatched|ignored)"
            r"/\d{4}-\d\d-\d\d-[a-z]{2,20}-[0-9a-f]{32}\Z"
        ),
    ]


REPLAY_OPERATIONS = (
    Operation(
        "replay",
        "replay_callback",
        "Take a kept callback again",
        Door.SIGNATURE,
        {200: CallbackAnswer},
        body=ReplayRequest,
    ),
)
"""Asked for by invoking the function itself. No request brings this route: API Gateway writes the
routes of its events, and its own all have a method and a path."""


def replay_event(key: str) -> dict[str, Any]:
    """What to invoke the function with."""
    body = msgspec.json.encode(ReplayRequest(key)).decode()
    return {"routeKey": REPLAY_OPERATIONS[0].route, "requestContext": {}, "body": body}


def is_replay(event: dict[str, Any]) -> bool:
    return bool(event.get("routeKey") == REPLAY_OPERATIONS[0].route)
