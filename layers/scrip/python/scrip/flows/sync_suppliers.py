"""Ask suppliers what accounts hold and goods cost, and halt the sale of what none can deliver.

What is told is kept in the account's standing. Whether a variant's sale is halted is written on
condition that the variant is as it was judged: who changes its price or its routes meanwhile is
judged by the next run. A change is kept first and told afterwards, under an id of its own: who dies
in between leaves a mark that it is untold. Whoever has no more time leaves a mark for the next run.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from scrip.domain.catalogue import Product, Variant, on_sale
from scrip.domain.charge import Quote
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable, SupplierUnknown
from scrip.domain.gate import Lane, Wait
from scrip.domain.money import Money
from scrip.domain.route import Halt
from scrip.domain.routing import Wanted, choose
from scrip.domain.scorecard import Scorecard, added, day_of
from scrip.domain.standing import (
    FRESH_MS,
    RECORD_DAYS,
    Known,
    Quoted,
    Record,
    Standing,
    least_recent,
    record_of,
)
from scrip.domain.stock_warning import Place
from scrip.domain.supplier_terms import Terms
from scrip.domain.supplier_warning import SupplierWarning, balance_low, sale_changed
from scrip.steps.supplier_turn import Gates, take_turn

ACCOUNT_MS = 30_000
"""So long a run asks for one account. What was told longest ago is asked for first."""

MAX_SILENT = 2
"""Times in a row that a supplier may not answer, then it is asked no more in this run."""

MAX_QUOTES = 2_000
"""Goods of an account whose costs are kept: what one item has room for. Others are not known."""

CLOSED, TOO_FAST = "closed", "too_fast"
"""As failures: nobody calls this supplier for now; its rate leaves no turn in time."""

_Told = TypeVar("_Told")


class Merchants(Protocol):
    def with_suppliers(self) -> Iterable[str]: ...


class Catalogue(Protocol):
    def all(
        self, merchant_id: str, *, consistent: bool = False
    ) -> Sequence[tuple[Product, Sequence[Variant]]]: ...
    def set_halt(self, seen: Variant, halt: Halt | None) -> Variant | None: ...


class Standings(Protocol):
    def of_all(self, merchant_id: str, accounts: Iterable[str]) -> dict[str, Standing]: ...
    def save(self, merchant_id: str, standing: Standing) -> Standing | None: ...


class Scorecards(Protocol):
    def of_days(self, merchant_id: str, account: str, days: range) -> dict[int, Scorecard]: ...


class Supplier(Protocol):
    @property
    def terms(self) -> Terms: ...
    def balance(self) -> Money: ...
    def quote(self, sku: str) -> Quote: ...


class Suppliers(Protocol):
    def of(self, merchant_id: str, account: str) -> Supplier: ...
    def min_balance_minor(self, merchant_id: str, account: str) -> int | None: ...


class Progress(Protocol):
    def mark(self) -> Place: ...
    def set_mark(self, place: Place) -> None: ...


class Events(Protocol):
    def record(self, warning: SupplierWarning) -> None: ...


class MailQueue(Protocol):
    def supplier_warned(self, merchant_id: str, event_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a run works with. `rest`: lets so many milliseconds pass."""

    clock: Callable[[], int]
    rest: Callable[[int], None]
    luck: Callable[[], float]
    has_time: Callable[[], bool]
    merchants: Merchants
    catalogue: Catalogue
    standings: Standings
    scorecards: Scorecards
    progress: Progress
    suppliers: Suppliers
    gates: Gates
    events: Events
    mail_queue: MailQueue


@dataclass(slots=True)
class Told:
    """What a run did. `failures`: of questions; `halted`, `resumed`: variants; `complete`: every
    account had its turn."""

    accounts: int = 0
    goods: int = 0
    low: int = 0
    halted: int = 0
    resumed: int = 0
    failures: list[str] = field(default_factory=list)
    complete: bool = True


@dataclass(slots=True)
class _Talk:
    """With one supplier, for as long as it answers and its share of the time lasts."""

    merchant_id: str
    account: str
    supplier: Supplier
    means: Means
    until_ms: int
    failures: list[str]
    silent: int = 0
    over: bool = False

    def ask(self, question: Callable[[], _Told]) -> _Told | None:
        """None: it was not told. A question says nothing of orders: no gate is closed or opened
        for it."""
        lease = None if self.over else self._turn()
        if lease is None:
            return None
        try:
            told = question()
        except SupplierUnavailable as error:
            self.failures.append(error.slug)
            self.silent += 1
            self.over = self.silent >= MAX_SILENT
            return None
        except SupplierAnswerInvalid as error:
            self.failures.append(error.slug)
            return None
        finally:
            self.means.gates.leave(self.merchant_id, self.account, lease)
        self.silent = 0
        return told

    def _turn(self) -> str | None:
        """A lease, once it is our turn. None: there is none in time."""
        means, now_ms = self.means, self.means.clock()
        turn = take_turn(
            self.merchant_id,
            self.account,
            Lane.ASK,
            self.supplier.terms,
            None,
            now_ms=now_ms,
            luck=means.luck(),
            gates=means.gates,
        )
        if isinstance(turn, Wait) or turn.at_ms >= self.until_ms:
            self.failures.append(CLOSED if isinstance(turn, Wait) else TOO_FAST)
            self.over = True
            return None
        if turn.at_ms > now_ms:
            means.rest(turn.at_ms - now_ms)
        at_once = self.supplier.terms.at_once
        return means.gates.enter(self.merchant_id, self.account, at_once, means.clock())


