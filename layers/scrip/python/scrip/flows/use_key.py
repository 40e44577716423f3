"""The merchant's application asks about a key: activate a device, deactivate it, validate.

No credential is needed: an application on people's devices can keep no secret, and the key itself
is one. A typo is told before anything is looked up; only then does asking count against limits.
"""

from typing import NamedTuple, Protocol

from scrip.domain.activation import (
    Asked,
    KeyRecord,
    Seat,
    Standing,
    device_of,
    mark_of,
    source_of,
    standing_of,
)
from scrip.domain.errors import (
    ActivationLimitReached,
    GeneratedKeyExpired,
    GeneratedKeySuspended,
    GeneratedKeyUnknown,
    ProductUnknown,
    TooManyRequests,
)
from scrip.domain.generated_key import read_key
from scrip.domain.rate import PER_KEY, PER_MERCHANT, PER_SOURCE, Limit
from scrip.domain.recipe import Recipe


class Recipes(Protocol):
    def of(self, merchant_id: str, product_id: str) -> Recipe | None: ...


class RegistryKeys(Protocol):
    def of(self, merchant_id: str) -> bytes: ...


class Registry(Protocol):
    def find(self, merchant_id: str, mark: str) -> KeyRecord | None: ...
    def take_seat(
        self, merchant_id: str, mark: str, product_id: str, device: str, seat: Seat, limit: int
    ) -> KeyRecord | None: ...
    def leave_seat(
        self, merchant_id: str, mark: str, product_id: str, device: str
    ) -> KeyRecord | None: ...


class Rates(Protocol):
    def take(self, merchant_id: str, kind: str, name: str, limit: Limit, now_ms: int) -> bool: ...


class Freezes(Protocol):
    def frozen(self, merchant_id: str, order_id: str) -> bool: ...


class Desk(Protocol):
    """Where requests about keys are dealt with."""

    @property
    def recipes(self) -> Recipes: ...
    @property
    def registry_keys(self) -> RegistryKeys: ...
    @property
    def rates(self) -> Rates: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def freezes(self) -> Freezes: ...


class Activated(NamedTuple):
    record: KeyRecord
    limit: int


class Validated(NamedTuple):
    """`until_ms`: when a key ends that is good; 0: never, or it is not told."""

    standing: Standing
    until_ms: int


class _Known(NamedTuple):
    """A request that was let in."""

    recipe: Recipe
    mark: str
    device: str


def activate_key(asked: Asked, label: str, *, now_ms: int, desk: Desk) -> Activated:
    """Give the device a seat; one that has a seat keeps it. A seat is of no use while the key is
    suspended.

    Raises ProductUnknown, KeyMistyped, TooManyRequests, GeneratedKeyUnknown, GeneratedKeyExpired,
    ActivationLimitReached, GeneratedKeySuspended.
    """
    recipe, mark, device = _let_in(asked, now_ms, desk)
    limit = recipe.activation_limit
    record = desk.registry.take_seat(
        asked.merchant_id, mark, asked.product_id, device, Seat(label, now_ms), limit
    )
    match standing_of(record, asked.product_id, device, limit, now_ms):
        case Standing.EXPIRED:
            raise GeneratedKeyExpired(asked.product_id)
        case Standing.LIMIT:
            raise ActivationLimitReached(f"{limit} at a time")
    if record is None or record.product_id != asked.product_id:
        raise GeneratedKeyUnknown(asked.product_id)
    if desk.freezes.frozen(asked.merchant_id, record.order_id):
        raise GeneratedKeySuspended(asked.product_id)
    return Activated(record, limit)


def deactivate_key(asked: Asked, *, now_ms: int, desk: Desk) -> Activated:
    """Take the device's seat away; one that has none stays without.

    Raises ProductUnknown, KeyMistyped, TooManyRequests, GeneratedKeyUnknown.
    """
    recipe, mark, device = _let_in(asked, now_ms, desk)
    record = desk.registry.leave_seat(asked.merchant_id, mark, asked.product_id, device)
    if record is None:
        raise GeneratedKeyUnknown(asked.product_id)
    return Activated(record, recipe.activation_limit)


def validate_key(asked: Asked, *, now_ms: int, desk: Desk) -> Validated:
    """Raises ProductUnknown, KeyMistyped, TooManyRequests."""
    recipe, mark, device = _let_in(asked, now_ms, desk)
    record = desk.registry.find(asked.merchant_id, mark)
    standing = standing_of(record, asked.product_id, device, recipe.activation_limit, now_ms)
    if record is None or standing not in (Standing.VALID, Standing.NOT_ACTIVATED):
        return Validated(standing, 0)
    if desk.freezes.frozen(asked.merchant_id, record.order_id):
        return Validated(Standing.SUSPENDED, 0)
    return Validated(standing, record.until_ms if standing is Standing.VALID else 0)


def _let_in(asked: Asked, now_ms: int, desk: Desk) -> _Known:
    recipe = desk.recipes.of(asked.merchant_id, asked.product_id)
    if recipe is None:
        raise ProductUnknown(asked.product_id)
    code = read_key(recipe, asked.product_id, asked.typed)
    registry_key = desk.registry_keys.of(asked.merchant_id)
    mark = mark_of(registry_key, code)
    # The narrowest first: who is refused at one door uses up nothing behind it.
    for kind, name, limit in (
        ("source", source_of(registry_key, asked.source), PER_SOURCE),
        ("key", mark, PER_KEY),
        ("merchant", "all", PER_MERCHANT),
    ):
        if not desk.rates.take(asked.merchant_id, kind, name, limit, now_ms):
            raise TooManyRequests(
                f"{limit.hits} in {limit.seconds} seconds for one {kind}",
                limit.seconds_left(now_ms),
            )
    return _Known(recipe, mark, device_of(registry_key, mark, asked.device))
