"""What a merchant reads of its stock, and when it wants to be warned."""

from typing import Annotated

from msgspec import Meta, Struct

from scrip.contracts.fields import Milliseconds, Slug
from scrip.contracts.merchant_synced import SyncedView, synced_view
from scrip.domain.stock_level import SalesRate
from scrip.domain.stock_warning import MAX_LOW_DAYS, MAX_LOW_STOCK, MAX_WARN_DAYS, Sight
from scrip.domain.synced_level import Following

WarnDays = Annotated[
    int,
    Meta(
        ge=0, le=MAX_WARN_DAYS, description="Warn of codes that end within so many days; 0: never"
    ),
]
LowStock = Annotated[
    int, Meta(ge=0, le=MAX_LOW_STOCK, description="Warn when so few codes are left; 0: never")
]
LowDays = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_LOW_DAYS,
        description="Warn when stock lasts for less than so many days at its pace; 0: never",
    ),
]


class ShelfView(Struct):
    """Codes on sale that end on the same day, and codes kept; `until_ms` is null where they never
    do."""

    until_ms: Milliseconds | None
    available: int
    kept: int


class StockView(Struct):
    """Levels of one variant, counted. `available` are unsold codes on sale, `kept` those that are
    not on offer, `shelves` tells when they end; `expired` ended before they were sold, within the
    last hour or before.

    `sold_per_day` is the pace of the last week or month, whichever is faster; at that pace the
    stock lasts for `days_left` full days: null where nothing is sold. `synced`: null where its
    units follow no supplier's level.
    """

    variant_id: Slug
    imported: int
    available: int
    kept: int
    expired: int
    shelves: list[ShelfView]
    sold_per_day: float
    days_left: int | None
    synced: SyncedView | None = None


def stock_view(
    variant_id: str, seen: Sight, rate: SalesRate, following: Following | None
) -> StockView:
    level = seen.level
    return StockView(
        variant_id,
        level.imported,
        level.available,
        level.kept,
        level.expired,
        [ShelfView(each.until_ms or None, each.available, each.kept) for each in seen.shelves],
        round(rate.per_day, 2),
        rate.days_left(seen.shelves, level.at_ms),
        synced_view(following) if following else None,
    )
