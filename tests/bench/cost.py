"""What a million paid orders cost at AWS, split by service.

One order is followed all the way: placed, paid, told by the stream, mailed, read, revealed. Its
requests, capacity units, log bytes and milliseconds are measured; prices and what else has to be
assumed stand in `prices.json`.
"""

import base64
import json
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from infra.local.deploy import load_template
from infra.packaging.build import ROOT
from tests.bench.deployment import Deployment, Progress
from tests.bench.meter import Tally
from tests.shop import Shop

PRICES = Path(__file__).with_name("prices.json")
ORDERS = 60
VARIANT = "bench-cost"
MILLION = 1_000_000
GB = 1_000_000_000

OTHERS = ("kms", "s3", "sqs", "sesv2")
"""Services besides DynamoDB that an order's functions call."""

HTTP_STEPS = ("place", "callback", "read", "reveal")
STEPS = ("place", "callback", "stream_paid", "mail", "read", "reveal")
"""The stream's other records, of placing above all, match no filter and cost no invocation."""


@dataclass
class Step:
    """One invocation. Times are this machine's."""

    tally: Tally
    log_bytes: int
    wall_ms: float
    cpu_ms: float


@dataclass
class Order:
    """Follows one order; `steps` by name."""

    deployed: Deployment
    shop: Shop
    number: int
    steps: dict[str, Step] = field(default_factory=dict)

    def run(self) -> dict[str, Step]:
        shop, queue = self.shop, Queue()
        key = f"{VARIANT}-{self.number}"
        placed = self.step("place", lambda: shop.place({VARIANT: 1}, idempotency_key=key))
        assert placed.status == 201, placed.text
        new = self.image(placed.json["order"]["order_id"])
        paid = self.step("callback", lambda: shop.pay(placed))
        assert paid.json["outcome"] == "delivered", paid.text
        self.publish(new, self.image(placed.json["order"]["order_id"]))
        event = queue.take()
        sent = self.step("mail", lambda: self.deployed.invoke("queue_send_mail", event))
        assert sent == {"batchItemFailures": []}, sent
        assert self.step("read", lambda: shop.read(placed)).status == 200
        assert self.step("reveal", lambda: shop.reveal(placed)).status == 200
        return self.steps

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        written = self.deployed.output.written()
        with self.deployed.meter.counting() as tally:
            wall, cpu = time.perf_counter(), time.thread_time()
            answer = act()
            wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        log_bytes = self.deployed.output.written() - written
        self.steps[name] = Step(tally, log_bytes, wall * 1000, cpu * 1000)
        return answer

    def publish(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        change = {"SequenceNumber": "1", "OldImage": old, "NewImage": new}
        event = {"Records": [{"dynamodb": change}]}
        invoke = self.deployed.invoke
        done = self.step("stream_paid", lambda: invoke("stream_publish_orders", event))
        assert done == {"batchItemFailures": []}, done

    def image(self, order_id: str) -> dict[str, Any]:
        """The order's item as the stream would show it: binary values as text."""
        key = {"pk": {"S": f"{self.shop.merchant_id}#{order_id}"}}
        found = boto3.client("dynamodb").get_item(TableName=os.environ["ORDERS_TABLE"], Key=key)
        return {
            name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
            for name, value in found["Item"].items()
        }


class Queue:
    """The mail queue, read as Lambda's poller does."""

    def __init__(self) -> None:
        self.sqs, self.url = boto3.client("sqs"), os.environ["MAIL_QUEUE_URL"]

    def take(self) -> dict[str, Any]:
        [message] = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=5)["Messages"]
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": [{"messageId": message["MessageId"], "body": message["Body"]}]}


def measure(deployed: Deployment, shop: Shop, progress: Progress) -> dict[str, float]:
    """Keys: `cost.*`. Needs a fresh deployment: its first order is the one with cold caches."""
    progress(f"cost: {ORDERS} orders, each followed to the end")
    shop.stock_up(VARIANT, [f"{n:020}" for n in range(ORDERS + 1)])
    orders = [Order(deployed, shop, number).run() for number in range(ORDERS + 1)]
    return usd_per_million(orders[0], orders[1:], json.loads(PRICES.read_text()))


