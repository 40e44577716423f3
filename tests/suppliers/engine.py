"""The engine that delivers through suppliers, with stores in memory and a clock that jumps.

The flow is that of production, and so are the adapters to suppliers. What stands around it breaks
on demand: any call to a store, a queue or a supplier may be the last thing a run does, may be done
without its answer arriving, or may fail; the queue then brings the message again, as SQS does.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from scrip.adapters.bought_codes import BoughtCodes
from scrip.domain.advanced import Advanced
from scrip.domain.attempt import AttemptState, Said
from scrip.domain.catalogue import Status, Variant
from scrip.domain.charge import Charge
from scrip.domain.errors import Retryable, SupplierUnknown
from scrip.domain.follow_up import Backoff
from scrip.domain.gate import Gate, Turn, Wait
from scrip.domain.goods import Kind, Supply
from scrip.domain.line import Fate, Line, first_fates
from scrip.domain.money import Money
from scrip.domain.order import (
    FulfillingOrder,
    Order,
    OrderMoved,
    OrderRecord,
    PendingOrder,
    SettledOrder,
)
from scrip.domain.order_access import CROCKFORD
from scrip.domain.payment import Payment
from scrip.domain.route import Route
from scrip.domain.scorecard import Ending
from scrip.domain.standing import Standing
from scrip.domain.supplier_terms import MINUTE_MS
from scrip.domain.top_up import Due, TopUp, TopUpMoved, Unit, open_units
from scrip.flows.advance_top_up import Means, advance_top_up
from scrip.flows.ask_about_done import ask_about_done
from scrip.flows.resume_top_ups import resume_top_ups
from scrip.steps.supplier_turn import Supplier
from tests.suppliers.breaking import Breaking, Killed
from tests.suppliers.gates import MemoryGates
from tests.suppliers.vault import bought_codes

MERCHANT, VARIANT = "demo", "gb-5"
PRICE = Money(700, "EUR")
VISIBILITY_MS, MOST_RECEIVED = 180_000, 10
SAFETY_NET_MS = 20 * MINUTE_MS

_T = TypeVar("_T")


@dataclass
class Engine:
    """`suppliers` by account. `kind`: of the good that all orders are for. `counts`: calls, by
    name. `codes`: of those goods that are codes."""

    suppliers: Mapping[str, Supplier]
    routes: Sequence[Route]
    now_ms: int
    chance: Random
    breaking: Breaking
    kind: Kind = Kind.TOP_UP
    codes: BoughtCodes = field(default_factory=bought_codes)
    counts: Counter[str] = field(default_factory=Counter)
    scored: Counter[tuple[str, Ending]] = field(default_factory=Counter)
    kept: dict[str, Order] = field(default_factory=dict)
    top_ups: dict[Unit, TopUp] = field(default_factory=dict)
    queued: list[tuple[int, int, Due, int]] = field(default_factory=list)
    watched: list[tuple[int, str]] = field(default_factory=list)
    advanced: list[Advanced] = field(default_factory=list)
    ended_at_ms: dict[Unit, int] = field(default_factory=dict)
    on_tick: Callable[[int], None] = lambda _now: None
    _number: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.gates = MemoryGates()
        self.lost_first = 0.0
        """The share of first messages that never come."""

    # --- what the flow is given

    def means(self) -> Means:
        return Means(
            callback_base="https://api.example",
            clock=lambda: self.now_ms,
            luck=self.chance.random,
            orders=_Orders(self),
            catalogue=_Catalogue(self),
            standings=_Standings(),
            top_ups=_TopUps(self),
            codes=_Codes(self),
            gates=_Gates(self),
            suppliers=_Suppliers(self),
            scorecards=_Scorecards(self),
            queue=_Queue(self),
        )

    def call(self, name: str, do: Callable[[], _T]) -> _T:
        self.counts[name] += 1
        return self.breaking.call(name, do)

    # --- what people and machines send

    def pay(self, units: int = 1, **filled: str) -> FulfillingOrder:
        """An order is paid, and the stream tells of its units."""
        order_id = "".join(self.chance.choice(CROCKFORD) for _ in range(16))
        line = Line(
            number=0,
            variant_id=VARIANT,
            quantity=units,
            unit_price=PRICE,
            chunk=None,
            kind=self.kind,
            filled=tuple((filled or {"phone": "13800138000"}).items()),
            fates=first_fates(self.kind, units),
        )
        pending = PendingOrder(
            merchant_id=MERCHANT,
            order_id=order_id,
            lines=(line,),
            email="buyer@example.com",
            locale="en",
            payment_ref="pi_1",
            fingerprint=bytes(16),
            trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
            placed_at_ms=self.now_ms,
            expires_at_ms=self.now_ms + 60 * MINUTE_MS,
        )
        money = Payment("stripe", "pi_1", pending.total, True, self.now_ms)
        order = pending.pay(money).settle(self.now_ms)
        assert isinstance(order, FulfillingOrder)
        self.kept[order_id] = order
        for unit in open_units(order):
            if self.chance.random() >= self.lost_first:
                self.push(Due(unit), 0)
        heapq.heappush(self.watched, (self.now_ms + SAFETY_NET_MS, order_id))
        return order

    def hint(self, unit: Unit) -> None:
        self.push(Due(unit, hint=True), 0)

    def push(self, due: Due, delay_ms: int, received: int = 0) -> None:
        # SQS counts whole seconds.
        at_ms = self.now_ms + min(-(-delay_ms // 1000), 900) * 1000
        heapq.heappush(self.queued, (at_ms, next(self._number), due, received))

    # --- time

    def run(self, until_ms: int) -> None:
        """Everything that is due until then, in the order of time. Stops early when nothing is."""
        while self.queued or self.watched:
            message = self.queued[0][0] if self.queued else until_ms + 1
            look = self.watched[0][0] if self.watched else until_ms + 1
            at_ms = min(message, look)
            if at_ms > until_ms:
                break
            self.now_ms = max(self.now_ms, at_ms)
            self.on_tick(self.now_ms)
            if message <= look:
                self._receive()
            else:
                self._look()
        if self.now_ms < until_ms and (self.queued or self.watched):
            self.now_ms = until_ms

    def _receive(self) -> None:
        _, _, due, received = heapq.heappop(self.queued)
        try:
            self.advanced.append(advance_top_up(due._replace(again=received > 0), self.means()))
        except (Killed, Retryable):
            if received + 1 < MOST_RECEIVED:
                self.push(due, VISIBILITY_MS, received + 1)

    def _look(self) -> None:
        _, order_id = heapq.heappop(self.watched)
        order = self.kept[order_id]
        assert isinstance(order, SettledOrder)
        try:
            found = [look(order_id) for look in (self._resumed, self._asked_again)]
        except (Killed, Retryable):
            heapq.heappush(self.watched, (self.now_ms + MINUTE_MS, order_id))
            return
        age_ms = self.now_ms - order.delivered_at_ms
        waits = [wait for again in found if again and (wait := again.wait_ms(age_ms)) is not None]
        if waits:
            heapq.heappush(self.watched, (self.now_ms + min(waits), order_id))

    def _resumed(self, order_id: str) -> Backoff | None:
        return resume_top_ups(
            MERCHANT,
            order_id,
            now_ms=self.now_ms,
            orders=_Orders(self),
            top_ups=_TopUps(self),
            queue=_Queue(self),
            mail_queue=_Mail(self),
        ).again

    def _asked_again(self, order_id: str) -> Backoff | None:
        return ask_about_done(
            MERCHANT,
            order_id,
            now_ms=self.now_ms,
            orders=_Orders(self),
            top_ups=_TopUps(self),
            queue=_Queue(self),
            scorecards=_Scorecards(self),
        ).again

    # --- what became of it

    def fates(self) -> Counter[Fate]:
        return Counter(fate for order in self.kept.values() for fate in order.lines[0].fates)

    def units(self) -> dict[Unit, Fate]:
        return {
            Unit(MERCHANT, order.order_id, 0, number): fate
            for order in self.kept.values()
            for number, fate in enumerate(order.lines[0].fates)
        }

    def waits_for_a_person(self, unit: Unit) -> bool:
        top_up = self.top_ups.get(unit)
        return top_up is not None and top_up.attempt.state is AttemptState.MANUAL


@dataclass
class _Orders:
    engine: Engine

    def find_record(
        self, _merchant: str, order_id: str, *, consistent: bool = False
    ) -> OrderRecord | None:
        assert consistent
        order = self.engine.call("orders.find", lambda: self.engine.kept.get(order_id))
        return OrderRecord(order, "", ()) if order else None

    def end_unit(self, seen: Order, ended: Order, _now_ms: int, look_ms: int = 0) -> None:
        def write() -> None:
            now = self.engine.kept[seen.order_id]
            if now != seen:
                raise OrderMoved(now)
            self.engine.kept[seen.order_id] = ended
            for number, (before, after) in enumerate(
                zip(seen.lines[0].fates, ended.lines[0].fates, strict=True)
            ):
                if before is not after:
                    unit = Unit(MERCHANT, seen.order_id, 0, number)
                    self.engine.ended_at_ms[unit] = self.engine.now_ms
            if look_ms:
                heapq.heappush(self.engine.watched, (self.engine.now_ms + look_ms, seen.order_id))

        self.engine.call("orders.end", write)


@dataclass
class _Catalogue:
    engine: Engine

    def find_variant(self, merchant_id: str, variant_id: str) -> Variant:
        return self.engine.call(
            "catalogue.find",
            lambda: Variant(
                merchant_id=merchant_id,
                product_id="data",
                variant_id=variant_id,
                title="5 GB",
                price=PRICE,
                status=Status.ACTIVE,
                supply=Supply.UNLIMITED,
                routes=tuple(self.engine.routes),
            ),
        )


@dataclass
class _TopUps:
    engine: Engine

    def find(self, unit: Unit) -> TopUp | None:
        return self.engine.call("top_ups.find", lambda: self.engine.top_ups.get(unit))

    def find_many(self, units: list[Unit]) -> dict[Unit, TopUp]:
        kept = self.engine.top_ups
        return self.engine.call(
            "top_ups.find_many", lambda: {unit: kept[unit] for unit in units if unit in kept}
        )

    def save(self, top_up: TopUp) -> TopUp:
        def write() -> TopUp:
            now = self.engine.top_ups.get(top_up.unit)
            if (now.version if now else 0) != top_up.version:
                assert now
                raise TopUpMoved(now)
            kept = replace(top_up, version=top_up.version + 1)
            self.engine.top_ups[top_up.unit] = kept
            return kept

        return self.engine.call("top_ups.save", write)


@dataclass
class _Codes:
    engine: Engine

    def keep(self, *arguments: Any) -> bool:
        return self.engine.call("codes.keep", lambda: self.engine.codes.keep(*arguments))


@dataclass
class _Gates:
    engine: Engine

    def take(self, *arguments: Any) -> Turn | Wait:
        return self.engine.call("gates.take", lambda: self.engine.gates.take(*arguments))

    def holds(self, *arguments: Any) -> Gate | None:
        return self.engine.call("gates.holds", lambda: self.engine.gates.holds(*arguments))

    def enter(self, *arguments: Any) -> str | None:
        return self.engine.call("gates.enter", lambda: self.engine.gates.enter(*arguments))

    def leave(self, *arguments: Any) -> None:
        self.engine.call("gates.leave", lambda: self.engine.gates.leave(*arguments))

    def trouble(self, *arguments: Any) -> bool:
        return self.engine.call("gates.trouble", lambda: self.engine.gates.trouble(*arguments))

    def sense(self, *arguments: Any) -> None:
        self.engine.call("gates.sense", lambda: self.engine.gates.sense(*arguments))


@dataclass
class _Suppliers:
    engine: Engine

    def of(self, _merchant: str, account: str) -> Supplier:
        if account not in self.engine.suppliers:
            raise SupplierUnknown(account)
        return _Called(self.engine, self.engine.suppliers[account])


class _Called:
    def __init__(self, engine: Engine, supplier: Supplier) -> None:
        self.engine = engine
        self.supplier = supplier
        self.terms = supplier.terms

    def send(self, charge: Charge) -> Said:
        return self.engine.call("supplier.send", lambda: self.supplier.send(charge))

    def ask(self, charge: Charge) -> Said:
        return self.engine.call("supplier.ask", lambda: self.supplier.ask(charge))


class _Standings:
    """Nothing is known of anybody."""

    def of(self, _merchant: str, account: str) -> Standing:
        return Standing(account)


@dataclass
class _Scorecards:
    engine: Engine

    def add(
        self, _merchant: str, account: str, ending: Ending, _took_ms: int | None, _now_ms: int
    ) -> None:
        def write() -> None:
            self.engine.scored[account, ending] += 1

        self.engine.call("scorecards.add", write)

    def add_disputed(self, *_: Any) -> None:
        raise AssertionError("nobody disputes anything")


@dataclass
class _Mail:
    """Of top-ups alone nothing can be read before they end; of codes some can."""

    engine: Engine

    def order_ready(self, merchant_id: str, order_id: str, trace_id: str) -> None:
        assert self.engine.kind is Kind.BOUGHT_CODE


@dataclass
class _Queue:
    engine: Engine

    def again(self, due: Due, delay_ms: int) -> None:
        self.engine.call("queue.again", lambda: self.engine.push(due, delay_ms))
