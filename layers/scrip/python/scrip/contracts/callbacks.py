"""Callbacks of payment providers: where they arrive and what is answered."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import MerchantId
from scrip.contracts.operation import Door, Operation
from scrip.domain import errors

MAX_CALLBACK_BYTES = 256 * 1024


class CallbackPath(Struct):
    """Path of a merchant's callback, with the provider that posts to it."""

    merchant_id: MerchantId
    provider: Annotated[str, Meta(pattern=r"^[a-z]{2,20}\Z")]


class CallbackAnswer(Struct):
    """What became of a callback. All of these are final: the provider need not send again."""

    outcome: Literal["delivered", "refund_due", "duplicate", "stray", "ignored"]


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
            errors.MoveContended,
            errors.SealBroken,
        ),
    ),
)