def usd_per_million(
    cold: dict[str, Step], warm: list[dict[str, Step]], prices: dict[str, Any]
) -> dict[str, float]:
    usd = prices["usd"]
    given = {name: each["value"] for name, each in prices["assumptions"].items()}
    used = mixed(cold, warm, given["cold_caches_share"])
    invocations = dict.fromkeys(STEPS, 1.0)
    invocations["stream_paid"] /= given["stream_records_per_invocation"]
    invocations["mail"] /= given["mails_per_invocation"]
    memory_mb = load_template(ROOT / "template.yaml")["Globals"]["Function"]["MemorySize"]
    billed_ms = {
        name: lambda_ms([order[name] for order in warm], memory_mb, given) for name in STEPS
    }
    billed_ms["place"] += given["stripe_wait_ms"]
    gb_seconds = sum(billed_ms[name] * invocations[name] for name in STEPS) / 1000
    gb_seconds *= memory_mb / 1024
    log_bytes = sum(median(warm, name, "log_bytes") for name in STEPS)
    log_bytes += sum(invocations.values()) * given["lambda_log_bytes_per_invocation"]
    log_bytes += len(HTTP_STEPS) * given["access_log_bytes_per_request"]
    sqs = used["sqs"] + given["sqs_poller_requests_per_message"]
    split = {
        "api_gateway": len(HTTP_STEPS) * usd["api_gateway_http_request"],
        "lambda_requests": sum(invocations.values()) * usd["lambda_request"],
        "lambda_gb_seconds": gb_seconds * usd["lambda_arm64_gb_second"],
        "dynamodb_writes": (used["wcu"] - used["index_wcu"]) * usd["dynamodb_write_unit"],
        "dynamodb_index_writes": used["index_wcu"] * usd["dynamodb_write_unit"],
        # A capacity unit of reading is one consistent read: the price is for that one, too.
        "dynamodb_reads": used["rcu"] * usd["dynamodb_read_unit"],
        "dynamodb_streams": usd["dynamodb_stream_read_by_lambda"],
        "dynamodb_ttl_deletes": usd["dynamodb_ttl_delete"],
        "kms": used["kms"] * usd["kms_request"],
        "s3_callbacks": used["s3"] * given["callbacks_per_order"] * usd["s3_put"],
        "sqs": sqs * usd["sqs_request"],
        "ses": used["sesv2"] * usd["ses_mail"],
        "cloudwatch_logs": log_bytes / GB * usd["cloudwatch_logs_gb"],
    }
    figures = {f"cost.usd_per_million_orders.{name}": n * MILLION for name, n in split.items()}
    figures["cost.usd_per_million_orders"] = sum(split.values()) * MILLION
    figures["cost.usd_per_million_orders_without_mail"] = (
        sum(split.values()) - split["ses"]
    ) * MILLION
    figures |= {
        "cost.per_order.aws_requests": sum(used[name] for name in ("dynamodb", *OTHERS)),
        "cost.per_order.wcu": used["wcu"],
        "cost.per_order.rcu": used["rcu"],
        "cost.per_order.kms_requests": used["kms"],
        "cost.per_order.log_bytes": log_bytes,
        "cost.per_order.lambda_gb_seconds": gb_seconds,
    }
    figures |= {f"cost.lambda_ms.{name}": ms for name, ms in billed_ms.items()}
    return {name: round(value, 4) for name, value in figures.items()}


def mixed(
    cold: dict[str, Step], warm: list[dict[str, Step]], cold_share: float
) -> dict[str, float]:
    """Requests by service and capacity units of an average order."""
    one, many = counted(cold), [counted(order) for order in warm]
    return {
        name: cold_share * one[name]
        + (1 - cold_share) * statistics.fmean(each[name] for each in many)
        for name in one
    }


def counted(order: dict[str, Step]) -> dict[str, float]:
    total = Tally()
    for step in order.values():
        total.add(step.tally)
    found: dict[str, float] = {service: total.of(service) for service in ("dynamodb", *OTHERS)}
    assert sum(found.values()) == total.requests.total(), total.requests
    return found | {"wcu": total.wcu, "index_wcu": total.index_wcu, "rcu": total.rcu}


def lambda_ms(steps: list[Step], memory_mb: int, given: dict[str, float]) -> int:
    """Billed milliseconds of a warm invocation: waiting as here, CPU as slow as memory makes it."""
    cpu = statistics.median(step.cpu_ms for step in steps)
    wall = statistics.median(step.wall_ms for step in steps)
    slower = max(1.0, given["mb_per_vcpu"] / memory_mb)
    return math.ceil(max(0.0, wall - cpu) + cpu * slower)


def median(orders: list[dict[str, Step]], step: str, name: str) -> float:
    return float(statistics.median(getattr(order[step], name) for order in orders))
