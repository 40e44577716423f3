"""The sale itself: buyers come, pay after a while or never; every request meets its limits."""

import math
from collections import Counter as Counts
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import simpy

from tests.scale.cloud import Account, Function, Instance, Quota, SimTable
from tests.scale.limits import SDK_ATTEMPTS, Limits
from tests.scale.pools import Busy, Finds, Order, Pool, Waits

SECRETS_SECONDS = 300.0

BUYER_WAITS = (1.0, 2.0, 4.0)
"""A storefront sends an order again that was answered `retryable`, then gives up."""

AGAIN_SECONDS = 5.0

PROVIDER_WAITS = (30.0, 60.0, 120.0, 240.0, 480.0)
"""The provider sends a callback again (its schedule is not public; assumed)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. The defaults come to what docs/bench.md measured: 458 ms to place, 32 to accept."""

    request: float = 0.005
    provider: float = 0.4
    cpu_place: float = 0.02
    cpu_accept: float = 0.015
    init: float = 0.35


@dataclass(frozen=True, slots=True)
class Load:
    """`orders` at `rate` a second. Delays are log-normal; `paid`, `twice`: shares."""

    rate: float
    orders: int
    codes: int
    paid: float = 0.8
    twice: float = 0.2
    delay_seconds: float = 60.0
    delay_spread: float = 0.8


@dataclass(frozen=True, slots=True)
class Tuning:
    """`index_partitions`: keys that a merchant's orders are spread over in the index.
    `cached_seconds`: how long an instance remembers what all orders read."""

    index_partitions: int = 4
    cached_seconds: float = 0.0


@dataclass
class Outcome:
    """`refused`: what gave up, by reason. `spent`: requests and units of all callbacks. By second:
    `placed`, `delivered`. `waits`: seconds from the first callback to the end of the order."""

    placed: Counts[int] = field(default_factory=Counts)
    delivered: Counts[int] = field(default_factory=Counts)
    refused: Counts[str] = field(default_factory=Counts)
    spent: Counts[str] = field(default_factory=Counts)
    waits: list[float] = field(default_factory=list)
    paid: list[Order] = field(default_factory=list)
    sold_out_when_placing: int = 0
    sold_out_when_paid: int = 0
    turned_away: int = 0
    unanswered: int = 0


class Visit:
    """One of the two functions at work: its requests are counted to `spent`."""

    def __init__(self, sale: "Sale", spent: Counts[str]) -> None:
        self.sale = sale
        self.spent = spent
        self.stock = sale.stock
        self.orders = sale.orders
        self.chance = sale.chance

    def ask(self, table: SimTable, key: str, *, wcu: float = 0.0, rcu: float = 0.0) -> Waits:
        sale, chance = self.sale, self.chance
        for attempt in range(SDK_ATTEMPTS):
            yield sale.env.timeout(sale.pace.request * (0.5 + chance.random()))
            self.spent["requests"] += 1
            if table.take(sale.env.now, key, wcu=wcu, rcu=rcu):
                self.spent["half_wcu"] += round(2 * wcu)
                self.spent["half_rcu"] += round(2 * rcu)
                return
            if attempt + 1 < SDK_ATTEMPTS:
                yield sale.env.timeout(chance.random() * 2**attempt)
        raise Busy(table.name)


