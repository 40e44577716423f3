"""Pull the levels of variants that follow a supplier's, and correct what is on sale.

A pull is kept before anything is corrected, and every correction is on condition that it is the
last one. So a run that dies leaves what was on sale, counted down by what was sold, and two at once
meet in the same writes. Whoever has no more time leaves a mark for the next.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from scrip.domain.catalogue import Variant
from scrip.domain.directory import Directory
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable, SupplierUnknown
from scrip.domain.stock_warning import Place, StockWarning, Whose, unsynced
from scrip.domain.synced_level import (
    Failure,
    Mark,
    SupplierLevel,
    Synced,
    SyncedFrom,
    SyncSuperseded,
)
from scrip.steps.variants_behind import Catalogue, Merchants, variants_behind

TRIES = 5
"""Times that the directory may change while a variant's units are counted."""

ROUNDS = 60
"""Writes that one correction may take: units lie in some 250 chunks, 48 are written at once."""

CONTENDED = "contended"
"""As a failure: the directory changed each time. The next run is another try."""

MAX_SILENT = 3
"""Times in a row that a supplier may not answer, then it is asked no more in this run: nobody waits
for it who follows another."""


class Stock(Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...


class SyncedStock(Protocol):
    def find(self, merchant_id: str, variant_id: str) -> Synced: ...
    def free(self, merchant_id: str, variant_id: str, directory: Directory) -> int: ...
    def keep(
        self, merchant_id: str, variant_id: str, old: Synced, new: Synced, directory: Directory
    ) -> bool: ...
    def add(
        self,
        merchant_id: str,
        variant_id: str,
        directory: Directory,
        units: int,
        pull: Synced,
        now_ms: int,
    ) -> int: ...
    def take(
        self, merchant_id: str, variant_id: str, directory: Directory, units: int, pull: Synced
    ) -> int | None: ...


class Suppliers(Protocol):
    def level(
        self, merchant_id: str, supplier: str, sku: str, asked_at_ms: int
    ) -> SupplierLevel: ...


class Progress(Protocol):
    def mark(self) -> Place: ...
    def set_mark(self, place: Place) -> None: ...


class Events(Protocol):
    def record(self, warning: StockWarning) -> None: ...


class MailQueue(Protocol):
    def stock_warned(self, merchant_id: str, event_id: str) -> None: ...


@dataclass(slots=True)
class Pulled:
    """What a run did. `failures`: of pulls; `off_sale`: variants that went off sale for the age of
    their level; `complete`: every variant was pulled."""

    variants: int = 0
    added: int = 0
    taken: int = 0
    off_sale: int = 0
    failures: list[str] = field(default_factory=list)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class _Syncer:
    clock: Callable[[], int]
    stock: Stock
    synced: SyncedStock
    suppliers: Suppliers
    events: Events
    mail_queue: MailQueue
    pulled: Pulled = field(default_factory=Pulled)
    silent: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def follow(self, variant: Variant, source: SyncedFrom) -> None:
        """Raises StoreUnavailable."""
        answer = self._ask(variant.merchant_id, source)
        self.pulled.variants += 1
        if isinstance(answer, Failure):
            self.pulled.failures.append(answer.value)
        try:
            if not any(self._keep(variant, source, answer) for _ in range(TRIES)):
                self.pulled.failures.append(CONTENDED)
        except SyncSuperseded:
            return

    def _ask(self, merchant_id: str, source: SyncedFrom) -> SupplierLevel | Failure:
        supplier = source.supplier
        if self.silent[supplier] >= MAX_SILENT:
            return Failure.NO_ANSWER
        try:
            level = self.suppliers.level(merchant_id, supplier, source.sku, self.clock())
        except SupplierUnavailable:
            self.silent[supplier] += 1
            return Failure.NO_ANSWER
        except SupplierAnswerInvalid:
            return Failure.ANSWER_INVALID
        except SupplierUnknown:
            return Failure.SUPPLIER_UNKNOWN
        self.silent[supplier] = 0
        return level

    def _keep(self, variant: Variant, source: SyncedFrom, answer: SupplierLevel | Failure) -> bool:
        """Count, keep the pull, correct. False: what was counted did not hold still."""
        shop, name = variant.merchant_id, variant.variant_id
        old = self.synced.find(shop, name)
        directory = self.stock.directory(shop, name, consistent=True)
        free = self.synced.free(shop, name, directory)
        now = Mark(self.clock(), directory.codes - free)
        new = old.pulled(answer, now, source.stale_minutes)
        if new.off_sale and not old.off_sale:
            self._warn(variant, new, now.at_ms, free)
        if not self.synced.keep(shop, name, old, new, directory):
            return False
        self.pulled.off_sale += new.off_sale and not old.off_sale
        self._correct(variant, new, now, directory)
        return True

    def _warn(self, variant: Variant, pull: Synced, now_ms: int, free: int) -> None:
        """Before it is kept that it was: a run that dies in between warns again, under the same
        id."""
        whose = Whose(variant.merchant_id, variant.variant_id, variant.title)
        warning = unsynced(whose, pull.as_of_ms, now_ms, free)
        self.events.record(warning)
        self.mail_queue.stock_warned(variant.merchant_id, warning.event_id)

    def _correct(self, variant: Variant, pull: Synced, now: Mark, seen: Directory) -> None:
        """Raises SyncSuperseded, StoreUnavailable."""
        shop, name = variant.merchant_id, variant.variant_id
        goal = pull.goal(seen.codes, now.claimed)
        for _ in range(ROUNDS):
            more = goal - seen.codes
            if more > 0:
                self.pulled.added += self.synced.add(shop, name, seen, more, pull, now.at_ms)
            elif more < 0:
                taken = self.synced.take(shop, name, seen, -more, pull)
                if taken == 0:
                    return  # sold already: the next level will tell
                self.pulled.taken += taken or 0
            else:
                return
            seen = self.stock.directory(shop, name, consistent=True)


def sync_stock(
    *,
    clock: Callable[[], int],
    has_time: Callable[[], bool],
    merchants: Merchants,
    catalogue: Catalogue,
    stock: Stock,
    synced: SyncedStock,
    progress: Progress,
    suppliers: Suppliers,
    events: Events,
    mail_queue: MailQueue,
) -> Pulled:
    """`clock` tells milliseconds: a run takes minutes, and a level's age is counted in them.

    Raises StoreUnavailable; running again does what was left undone.
    """
    syncer = _Syncer(clock, stock, synced, suppliers, events, mail_queue)
    mark = done = progress.mark()
    for merchant_id, variants in variants_behind(mark, merchants=merchants, catalogue=catalogue):
        for _, variant in variants:
            if variant.synced_from is None:
                continue
            if not has_time():
                syncer.pulled.complete = False
                progress.set_mark(done)
                return syncer.pulled
            syncer.follow(variant, variant.synced_from)
            done = Place(merchant_id, variant.variant_id)
    if mark != Place():
        progress.set_mark(Place())
    return syncer.pulled
