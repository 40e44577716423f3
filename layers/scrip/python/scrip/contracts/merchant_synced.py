"""A variant whose units follow a supplier's level: what its merchant says and sees of it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import Milliseconds
from scrip.domain.catalogue import Variant
from scrip.domain.synced_level import (
    DEFAULT_STALE_MINUTES,
    MAX_STALE_MINUTES,
    MIN_STALE_MINUTES,
    Following,
    SyncedFrom,
)

SupplierName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}\Z")]
Sku = Annotated[
    str, Meta(pattern=r"^[!-~]{1,100}\Z", description="What the supplier calls the same good")
]
StaleMinutes = Annotated[
    int,
    Meta(
        ge=MIN_STALE_MINUTES,
        le=MAX_STALE_MINUTES,
        description="A level older than this sells nothing until the supplier tells a new one",
    ),
]


class SyncedSource(Struct, forbid_unknown_fields=True):
    """Whose level the units of a counted variant follow; `hold_minutes` must be 0."""

    supplier: SupplierName
    sku: Sku
    stale_minutes: StaleMinutes = DEFAULT_STALE_MINUTES


class SyncedView(Struct):
    """How the following goes. `level` is what the supplier told last, for the moment `as_of_ms`;
    `error`: why the last pull, of `asked_at_ms`, told none. `off_sale`: its age is past
    `stale_minutes`."""

    supplier: SupplierName
    sku: Sku
    level: int | None
    as_of_ms: Milliseconds | None
    asked_at_ms: Milliseconds | None
    error: Literal["no_answer", "answer_invalid", "supplier_unknown"] | None
    off_sale: bool


def source_of(body: SyncedSource | None) -> SyncedFrom | None:
    return SyncedFrom(body.supplier, body.sku, body.stale_minutes) if body else None


def source_view(variant: Variant) -> SyncedSource | None:
    return SyncedSource(*variant.synced_from) if variant.synced_from else None


def synced_view(following: Following) -> SyncedView:
    source, synced = following
    level = synced.level
    return SyncedView(
        source.supplier,
        source.sku,
        level.units if level else None,
        level.as_of_ms if level else None,
        synced.asked_at_ms or None,
        synced.failure.value if synced.failure else None,
        synced.off_sale,
    )
