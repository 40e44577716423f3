"""Look after stock: move out what has ended, keep levels, warn the merchant.

A shop that sold nothing for a day costs four queries of an index and a read of its catalogue, its
directories and what is kept of them; its chunks are counted once a day. Whatever a run does is safe
to do again, and one that has no more time leaves a mark for the next.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scrip.domain.catalogue import Product, Variant, on_sale
from scrip.domain.day import DAY_MS
from scrip.domain.directory import Directory
from scrip.domain.order import OrderRecord, listing_place
from scrip.domain.stock import ChunkRef
from scrip.domain.stock_warning import (
    Place,
    StockWarning,
    Watched,
    Whose,
    after_look,
    warning_of,
)
from scrip.steps.look_at_stock import ChunkCounter, look_at_stock
from scrip.steps.variants_behind import Catalogue, Merchants, variants_behind

PAGE = 100
CHUNKS_AT_ONCE = 1000
"""Of what ended, moved out in one write: about 16 000 codes."""

LATELY_MS = 2 * DAY_MS
"""An order placed before that was paid or expired long ago; late money is the exception."""


class Orders(Protocol):
    def listed(
        self, merchant_id: str, since: str, until: str, limit: int, *, newest_first: bool
    ) -> Sequence[OrderRecord]: ...


class Stock(ChunkCounter, Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...
    def directories(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Directory]: ...
    def rewrite(
        self, merchant_id: str, variant_id: str, old: Directory, new: Directory
    ) -> bool: ...


class EndedStock(Protocol):
    def shut(self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]) -> int: ...


class Watch(Protocol):
    def all_watched(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Watched]: ...
    def keep(self, merchant_id: str, variant_id: str, old: Watched, new: Watched) -> None: ...
    def mark(self) -> Place: ...
    def set_mark(self, place: Place) -> None: ...


class Events(Protocol):
    def record(self, warning: StockWarning) -> None: ...


class MailQueue(Protocol):
    def stock_warned(self, merchant_id: str, event_id: str) -> None: ...


@dataclass(slots=True)
class Looked:
    """What a run did. `complete`: every variant was looked after."""

    variants: int = 0
    counted: int = 0
    expired: int = 0
    warned: int = 0
    complete: bool = True


class _NoTime(Exception):
    """The run must end here."""


@dataclass(frozen=True, slots=True)
class _Watcher:
    now_ms: int
    has_time: Callable[[], bool]
    stock: Stock
    ended: EndedStock
    watch: Watch
    events: Events
    mail_queue: MailQueue
    looked: Looked = field(default_factory=Looked)

    def look_after(
        self, product: Product, variant: Variant, seen: Directory, old: Watched, *, sold: bool
    ) -> None:
        """Raises _NoTime, StoreUnavailable."""
        if not self.has_time():
            raise _NoTime
        directory = self._move_out(variant, seen)
        self.looked.variants += 1
        if not sold and old.rests(directory.version, self.now_ms):
            return
        shop, name, thresholds = variant.merchant_id, variant.variant_id, variant.thresholds
        sight = look_at_stock(
            shop,
            name,
            directory,
            selling=on_sale(product, variant),
            now_ms=self.now_ms,
            stock=self.stock,
        )
        kept, news = after_look(old, sight, thresholds)
        for number, about in enumerate(news, old.warnings + 1):
            whose = Whose(shop, name, variant.title)
            warning = warning_of(number, about, old, sight, thresholds, whose)
            # Told before it is kept that it was: a run that dies in between is told again, under
            # the same id.
            self.events.record(warning)
            self.mail_queue.stock_warned(shop, warning.event_id)
        if kept != old:
            self.watch.keep(shop, name, old, kept)
        self.looked.counted += 1
        self.looked.warned += len(news)

    def _move_out(self, variant: Variant, seen: Directory) -> Directory:
        """The directory without what has ended, or sold out long before."""
        shop, name, directory = variant.merchant_id, variant.variant_id, seen
        while True:
            chunks = directory.ended(self.now_ms, CHUNKS_AT_ONCE)
            if not chunks:
                forgotten = directory.forgotten(self.now_ms)
                if forgotten and self.stock.rewrite(shop, name, directory, forgotten):
                    return forgotten
                return directory
            if not self.has_time():
                raise _NoTime
            left = self.ended.shut(shop, name, chunks)
            if self.stock.rewrite(shop, name, directory, directory.moved_out(chunks, left)):
                self.looked.expired += left
            directory = self.stock.directory(shop, name, consistent=True)


def watch_stock(
    *,
    now_ms: int,
    has_time: Callable[[], bool],
    merchants: Merchants,
    catalogue: Catalogue,
    orders: Orders,
    stock: Stock,
    ended: EndedStock,
    watch: Watch,
    events: Events,
    mail_queue: MailQueue,
) -> Looked:
    """Raises StoreUnavailable; running again does what was left undone."""
    watcher = _Watcher(now_ms, has_time, stock, ended, watch, events, mail_queue)
    mark = done = watch.mark()
    lately = listing_place(now_ms - LATELY_MS), listing_place(now_ms)
    try:
        walk = variants_behind(mark, merchants=merchants, catalogue=catalogue)
        for merchant_id, variants in walk:
            sold = bool(variants and orders.listed(merchant_id, *lately, 1, newest_first=True))
            for start in range(0, len(variants), PAGE):
                page = variants[start : start + PAGE]
                ids = [variant.variant_id for _, variant in page]
                directories = stock.directories(merchant_id, ids)
                watched = watch.all_watched(merchant_id, ids)
                for product, variant in page:
                    name = variant.variant_id
                    if directories[name].version:  # else nothing ever was on sale
                        watcher.look_after(
                            product, variant, directories[name], watched[name], sold=sold
                        )
                    done = Place(merchant_id, name)
    except _NoTime:
        watcher.looked.complete = False
    left_off = Place() if watcher.looked.complete else done
    if left_off != mark:
        watch.set_mark(left_off)
    return watcher.looked
