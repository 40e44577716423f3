"""Expire orders that nobody paid in time, put back on sale what they held, and count who left it.

Each is closed at its payment provider first. One that was paid, though nobody told, is settled as
its callback would have; one whose provider cannot close it now waits for a while.

One index lists orders by the time they were placed, another those with holds by the time these end;
neither costs a payment anything. A mark of each merchant and sweep says up to where all is done, so
each order is looked at about once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Protocol

from scrip.domain.chase import Answer, Fate, Silence, fate_of
from scrip.domain.fairness import counts_for, unpaid_mark
from scrip.domain.notice import PaymentNotice
from scrip.domain.order import ExpiredOrder, Order, OrderRecord, PendingOrder, listing_place
from scrip.domain.payment import Payment
from scrip.steps.let_go import Ending, HoldStore, OrderEnder, expire_all

MINUTE_MS = 60_000
INDEX_LAG_MS = MINUTE_MS
"""The index follows the table within a moment; a minute behind it nothing new appears."""

HOLDS, EXPIRY = "holds", "expiry"
PAGE = 100
MAX_PAGES = 20
"""Orders of one merchant in one run. The next run goes on from the mark."""

MAX_DUE = 1000
"""Orders, of all merchants, that are closed together."""


class UnpaidHolds(Protocol):
    def add(self, merchant_id: str, tag: str, marks: Iterable[int], now_ms: int) -> None: ...


class OrderStore(OrderEnder, Protocol):
    def mark(self, merchant_id: str, sweep: str) -> str: ...
    def set_mark(self, merchant_id: str, sweep: str, old: str, new: str) -> None: ...
    def listed(
        self, merchant_id: str, since: str, until: str, limit: int, *, newest_first: bool
    ) -> Sequence[OrderRecord]: ...
    def due(
        self, merchant_id: str, since: str, until: str, limit: int
    ) -> Sequence[OrderRecord]: ...


class Providers(Protocol):
    def collect_and_close(self, orders: Sequence[Order]) -> Sequence[Answer]: ...


class Settled(Protocol):
    @property
    def order(self) -> Order: ...


Settle = Callable[[PaymentNotice], Settled]
"""As its callback would: the order as it stands then. Raises MoveContended, StoreUnavailable."""


@dataclass(slots=True)
class Swept:
    """`unclosed`: of the expired, those that can be paid still, as far as is known. `waiting`: for
    their provider. `silences`: of providers, by merchant, provider and reason. `complete`: nothing
    that is due was left for the next run."""

    expired: int = 0
    complete: bool = True
    unclosed: int = 0
    waiting: int = 0
    silences: dict[str, int] = field(default_factory=dict)

    def heard_nothing(self, order: Order, why: Silence) -> None:
        name = f"{order.merchant_id} {order.provider} {why.value}"
        self.silences[name] = self.silences.get(name, 0) + 1


@dataclass(slots=True)
class _Sweep:
    """A walk through one index. `name` tells its mark; orders whose place lies before `until` may
    be due. `since`: where to read on; `done`: up to there nothing is left."""

    merchant_id: str
    name: str
    until: str
    page: Callable[[str, str], Sequence[OrderRecord]]
    mark: str
    since: str = ""
    done: str = ""
    pages: int = 0
    waits: bool = False

    def __post_init__(self) -> None:
        self.since = self.done = self.mark


@dataclass(frozen=True, slots=True)
class _Page:
    """Orders whose time is over. `last`: nothing that is due lies behind them; `young`: but orders
    that are not due yet."""

    sweep: _Sweep
    past: Sequence[OrderRecord]
    last: bool
    young: bool

    @property
    def due(self) -> list[PendingOrder]:
        """Those that hold anything stand in both indexes: one sweep is enough."""
        unpaid = (record.order for record in self.past)
        return [
            order
            for order in unpaid
            if isinstance(order, PendingOrder) and order.held == (self.sweep.name == HOLDS)
        ]


@dataclass(frozen=True, slots=True)
class _Sweeper:
    now_ms: int
    orders: OrderStore
    holds: HoldStore
    unpaid: UnpaidHolds
    providers: Providers
    settle: Settle
    swept: Swept = field(default_factory=Swept)

    def sweeps_of(self, merchant_id: str, placed_until: str) -> Iterator[_Sweep]:
        for name, until, page in (
            (HOLDS, listing_place(self.now_ms), _due),
            (EXPIRY, placed_until, _placed),
        ):
            mark = self.orders.mark(merchant_id, name)
            if mark <= until:  # or the window was made longer: all before the mark is done
                yield _Sweep(
                    merchant_id, name, until, partial(page, self.orders, merchant_id), mark
                )

    def run(self, sweeps: Iterable[_Sweep]) -> None:
        left = list(sweeps)
        while left:
            pages: list[_Page] = []
            while left and sum(len(page.due) for page in pages) < MAX_DUE:
                pages.append(self._look(left.pop(0)))
            due = [order for page in pages for order in page.due]
            answers = iter(self.providers.collect_and_close(due))
            for page in pages:
                self._end(page, [next(answers) for _ in page.due])
                if page.last or page.sweep.pages == MAX_PAGES:
                    self._finish(page)
                else:
                    left.append(page.sweep)

    def _look(self, sweep: _Sweep) -> _Page:
        found = sweep.page(sweep.since, sweep.until)
        # An order placed when the window was longer is not due yet: the mark must not pass it.
        past = list(takewhile(lambda record: not self._is_young(record.order), found))
        young, last = len(past) < len(found), len(past) < PAGE
        if sweep.pages:  # a page begins with the last order of the one before
            past = [record for record in past if record.place > sweep.since]
        sweep.pages += 1
        sweep.since = past[-1].place if past else sweep.since
        return _Page(sweep, past, last, young)

    def _is_young(self, order: Order) -> bool:
        return isinstance(order, PendingOrder) and not order.due(self.now_ms)

    def _end(self, page: _Page, answers: Sequence[Answer]) -> None:
        sweep, endings, waiting = page.sweep, list[Ending](), set[str]()
        for order, answer in zip(page.due, answers, strict=True):
            if isinstance(answer, Payment):
                notice = PaymentNotice(order.merchant_id, order.order_id, answer)
                now = self.settle(notice).order
                # Otherwise the money is beside it, and the only payment it had is over.
                endings += [self._ending(now)] if isinstance(now, PendingOrder) else []
                continue
            if isinstance(answer, Silence):
                self.swept.heard_nothing(order, answer)
            fate = fate_of(answer, order.expires_at_ms, self.now_ms)
            if fate is Fate.WAITS:
                waiting.add(order.order_id)
            else:
                endings.append(self._ending(order, unclosed=fate is Fate.UNCLOSED))
        gone = expire_all(endings, now_ms=self.now_ms, orders=self.orders, holds=self.holds)
        self.swept.expired += len(gone)
        self.swept.unclosed += sum(each.expired.unclosed for each in endings)
        self.swept.waiting += len(waiting)
        if sweep.name == HOLDS:
            # Also those that ended when somebody read them, or in a run that died here.
            gone += [each.order for each in page.past if _unpaid(each.order)]
            self._count_unpaid(sweep.merchant_id, gone)
        for record in page.past:
            sweep.waits = sweep.waits or record.order.order_id in waiting
            if not sweep.waits:
                sweep.done = record.place

    def _ending(self, order: PendingOrder, *, unclosed: bool = False) -> Ending:
        return Ending(order, order.expire(self.now_ms, unclosed=unclosed))

    def _finish(self, page: _Page) -> None:
        sweep = page.sweep
        if page.last and page.past and not page.young and not sweep.waits:
            # Where nothing was found the mark stays: moving it would cost a write a minute.
            sweep.done = max(sweep.done, sweep.until)
        if sweep.done > sweep.mark:
            self.orders.set_mark(sweep.merchant_id, sweep.name, sweep.mark, sweep.done)
        if not page.last or page.young or sweep.waits:
            self.swept.complete = False

    def _count_unpaid(self, merchant_id: str, orders: Sequence[Order]) -> None:
        """Against whoever placed these, each once: one write for each of those."""
        marks: dict[str, set[int]] = defaultdict(set)
        for order in orders:
            for tag in order.tags:
                if counts_for(tag, order.order_id):
                    marks[tag].add(unpaid_mark(order.order_id, order.expires_at_ms))
        for tag, found in marks.items():
            self.unpaid.add(merchant_id, tag, found, self.now_ms)


def expire_orders(
    *,
    now_ms: int,
    window_minutes: int,
    merchant_ids: Iterable[str],
    orders: OrderStore,
    holds: HoldStore,
    unpaid: UnpaidHolds,
    providers: Providers,
    settle: Settle,
) -> Swept:
    """Raises MoveContended, StoreUnavailable; running again goes on where it stopped."""
    sweeper = _Sweeper(now_ms, orders, holds, unpaid, providers, settle)
    placed_until = listing_place(now_ms - window_minutes * MINUTE_MS - INDEX_LAG_MS)
    sweeper.run(
        sweep
        for merchant_id in merchant_ids
        for sweep in sweeper.sweeps_of(merchant_id, placed_until)
    )
    return sweeper.swept


def _due(orders: OrderStore, merchant_id: str, since: str, until: str) -> Sequence[OrderRecord]:
    return orders.due(merchant_id, since, until, PAGE)


def _placed(orders: OrderStore, merchant_id: str, since: str, until: str) -> Sequence[OrderRecord]:
    return orders.listed(merchant_id, since, until, PAGE, newest_first=False)


def _unpaid(order: Order) -> bool:
    return isinstance(order, ExpiredOrder) and not order.turned_away
