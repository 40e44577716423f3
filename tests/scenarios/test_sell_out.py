"""500 codes, 600 buyers (or a share), 16 at a time, a fifth told twice: what stock.md promises."""

import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from tests.scenarios.deployed import Deployed
from tests.share import SHARE
from tests.shop import Reply, Shop

pytestmark = [pytest.mark.cloud, pytest.mark.slow]

CODES, BUYERS, AT_A_TIME = 500 // SHARE, 600 // SHARE, 16
EARLY = 560 // SHARE
"""Buyers who place before anybody pays; the others come while the stock runs out."""

DUPLICATES = 0.2
TRIES = 10


def test_every_code_is_sold_once_and_everybody_else_is_told(open_cloud: Deployed) -> None:
    chance = random.Random(7)
    shop = open_cloud.open_shop(f"rush-{secrets.token_hex(4)}")
    # Stripe hears of the money when it tells us: asked about young orders, it must not come first.
    paid = cache(open_cloud.stripe.paid)
    codes = [f"RUSH-{secrets.token_hex(8)}" for _ in range(CODES)]
    shop.stock_up("card", codes)

    started = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        placed = list(pool.map(lambda number: place(shop, number), range(EARLY)))
        jobs = [reference_of(reply) for reply in placed]
        jobs += [reference for reference in jobs if chance.random() < DUPLICATES]
        chance.shuffle(jobs)
        paying = [lambda reference=reference: pay(shop, paid(reference)) for reference in jobs]
        for number in range(EARLY, BUYERS):
            at = chance.randrange(2 * len(jobs) // 3, len(paying))
            paying.insert(at, lambda number=number: place_and_pay(shop, number, paid))
        replies = list(pool.map(lambda act: act(), paying))
    seconds = time.monotonic() - started

    orders = [item for item in open_cloud.items("orders", shop.merchant_id) if "state" in item]
    states = Counter(item["state"] for item in orders)
    told_at_once = sum(reply.problem == "sold-out" for reply in replies)
    assert states["delivered"] == CODES
    assert states["refund_due"] + told_at_once == BUYERS - CODES
    assert set(states) <= {"delivered", "refund_due"}
    duplicates = sum(reply.text == '{"outcome":"duplicate"}' for reply in replies)
    # More where a machine that had too much to do ended a function that had done its work.
    assert duplicates >= len(jobs) - EARLY

    chunks = [item for item in open_cloud.items("stock", shop.merchant_id) if "free" in item]
    claimed = [packed for chunk in chunks for packed in chunk["claimed"].values()]
    assert not [chunk for chunk in chunks if chunk["free"]]
    assert sorted(int.from_bytes(packed[:4], "big") for packed in claimed) == list(range(CODES))
    owners = Counter(unit.partition(".")[0] for chunk in chunks for unit in chunk["claimed"])
    assert set(owners.values()) == {1}
    sold = {item["pk"].partition("#")[2] for item in orders if item["state"] == "delivered"}
    assert set(owners) == sold

    shown = [code for reply in chance.sample(placed, 60) for code in codes_of(shop, reply)]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= set(codes)
    print(f"{EARLY + len(paying)} buyers' requests in {seconds:.0f} s, {told_at_once} told at once")


def place(shop: Shop, number: int) -> Reply:
    return until_answered(
        lambda: shop.place({"card": 1}, idempotency_key=f"buyer-{number}-of-the-rush")
    )


def place_and_pay(shop: Shop, number: int, paid: Callable[[str], bytes]) -> Reply:
    """The answer to the payment, or to the order if that was sold out."""
    reply = place(shop, number)
    if reply.problem == "sold-out":
        return reply
    assert reply.status == 201, reply.text
    return pay(shop, paid(reference_of(reply)))


def reference_of(placed: Reply) -> str:
    return str(placed.json["payment"]["reference"])


def pay(shop: Shop, event: bytes) -> Reply:
    reply = until_answered(lambda: shop.callback(event))
    assert reply.status == 200, reply.text
    return reply


def until_answered(send: Callable[[], Reply]) -> Reply:
    """Send again until it is answered, as storefronts and Stripe do."""
    for _ in range(TRIES):
        reply = send()
        if reply.status < 500:
            return reply
        time.sleep(0.2)
    raise AssertionError("busy for too long")


def codes_of(shop: Shop, placed: Reply) -> list[str]:
    reply = shop.reveal(placed)
    return [each["code"] for each in reply.json["codes"]] if reply.status == 200 else []