def sync_suppliers(means: Means) -> Told:
    """Raises StoreUnavailable, SealBroken; running again does what was left undone."""
    told = Told()
    mark = done = means.progress.mark()
    for merchant_id in means.merchants.with_suppliers():
        if merchant_id < mark.merchant_id:
            continue
        variants = [
            variant
            for product, found in means.catalogue.all(merchant_id)
            for variant in found
            if variant.routes and on_sale(product, variant)
        ]
        skus = _skus_by_account(variants)
        standings = means.standings.of_all(merchant_id, skus) if skus else {}
        for account in sorted(skus):
            if Place(merchant_id, account) <= mark:
                continue
            if not means.has_time():
                told.complete = False
                means.progress.set_mark(done)
                return told
            asked = _ask(merchant_id, standings[account], skus[account], told, means)
            standings[account] = asked
            done = Place(merchant_id, account)
        for variant in variants:
            _judge(variant, standings, told, means)
    if mark != Place():
        means.progress.set_mark(Place())
    return told


def _skus_by_account(variants: Sequence[Variant]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for variant in variants:
        for route in variant.routes:
            found[route.supplier].add(route.sku)
    return found


def _ask(merchant_id: str, old: Standing, skus: set[str], told: Told, means: Means) -> Standing:
    """What is known of the account now, kept and told."""
    account = old.account
    try:
        supplier = means.suppliers.of(merchant_id, account)
        min_balance_minor = means.suppliers.min_balance_minor(merchant_id, account)
    except SupplierUnknown as error:
        told.failures.append(error.slug)
        return old
    told.accounts += 1
    until_ms = means.clock() + ACCOUNT_MS
    talk = _Talk(merchant_id, account, supplier, means, until_ms, told.failures)
    balance = talk.ask(supplier.balance)
    new = replace(
        old,
        balance=Known(balance, means.clock()) if balance else old.balance,
        quotes=_quotes(old, skus, talk, told),
        record=_record(merchant_id, account, means),
        min_balance_minor=min_balance_minor,
    ).with_low(means.clock())
    kept = means.standings.save(merchant_id, new)
    return _tell_low(merchant_id, kept, told, means) if kept else new


def _quotes(old: Standing, skus: set[str], talk: _Talk, told: Told) -> dict[str, Quoted]:
    """Of what is sold now. Who does not answer is believed what it said before."""
    wanted = sorted(skus)[:MAX_QUOTES]
    quotes = {sku: old.quotes[sku] for sku in wanted if sku in old.quotes}
    for sku in least_recent(wanted, old.quotes):
        quote = talk.ask(lambda sku=sku: talk.supplier.quote(sku))  # type: ignore[misc]
        if quote:
            quotes[sku] = Quoted(quote, talk.means.clock())
            told.goods += 1
    return quotes


def _record(merchant_id: str, account: str, means: Means) -> Record:
    today = day_of(means.clock())
    days = range(today - RECORD_DAYS + 1, today + 1)
    return record_of(added(means.scorecards.of_days(merchant_id, account, days).values()))


def _tell_low(merchant_id: str, kept: Standing, told: Told, means: Means) -> Standing:
    low, balance = kept.low, kept.balance
    if low is None or low.told or balance is None:
        return kept
    _warn(balance_low(merchant_id, kept.account, balance, low), means)
    told.low += 1
    after = replace(kept, low=low._replace(told=True))
    return means.standings.save(merchant_id, after) or kept


def _judge(variant: Variant, standings: Mapping[str, Standing], told: Told, means: Means) -> None:
    """Whether somebody can deliver it. Of what is halted, silence changes nothing: there counts
    what was told last, however long ago."""
    variant = _tell_halt(variant, means) or variant
    now_ms = means.clock()
    wanted = Wanted(variant.price, variant.routing, placed=False)
    fresh_ms = now_ms if variant.halted else FRESH_MS
    choice = choose(wanted, variant.routes, standings, now_ms, fresh_ms)
    if bool(choice.why) == variant.halted:
        return
    kept = means.catalogue.set_halt(variant, Halt(choice.why, now_ms))
    if kept is None:
        return
    told.halted += kept.halted
    told.resumed += not kept.halted
    _tell_halt(kept, means)


def _tell_halt(variant: Variant, means: Means) -> Variant | None:
    """The variant after its merchant was told of what is untold; None: nothing was."""
    halt = variant.halt
    if halt is None or halt.told:
        return None
    _warn(sale_changed(variant, halt), means)
    return means.catalogue.set_halt(variant, halt._replace(told=True) if halt.why else None)


def _warn(warning: SupplierWarning, means: Means) -> None:
    means.events.record(warning)
    means.mail_queue.supplier_warned(warning.merchant_id, warning.event_id)
