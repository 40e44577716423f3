"""Bodies of the keys API, which merchants' applications call from their users' devices."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import MerchantId, Milliseconds, Slug
from scrip.contracts.generated import LicenceKeysView, TypedKey
from scrip.contracts.operation import Door, Operation
from scrip.domain import errors
from scrip.domain.activation import Asked, KeyRecord, Standing

Device = Annotated[
    str,
    Meta(
        pattern=r"^[!-~]{8,200}\Z",
        description="What the application tells devices apart by, kept as a keyed hash only",
        examples=["f3b8c1d2-5a60-4b7e-9f11-0c2d3e4f5a6b"],
    ),
]
Label = Annotated[str, Meta(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
PUBLIC_KEYS_CACHE_SECONDS = 3_600


class AboutKey(Struct, forbid_unknown_fields=True):
    """A key, the product it is for, and the device that asks."""

    merchant_id: MerchantId
    product_id: Slug
    key: TypedKey
    device: Device


class ActivateKey(Struct, forbid_unknown_fields=True):
    """A device to activate. `label`: what its owner calls it."""

    merchant_id: MerchantId
    product_id: Slug
    key: TypedKey
    device: Device
    label: Label = ""


class KeyUse(Struct):
    """`active`: whether this device may use the key now. `valid_until_ms` 0: for ever."""

    active: bool
    valid_until_ms: Milliseconds
    activations: int
    activation_limit: int


class KeyStanding(Struct):
    """`not_activated`: this device has no seat, and one is free; `limit`: none is free.
    `suspended`: what it was paid with is in question, for now.
    `valid_until_ms` is told of a valid key only; 0: for ever."""

    status: Literal["valid", "not_activated", "limit", "expired", "suspended", "unknown"]
    valid_until_ms: Milliseconds = 0


class MerchantPath(Struct):
    """Path of what a merchant publishes."""

    merchant_id: MerchantId


def asked_of(body: AboutKey | ActivateKey, source: str) -> Asked:
    return Asked(body.merchant_id, body.product_id, body.key, body.device, source)


def key_use(record: KeyRecord, limit: int, *, active: bool) -> KeyUse:
    return KeyUse(active, record.until_ms, len(record.seats), limit)


def key_standing(standing: Standing, until_ms: int) -> KeyStanding:
    return KeyStanding(standing.value, until_ms)


KEYS_OPERATIONS = (
    Operation(
        "POST /v1/keys/activate",
        "activate_key",
        "Let a device use a key",
        Door.GENERATED_KEY,
        {200: KeyUse},
        body=ActivateKey,
        problems=(
            errors.GeneratedKeyUnknown,
            errors.GeneratedKeyExpired,
            errors.GeneratedKeySuspended,
            errors.ActivationLimitReached,
        ),
    ),
    Operation(
        "POST /v1/keys/deactivate",
        "deactivate_key",
        "Free the seat of a device",
        Door.GENERATED_KEY,
        {200: KeyUse},
        body=AboutKey,
        problems=(errors.GeneratedKeyUnknown,),
    ),
    Operation(
        "POST /v1/keys/validate",
        "validate_key",
        "Ask whether a device may use a key",
        Door.GENERATED_KEY,
        {200: KeyStanding},
        body=AboutKey,
    ),
    Operation(
        "GET /.well-known/scrip/{merchant_id}/licence-keys.json",
        "read_licence_keys",
        "Read the public keys that prove a merchant's licences",
        Door.OPEN,
        {200: LicenceKeysView},
        path=MerchantPath,
        cache_seconds=PUBLIC_KEYS_CACHE_SECONDS,
    ),
)
