"""Workers sell and are killed, at random and often; nothing is lost, doubled or oversold.

Killed is SIGKILL: no handler finishes, no connection is closed. What a worker was at is sent again,
as storefronts and Stripe do, and nothing else repairs anything: no schedule runs.
"""

import multiprocessing
import random
import secrets
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import boto3
import pytest

from scrip.adapters.order_items import order_of
from scrip.adapters.tables import Item, decode_item
from scrip.domain.order import DeliveredOrder, Order, PendingOrder, RefundDueOrder
from tests.bench.deployment import Deployment, deployment
from tests.oracles.stripe_server import sign
from tests.scenarios.worker import Job, serve
from tests.share import SHARE
from tests.shop import Reply, Shop

pytestmark = [pytest.mark.cloud, pytest.mark.slow]

WORKERS, KILLS = 48 // SHARE, 90 // SHARE
CODES, ORDERS = 360 // SHARE, 210 // SHARE
"""Of each variant. Quantities of 1 to 3: some buyers come too late."""

DUPLICATES = 0.2
HANDLERS = ["functions.api_accept_payment.handler", "functions.api_serve_storefront.handler"]


@dataclass
class Worker:
    process: BaseProcess
    pipe: Connection
    job: Job | None = None


@dataclass
class Crew:
    """Workers and what they still have to do. Jobs of the killed are done again."""

    todo: deque[Job]
    chance: random.Random
    kills: int
    context: Any = field(default_factory=lambda: multiprocessing.get_context("forkserver"))
    workers: list[Worker] = field(default_factory=list)
    replies: list[tuple[Job, Reply]] = field(default_factory=list)
    killed: int = 0
    killed_at_work: int = 0

    def hire(self) -> None:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        self.workers.append(Worker(process, ours))

    def work(self) -> None:
        for _ in range(WORKERS):
            self.hire()
        while self.todo or any(worker.job for worker in self.workers):
            for worker in self.workers:
                if worker.job is None and self.todo:
                    worker.job = self.todo.popleft()
                    worker.pipe.send(worker.job)
            ready = wait([worker.pipe for worker in self.workers if worker.job], timeout=0.05)
            for worker in [each for each in self.workers if each.pipe in ready]:
                self.take_answer(worker)
            if self.killed < self.kills and len(self.replies) > WORKERS:
                self.kill_one()

    def take_answer(self, worker: Worker) -> None:
        assert worker.job
        reply: Reply = worker.pipe.recv()
        if reply.status == 503:
            self.todo.append(worker.job)
        else:
            self.replies.append((worker.job, reply))
        worker.job = None

    def kill_one(self) -> None:
        worker = self.chance.choice([each for each in self.workers if each.job] or self.workers)
        time.sleep(self.chance.random() * 0.02)
        worker.process.kill()
        worker.process.join()
        self.killed += 1
        if worker.job:
            try:
                self.take_answer(worker)  # it was done just in time
            except (EOFError, ConnectionResetError):
                self.killed_at_work += 1
                self.todo.append(worker.job)
        worker.pipe.close()
        self.workers.remove(worker)
        self.hire()

    def go_home(self) -> None:
        for worker in self.workers:
            worker.pipe.close()
            worker.process.join(timeout=10)
            worker.process.kill()


@contextmanager
def crew(jobs: list[Job], chance: random.Random, kills: int) -> Iterator[Crew]:
    made = Crew(deque(jobs), chance, kills)
    made.context.set_forkserver_preload(HANDLERS)
    try:
        yield made
    finally:
        made.go_home()


def test_killing_workers_loses_no_code_and_doubles_none() -> None:
    chance = random.Random(11)
    with deployment() as deployed:
        shop = deployed.open_shop()
        for variant, settings in (("card", {}), ("seat", {"hold_minutes": 60})):
            codes = [f"{variant}-{secrets.token_hex(7)}" for _ in range(CODES)]
            shop.stock_up(variant, codes)
            shop.put_variant(variant, **settings)
        placing = [place_job(shop, n, "seat", chance.randint(1, 3)) for n in range(ORDERS)]
        cards = [shop.place({"card": chance.randint(1, 3)}) for _ in range(ORDERS)]
        paying = [pay_job(shop, placed) for placed in cards]
        jobs = placing + paying
        jobs += [job for job in jobs if chance.random() < DUPLICATES]
        chance.shuffle(jobs)

        with crew(jobs, chance, KILLS) as workers:
            workers.work()

        assert workers.killed >= KILLS
        assert workers.killed_at_work > KILLS // 2
        assert not {reply.text for job, reply in workers.replies if not answered(job, reply)}
        late = sell_the_rest(shop, every_code_has_one_owner(deployed))
        assert every_code_has_one_owner(deployed) == {"card": CODES, "seat": CODES}
    told(workers, late)


