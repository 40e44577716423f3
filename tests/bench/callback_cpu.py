"""What our own code adds to a warm callback: its CPU over that of what cannot be left out.

What cannot be left out: one HMAC over the body, and the callback's own DynamoDB requests, sent
again as bare calls of the same client with the very same parameters. In between the order and its
chunk are put back to where they were, so both get the same answers. Both run in turn.
"""

import hmac
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import boto3

from scrip.wiring import clients
from tests.bench.callback import warm
from tests.bench.deployment import Deployment, Progress
from tests.bench.meter import Tally
from tests.oracles.stripe_server import WEBHOOK_SECRET, sign
from tests.shop import Shop, http_event

SAMPLES = 200
WARM_UP = 20
VARIANT = "bench-cpu"

METHODS = {"GetItem": "get_item", "UpdateItem": "update_item"}


def measure(deployed: Deployment, shop: Shop, progress: Progress) -> dict[str, float]:
    """Keys: `callback.cpu_ms_ratio`, and the two medians behind it in CPU milliseconds."""
    progress(f"callback: CPU of {SAMPLES} warm callbacks and of their bare requests, in turn")
    shop.stock_up(VARIANT, [f"{n:020}" for n in range(2 * SAMPLES)])
    warm(shop)
    timings = [sample(deployed, shop, number) for number in range(SAMPLES + WARM_UP)][WARM_UP:]
    whole_ms = statistics.median(ours for ours, _ in timings)
    bare_ms = statistics.median(theirs for _, theirs in timings)
    return {
        "callback.cpu_ms_ratio": round(whole_ms / bare_ms, 3),
        "callback.cpu_ms": round(whole_ms, 2),
        "callback.cpu_bare_ms": round(bare_ms, 2),
    }


def sample(deployed: Deployment, shop: Shop, number: int) -> tuple[float, float]:
    """CPU milliseconds of one callback, and of its bare counterpart."""
    placed = shop.place({VARIANT: 1}, idempotency_key=f"{VARIANT}-{number}")
    raw = deployed.stripe.paid(placed.json["payment"]["reference"])
    signature = sign(raw)
    headers = {"content-type": "application/json", "stripe-signature": signature}
    path = f"/v1/callbacks/payments/{shop.merchant_id}/stripe"
    function, event = http_event("POST", path, headers, raw)
    before = Before(shop.merchant_id, placed.json["order"]["order_id"])

    with deployed.meter.counting() as tally:
        ours, answer = cpu_ms(lambda: deployed.invoke(function, event))
    assert answer["body"] == '{"outcome":"delivered"}', answer

    before.restore()
    with deployed.meter.counting():
        theirs, _ = cpu_ms(lambda: bare_callback(raw, signature, tally))
    return ours, theirs


def bare_callback(raw: bytes, signature: str, tally: Tally) -> None:
    stamp, _, given = signature.partition(",v1=")
    signed = stamp.removeprefix("t=").encode() + b"." + raw
    expected = hmac.new(WEBHOOK_SECRET.encode(), signed, "sha256").hexdigest()
    assert hmac.compare_digest(expected, given)
    client = clients.client("dynamodb")
    for operation, parameters in tally.calls:
        getattr(client, METHODS[operation])(**parameters)


def cpu_ms(act: Callable[[], Any]) -> tuple[float, Any]:
    """Of this thread only: the stand-in for Stripe runs in another."""
    started = time.thread_time()
    answer = act()
    return (time.thread_time() - started) * 1000, answer


class Before:
    """An order, the chunk it points to and the directory, as they are now."""

    def __init__(self, merchant_id: str, order_id: str) -> None:
        self.dynamodb = boto3.client("dynamodb")
        orders, stock = os.environ["ORDERS_TABLE"], os.environ["STOCK_TABLE"]
        key = {"pk": {"S": f"{merchant_id}#{order_id}"}}
        order = self.dynamodb.get_item(TableName=orders, Key=key)["Item"]
        chunk = order["order_lines"]["L"][0]["M"]["chunk"]["L"]
        name = f"{merchant_id}#{VARIANT}#{chunk[0]['S']}#{chunk[1]['N']}"
        keys = [name, f"{merchant_id}#{VARIANT}#directory"]
        self.items = [(orders, order)]
        for pk in keys:
            found = self.dynamodb.get_item(TableName=stock, Key={"pk": {"S": pk}})
            self.items.append((stock, found["Item"]))

    def restore(self) -> None:
        for table, item in self.items:
            self.dynamodb.put_item(TableName=table, Item=item)
