"""What a paid callback asks of AWS while many buyers buy at once, and what a duplicate asks.

Buyers place an order and then pay it, so as many orders are open as there are buyers at a time.
Everything that the first callback of an order does is counted, that of an order too many (sold out
after it was placed) as well, and divided by the codes delivered. The consistent read of the order
is in it; placing is not.
"""

import itertools
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest import mock

from scrip import telemetry
from tests.bench.deployment import Deployment, Progress
from tests.bench.meter import Tally
from tests.shop import Reply, Shop

CODES = 2000
BUYERS = 2100
THREADS = 64
OTHER_THREADS = (1, 16)
"""Run too, with a quarter of the codes, for comparison."""

DUPLICATES = 500
TAIL = 0.05
CODE_SYMBOLS = 20
DELIVERED = '{"outcome":"delivered"}'


@dataclass
class Sale:
    """Callbacks in the order in which they ended: what each asked for, whether it delivered."""

    ended: list[tuple[Tally, bool]] = field(default_factory=list)
    paid: list[Reply] = field(default_factory=list)
    sold_out_when_placing: int = 0

    def of(self, part: Iterable[tuple[Tally, bool]]) -> tuple[Tally, int]:
        """The sum of some callbacks and the codes that they delivered."""
        total, delivered = Tally(), 0
        for tally, success in part:
            total.add(tally)
            delivered += success
        return total, delivered

    def tail(self) -> Iterator[tuple[Tally, bool]]:
        """Callbacks that ended after 95 % of the stock was gone."""
        _, all_delivered = self.of(self.ended)
        before = 0
        for tally, success in self.ended:
            if before >= all_delivered * (1 - TAIL):
                yield tally, success
            before += success


def measure(deployed: Deployment, shop: Shop, progress: Progress) -> dict[str, float]:
    """Keys: `callback.*`, of 64 buyers at a time; with a number, of that many."""
    figures: dict[str, float] = {}
    with telemetry_off():
        for threads in OTHER_THREADS:
            progress(f"callback: {threads} at a time, {CODES // 4} codes, {BUYERS // 4} buyers")
            sale = sell(deployed, shop, threads, CODES // 4, BUYERS // 4)
            figures |= figures_of(sale, f"callback.at_{threads}")
        progress(f"callback: {THREADS} at a time, {CODES} codes, {BUYERS} buyers")
        sale = sell(deployed, shop, THREADS, CODES, BUYERS)
        figures |= figures_of(sale, "callback")
        figures["callback.duplicate_requests"] = duplicates(deployed, shop, sale)
    return figures


def sell(deployed: Deployment, shop: Shop, threads: int, codes: int, buyers: int) -> Sale:
    variant = f"bench-{threads}"
    shop.stock_up(variant, codes_of(f"{threads:03}", codes))
    sale = rush(deployed, shop, variant, threads, buyers)
    _, delivered = sale.of(sale.ended)
    assert delivered == codes, f"{delivered} of {codes} codes were delivered"
    return sale


def codes_of(start: str, count: int) -> list[str]:
    """`start`: three symbols that no other variant's codes begin with."""
    return [f"{start}-{n:0{CODE_SYMBOLS - 4}}" for n in range(count)]


def rush(
    deployed: Deployment, shop: Shop, variant: str, threads: int, buyers: int, first: int = 0
) -> Sale:
    """So many buyers at a time; each places an order for one code and then pays it. `first`: number
    of the first buyer, when others came before."""
    warm(shop)
    sale, numbers, lock = Sale(), itertools.count(first), threading.Lock()

    def buy(_: int) -> None:
        placed = shop.place({variant: 1}, idempotency_key=f"{variant}-{next(numbers)}")
        if placed.status != 201:
            assert placed.problem == "sold-out", placed.text
            with lock:
                sale.sold_out_when_placing += 1
            return
        with deployed.meter.counting() as tally:
            reply = shop.pay(placed)
        assert reply.status == 200, reply.text
        with lock:
            sale.ended.append((tally, reply.text == DELIVERED))
            sale.paid.append(placed)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(buy, range(buyers)):
            pass
    return sale


def warm(shop: Shop) -> None:
    """A callback about none of our orders: reads the merchant's secrets, and no more."""
    reply = shop.callback(shop.stripe.event("payment_intent.succeeded", {"id": "pi_other"}))
    assert reply.status == 200, reply.text


def figures_of(sale: Sale, prefix: str) -> dict[str, float]:
    total, delivered = sale.of(sale.ended)
    puts = total.of("s3")
    tail, tail_delivered = sale.of(sale.tail())
    stock_table = os.environ["STOCK_TABLE"]
    missed = sum(missed_stock(tally, stock_table) for tally, _ in sale.ended)
    return {
        f"{prefix}.aws_requests": round((total.requests.total() - puts) / delivered, 3),
        f"{prefix}.raw_puts": round(puts / len(sale.ended), 3),
        f"{prefix}.wcu": round(total.wcu / delivered, 3),
        f"{prefix}.rcu": round(total.rcu / delivered, 3),
        f"{prefix}.tail_wcu": round(tail.wcu / tail_delivered, 3),
        f"{prefix}.miss_share": round(missed / len(sale.ended), 4),
        f"{prefix}.sold_out_when_paid": len(sale.ended) - delivered,
    }


def missed_stock(tally: Tally, stock_table: str) -> bool:
    """Whether the chunk that the order pointed to had no code for it.

    The claim was refused there; or the chunk was known to be exhausted, and was looked at instead.
    A callback that finds its code at once reads nothing of the stock table.
    """
    looked = any(
        operation == "GetItem" and asked["TableName"] == stock_table
        for operation, asked in tally.calls
    )
    return looked or tally.refused[stock_table] > 0


def duplicates(deployed: Deployment, shop: Shop, sale: Sale) -> float:
    """AWS requests for each callback that comes again for a closed order."""
    warm(shop)
    total = Tally()

    def again(placed: Reply) -> Tally:
        with deployed.meter.counting() as tally:
            reply = shop.pay(placed)
        assert reply.json["outcome"] == "duplicate", reply.text
        return tally

    with ThreadPoolExecutor(THREADS) as pool:
        for tally in pool.map(again, sale.paid[:DUPLICATES]):
            total.add(tally)
    return round((total.requests.total() - total.of("s3")) / len(sale.paid[:DUPLICATES]), 3)


@contextmanager
def telemetry_off() -> Iterator[None]:
    """Lambda gives a process one invocation at a time, and telemetry relies on that."""
    level = telemetry.logger.log_level
    telemetry.logger.setLevel("CRITICAL")
    try:
        with mock.patch.object(telemetry, "metrics", mock.Mock(metric_set={})):
            yield
    finally:
        telemetry.logger.setLevel(level)