def answered(job: Job, reply: Reply) -> bool:
    """As a storefront is, or Stripe."""
    return reply.status in ((201, 409) if job[1] == "/v1/orders" else (200,))


def place_job(shop: Shop, number: int, variant: str, quantity: int) -> Job:
    body = b'{"lines": [{"variant_id": "%s", "quantity": %d}], "email": "b@example.com"}' % (
        variant.encode(),
        quantity,
    )
    headers = {
        "authorization": f"Bearer {shop.keys['storefront']}",
        "content-type": "application/json",
        "idempotency-key": f"killed-{number}",
    }
    return "POST", "/v1/orders", headers, body


def pay_job(shop: Shop, placed: Reply) -> Job:
    raw = shop.stripe.paid(placed.json["payment"]["reference"])
    headers = {"content-type": "application/json", "stripe-signature": sign(raw)}
    return "POST", f"/v1/callbacks/payments/{shop.merchant_id}/stripe", headers, raw


def every_code_has_one_owner(deployed: Deployment) -> dict[str, int]:
    """Units that orders hold, by variant. Chunks and orders tell the same story from both ends."""
    chunks = {item["pk"]: item for item in items(deployed, "Stock") if "free" in item}
    orders = [order_of(item) for item in items(deployed, "Orders") if "state" in item]
    lying = Counter(
        (pk.split("#")[1], packed[:4])
        for pk, chunk in chunks.items()
        for packed in [*chunk["free"], *(p for p in chunk["claimed"].values() if p != b"-")]
    )
    assert set(lying.values()) == {1}, "a code lies in two places"
    assert len(lying) == 2 * CODES, "a code is lost"
    claimed = {
        (pk, unit)
        for pk, chunk in chunks.items()
        for unit, packed in chunk["claimed"].items()
        if packed != b"-"
    }
    picked = [place for order in orders for place in places_of(order)]
    assert len(picked) == len(set(picked)), "a code went to two orders"
    assert claimed == set(picked), "a claim leaked"
    for order in orders:
        owed = sum(line.unit_price.amount_minor * line.units_missing for line in order.lines)
        assert all(line.units_claimed <= line.quantity for line in order.lines)
        match order:
            case RefundDueOrder():
                assert owed == order.refund_due.amount_minor > 0
            case DeliveredOrder() | PendingOrder(held=True):
                assert owed == 0
    return dict(Counter(pk.split("#")[1] for pk, _ in claimed))


def places_of(order: Order) -> list[tuple[str, str]]:
    if not isinstance(order, DeliveredOrder | RefundDueOrder | PendingOrder):
        return []
    return [
        (f"{order.merchant_id}#{line.variant_id}#{chunk.lane}#{chunk.number}", unit)
        for line in order.lines
        for chunk, unit in line.claimed_units(order.order_id)
    ]


def sell_the_rest(shop: Shop, sold: dict[str, int]) -> int:
    """One by one: orders of three that met over the last codes all left them, so some are free."""
    late = [variant for variant, units in sold.items() for _ in range(CODES - units)]
    for variant in late:
        placed = shop.place({variant: 1})
        assert placed.status == 201, f"a free {variant} cannot be bought"
        if variant == "card":
            shop.pay(placed)
    return len(late)


def told(workers: Crew, late: int) -> None:
    print(
        f"{len(workers.replies)} answers, {workers.killed} workers killed, "
        f"{workers.killed_at_work} of them at work; {late} codes were left to who came later; "
        "nothing leaked, nothing doubled"
    )


def items(deployed: Deployment, table: str) -> list[Item]:
    pages = boto3.client("dynamodb").get_paginator("scan")
    name = deployed.values[f"{table}Table"]
    return [decode_item(item) for page in pages.paginate(TableName=name) for item in page["Items"]]