class Sale:
    def __init__(
        self,
        load: Load,
        pool_of: Callable[[int], Pool],
        limits: Limits,
        tuning: Tuning = Tuning(),
        pace: Pace = Pace(),
        seed: int = 1,
    ) -> None:
        self.env = simpy.Environment()
        self.load = load
        self.limits = limits
        self.tuning = tuning
        self.pace = pace
        self.chance = Random(seed)
        self.pool = pool_of(load.codes)
        self.outcome = Outcome()
        wcu, rcu = limits.table_wcu, limits.table_rcu
        self.stock = SimTable("stock", wcu, rcu)
        self.orders = SimTable("orders", wcu, rcu)
        self.index = SimTable("orders index", wcu, rcu)
        self.catalogue = SimTable("catalogue", wcu, rcu)
        self.merchants = SimTable("merchants", wcu, rcu)
        account = Account(limits.concurrency)
        self.placing = Function("Lambda place", account, limits.warm_instances)
        self.accepting = Function("Lambda accept", account, limits.warm_instances // 8)
        self.account_api = Quota("API account", limits.account_api, limits.account_api_burst)
        self.route = {
            function: Quota(f"API route of {function.name}", limits.route, limits.route_burst)
            for function in (self.placing, self.accepting)
        }
        for instance in (*self.placing.idle, *self.accepting.idle):
            # Kept warm: each remembers its secrets and reads, and forgets them at its own time.
            instance.secrets_until = self.chance.random() * SECRETS_SECONDS
            instance.reads_until = self.chance.random() * tuning.cached_seconds
        self.kms = Quota("KMS", limits.kms, limits.kms)
        self.provider = Quota("payment provider", limits.payment_provider, limits.payment_provider)
        self.place_visit = Visit(self, Counts())
        self.accept_visit = Visit(self, self.outcome.spent)

    def run(self) -> Outcome:
        """Open loop: buyers come at the load's rate, whatever becomes of them."""
        self.env.process(self._arrivals())
        self.env.run()
        return self.outcome

    def run_closed(self, buyers: int) -> Outcome:
        """So many buyers at a time, each of whom pays at once, as tests/bench has it."""
        numbers = iter(range(self.load.orders))
        for _ in range(buyers):
            self.env.process(self._one_after_another(numbers))
        self.env.run()
        return self.outcome

    def gates(self) -> list[Quota | Function | SimTable]:
        """Whatever can refuse, in the order in which a request meets it."""
        return [
            self.account_api,
            *self.route.values(),
            self.placing,
            self.accepting,
            self.kms,
            self.provider,
            self.merchants,
            self.catalogue,
            self.stock,
            self.orders,
            self.index,
        ]

    def _arrivals(self) -> Waits:
        for number in range(self.load.orders):
            yield self.env.timeout(self.chance.expovariate(self.load.rate))
            self.env.process(self._buy(Order(number)))

    def _one_after_another(self, numbers: Any) -> Waits:
        for number in numbers:
            order = Order(number)
            yield from self._through(self.placing, order, self._place)
            if not order.sold_out:
                self.outcome.paid.append(order)
                yield from self._notice(order)

    def _buy(self, order: Order) -> Waits:
        for wait in (*BUYER_WAITS, None):
            if (yield from self._through(self.placing, order, self._place)):
                break
            if wait is None:
                self.outcome.turned_away += 1
                return
            yield self.env.timeout(wait * (0.5 + self.chance.random()))
        if order.sold_out or self.chance.random() >= self.load.paid:
            return
        self.outcome.paid.append(order)
        spread = self.load.delay_spread
        middle = math.log(self.load.delay_seconds) - spread**2 / 2
        yield self.env.timeout(self.chance.lognormvariate(middle, spread))
        if self.chance.random() < self.load.twice:
            self.env.process(self._notice_again(order))
        yield from self._notice(order)

    def _notice_again(self, order: Order) -> Waits:
        """Some come at once, others later."""
        yield self.env.timeout(self.chance.expovariate(1 / AGAIN_SECONDS))
        yield from self._notice(order)

    def _notice(self, order: Order) -> Waits:
        sent_at = self.env.now
        for wait in (*PROVIDER_WAITS, None):
            before = order.closed
            if (yield from self._through(self.accepting, order, self._accept)):
                if not before:
                    self.outcome.waits.append(self.env.now - sent_at)
                return
            if wait is None:
                self.outcome.unanswered += 1
                return
            yield self.env.timeout(wait * (0.5 + self.chance.random()))

    def _through(
        self, function: Function, order: Order, work: Callable[[Order, Instance], Finds]
    ) -> Finds:
        """The gateway, the function, the work. False: answered 429 or 5xx."""
        now, refused = self.env.now, self.outcome.refused
        for gate in (self.account_api, self.route[function]):
            if not gate.take(now):
                refused[gate.name] += 1
                return False
        instance = function.start(now)
        if instance is None:
            refused[function.name] += 1
            return False
        try:
            if instance.cold:
                yield self.env.timeout(self.pace.init)
                instance.cold = False
            return (yield from work(order, instance))
        except Busy as busy:
            refused[str(busy)] += 1
            return False
        finally:
            function.end(instance)

    def _secrets(self, visit: Visit, instance: Instance, count: int) -> Waits:
        if instance.secrets_until > self.env.now:
            return
        yield from visit.ask(self.merchants, "gateway", rcu=0.5)
        for _ in range(count):
            yield self.env.timeout(self.pace.request)
            if not self.kms.take(self.env.now):
                raise Busy(self.kms.name)
        instance.secrets_until = self.env.now + SECRETS_SECONDS

    def _place(self, order: Order, instance: Instance) -> Finds:
        visit = self.place_visit
        yield self.env.timeout(self.pace.cpu_place)
        yield from self._secrets(visit, instance, 2)
        fresh = instance.reads_until > self.env.now
        if not fresh:
            yield from visit.ask(self.merchants, "key", rcu=0.5)
            yield from visit.ask(self.merchants, "merchant", rcu=0.5)
        yield from visit.ask(self.orders, order.key, rcu=1)
        if not fresh:
            yield from visit.ask(self.catalogue, "variant", rcu=0.5)
            yield from visit.ask(self.catalogue, "product", rcu=0.5)
            instance.reads_until = self.env.now + self.tuning.cached_seconds
        if not (yield from self.pool.point(visit, order)):
            self.outcome.sold_out_when_placing += 1
            order.sold_out = True
            return True
        if not self.provider.take(self.env.now):
            raise Busy(self.provider.name)
        yield self.env.timeout(self.pace.provider)
        # The index is written later, but when it lags, its table is made to wait for it.
        shard = self.chance.randrange(self.tuning.index_partitions)
        yield from visit.ask(self.index, f"listing:{shard}", wcu=1)
        yield from visit.ask(self.orders, order.key, wcu=1)
        self.outcome.placed[int(self.env.now)] += 1
        return True

    def _accept(self, order: Order, instance: Instance) -> Finds:
        visit = self.accept_visit
        yield self.env.timeout(self.pace.cpu_accept)
        yield from self._secrets(visit, instance, 1)
        yield from visit.ask(self.orders, order.key, rcu=1)
        if order.closed:
            return True
        delivered = yield from self.pool.claim(visit, order)
        yield from visit.ask(self.orders, order.key, wcu=1)
        if not order.close():
            return True
        if delivered:
            self.outcome.delivered[int(self.env.now)] += 1
        else:
            order.sold_out = True
            self.outcome.sold_out_when_paid += 1
        return True
