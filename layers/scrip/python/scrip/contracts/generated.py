"""How the keys of a product are made: bodies of the merchant API."""

from typing import Annotated

from msgspec import Meta, Struct

from scrip.contracts.fields import Milliseconds, OrderId, Slug
from scrip.contracts.operation import OPERATOR, Operation
from scrip.domain import errors
from scrip.domain.activation import KeyRecord
from scrip.domain.key_pattern import (
    LARGEST_ALPHABET,
    MAX_GROUP,
    MAX_GROUPS,
    MAX_PREFIX,
    SMALLEST_ALPHABET,
    Pattern,
)
from scrip.domain.licence import MAX_LICENCE, SigningKey, encode
from scrip.domain.rate import PER_MERCHANT
from scrip.domain.recipe import (
    MAX_ACTIVATIONS,
    MAX_FEATURE,
    MAX_FEATURES,
    MAX_VALIDITY_DAYS,
    Recipe,
    warning_of,
)

DEFAULT = Pattern()
TypedKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_LICENCE + 100,
        description="A key or a licence as its owner typed or pasted it",
        examples=["7K2M-9Q4X-TB3W-HD5N"],
    ),
]
Group = Annotated[int, Meta(ge=1, le=MAX_GROUP)]
Feature = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]*\Z", max_length=MAX_FEATURE)]


class KeyPattern(Struct, forbid_unknown_fields=True):
    """How keys look. `alphabet`: distinct capital letters and digits. `check`: the last symbol
    checks the others. What is typed in lower case, with other separators or with I, L and O for
    1 and 0 is understood."""

    alphabet: Annotated[
        str,
        Meta(pattern=r"^[0-9A-Z]+\Z", min_length=SMALLEST_ALPHABET, max_length=LARGEST_ALPHABET),
    ] = DEFAULT.alphabet
    groups: Annotated[tuple[Group, ...], Meta(min_length=1, max_length=MAX_GROUPS)] = DEFAULT.groups
    separator: Annotated[str, Meta(pattern=r"^[- ]?\Z")] = DEFAULT.separator
    prefix: Annotated[str, Meta(pattern=r"^[0-9A-Z]*\Z", max_length=MAX_PREFIX)] = ""
    check: bool = True


class SignedLicence(Struct, forbid_unknown_fields=True):
    """A signed licence instead of a short key; `features` stand in it."""

    features: Annotated[list[Feature], Meta(max_length=MAX_FEATURES)] = []


class PutGenerated(Struct, forbid_unknown_fields=True):
    """How keys are made: by `pattern`, or as a `licence`. Only `activation_limit` may change later.
    `validity_days` from delivery; 0 is for ever. `accept_weak` takes a pattern that can be
    guessed."""

    pattern: KeyPattern | None = None
    licence: SignedLicence | None = None
    validity_days: Annotated[int, Meta(ge=0, le=MAX_VALIDITY_DAYS)] = 0
    activation_limit: Annotated[int, Meta(ge=1, le=MAX_ACTIVATIONS)] = 1
    accept_weak: bool = False


class GeneratedView(Struct, kw_only=True):
    """How the product's keys are made. `warning` tells the guessing odds of a weak pattern."""

    pattern: KeyPattern | None
    licence: SignedLicence | None
    validity_days: int
    activation_limit: int
    warning: str


class LicenceKeyView(Struct):
    """A signing key as JWK (RFC 8037): `x` is the public key in base64url. It signs what was
    delivered since `from_ms`, until a later one does."""

    kid: str
    kty: str
    crv: str
    use: str
    x: str
    from_ms: int


class LicenceKeysView(Struct):
    """A merchant's public keys, oldest first. None is ever taken away."""

    keys: list[LicenceKeyView]


class NamedKey(Struct, forbid_unknown_fields=True):
    """A key of a product, as its buyer named it."""

    product_id: Slug
    key: TypedKey


class SeatView(Struct):
    """A device that uses the key, by the label it was given."""

    label: str
    since_ms: Milliseconds


class GeneratedKeyView(Struct):
    """What was sold as this key, and the devices that use it. `valid_until_ms` 0: for ever."""

    order_id: OrderId
    line: int
    unit: int
    variant_id: Slug
    valid_until_ms: Milliseconds
    seats: list[SeatView]


def generated_key_view(record: KeyRecord) -> GeneratedKeyView:
    order_id, line, unit = record.sold_as.split(".")
    seats = sorted(record.seats.values(), key=lambda seat: seat.since_ms)
    return GeneratedKeyView(
        order_id,
        int(line),
        int(unit),
        record.variant_id,
        record.until_ms,
        [SeatView(seat.label, seat.since_ms) for seat in seats],
    )


def recipe_of(body: PutGenerated | None) -> Recipe | None:
    """Without a pattern or a licence: a pattern by the defaults. Raises RequestInvalid."""
    if body is None:
        return None
    if body.licence and body.pattern:
        raise errors.RequestInvalid("generated: a pattern or a licence, not both")
    pattern, features = None, tuple(body.licence.features) if body.licence else ()
    if not body.licence:
        asked = body.pattern or KeyPattern()
        pattern = Pattern(asked.alphabet, asked.groups, asked.separator, asked.prefix, asked.check)
    return Recipe(pattern, features, body.validity_days, body.activation_limit)


def generated_view(recipe: Recipe | None) -> GeneratedView | None:
    if recipe is None:
        return None
    made, pattern, licence = recipe.pattern, None, None
    if made:
        pattern = KeyPattern(made.alphabet, made.groups, made.separator, made.prefix, made.check)
    else:
        licence = SignedLicence(list(recipe.features))
    return GeneratedView(
        pattern=pattern,
        licence=licence,
        validity_days=recipe.validity_days,
        activation_limit=recipe.activation_limit,
        warning=warning_of(recipe, PER_MERCHANT.per_second),
    )


def licence_keys_view(keys: list[SigningKey]) -> LicenceKeysView:
    return LicenceKeysView(
        [
            LicenceKeyView(key.key_id, "OKP", "Ed25519", "sig", encode(key.public), key.from_ms)
            for key in keys
        ]
    )


ABOUT_A_KEY = (
    errors.ProductUnknown,
    errors.KeyMistyped,
    errors.GeneratedKeyUnknown,
    errors.SealBroken,
)
GENERATED_OPERATIONS = (
    Operation(
        "POST /v1/merchant/licence-keys",
        "rotate_licence_key",
        "Add the licence key that signs from tomorrow, unless one waits already",
        OPERATOR,
        {200: LicenceKeysView},
        problems=(errors.LimitReached,),
    ),
    Operation(
        "POST /v1/merchant/generated-keys/read",
        "read_generated_key",
        "Read what was sold as a generated key and which devices use it",
        OPERATOR,
        {200: GeneratedKeyView},
        body=NamedKey,
        problems=ABOUT_A_KEY,
    ),
    Operation(
        "POST /v1/merchant/generated-keys/free",
        "free_seats",
        "Free all seats of a generated key",
        OPERATOR,
        {200: GeneratedKeyView},
        body=NamedKey,
        problems=ABOUT_A_KEY,
    ),
)
