"""A small deployment to break, put back as it was, and break again.

Its senders are those of production: the storefront repeats with the same Idempotency-Key, Stripe
signs and posts the same event anew, the stream keeps its place until a batch is taken, the queue
keeps a message until it is acknowledged, the schedule comes again.
"""

import base64
import copy
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import boto3
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from scrip.adapters.merchants import Merchants
from scrip.adapters.order_items import order_of
from scrip.adapters.tables import Item, Table, decode_item
from scrip.domain.errors import StoreUnavailable
from scrip.domain.order import Order
from scrip.domain.stock import ChunkRef
from tests.crash.remote import Remote, remote
from tests.fast_clients import kept_clients
from tests.in_memory import CALLBACKS, REGION, TABLES, UPLOADS, InMemory, forget_adapters, in_memory
from tests.opening import open_shop
from tests.oracles.stripe_server import StripeServer, sign
from tests.oracles.supplier_server import SupplierServer, supplier_server
from tests.outbox import passes
from tests.shop import InProcess, Reply, Shop

CODE_LENGTH = 200
PER_CHUNK = 3
"""Codes of that length are sealed three to a chunk, so few codes make many chunks."""

HOUR_MS = 3_600_000


@dataclass
class Clock:
    """Stands still, unless moved. Begins with an hour, so that a case stays within one."""

    at_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS)

    def time_ns(self) -> int:
        return self.at_ms * 1_000_000

    def sleep(self, seconds: float) -> None:
        self.at_ms += round(seconds * 1000)

    def advance(self, minutes: float) -> None:
        self.at_ms += int(minutes * 60_000)


@dataclass
class World:
    cloud: InMemory
    shop: Shop
    stripe: StripeServer
    supplier: SupplierServer
    remote: Remote
    clock: Clock
    luck: random.Random
    imported: dict[str, list[str]] = field(default_factory=dict)
    """Codes by variant that were handed in and taken."""
    restocked: bool = False
    """Codes came in after somebody may have been told that there are none."""

    wished: bool = False
    """The shop said what an order shall give back."""

    stream_place: int = 0
    exits: ExitStack = field(default_factory=ExitStack)
    also_kept: list[Callable[[], Callable[[], None]]] = field(default_factory=list)
    """What else is put back: each as `snapshot`."""

    # --- what people and machines send -------------------------------------------------------

    def stock(self, variant: str, codes: int, **changes: Any) -> None:
        """`changes`: of the variant's defaults, as `Shop.put_variant` takes them."""
        self.shop.put_variant(variant, **changes)
        assert self.hand_in(variant, self.new_codes(variant, codes), "first")

    def new_codes(self, variant: str, count: int) -> list[str]:
        held = len(self.imported.get(variant, ()))
        return [f"{variant}-{held + n:04d}-".ljust(CODE_LENGTH, "X") for n in range(count)]

    def hand_in(self, variant: str, codes: list[str], key: str) -> bool:
        """The merchant imports codes. Whether they were taken."""
        reply = self.shop.import_codes(variant, codes, idempotency_key=key)
        known = self.imported.setdefault(variant, [])
        known += [code for code in codes if code not in known]
        return self.took(reply)

    def place(self, lines: dict[str, int], **more: Any) -> Reply:
        reply = self.shop.place(lines, **more)
        assert reply.status == 201, reply.text
        return reply

    def post(self, event: bytes) -> bool:
        """Stripe posts an event, signed anew. Whether it was acknowledged: then it was kept."""
        signature = sign(event, at=self.clock.at_ms // 1000)
        done = self.took(self.shop.callback(event, signature))
        if done:
            name = hashlib.sha256(event).hexdigest()[:32]
            assert [key for key in self.objects(CALLBACKS) if key.endswith(name)]
        return done

    def pay(self, placed: Reply) -> None:
        assert self.post(self.paid(placed))

    def paid(self, placed: Reply, **changes: Any) -> bytes:
        return self.stripe.paid(placed.json["payment"]["reference"], **changes)

    def took(self, reply: Reply) -> bool:
        """Whether the sender is done. False: told to send again. Anything else is a mistake."""
        if reply.status == 503:
            assert reply.json["outcome"] == "retryable"
            return False
        assert reply.status in (200, 201), reply.text
        return True

    def merchant_chooses(self, **chosen: Any) -> None:
        """As `Merchants.change` takes it."""
        with self.remote.aside():
            merchants = Merchants(Table(boto3.client("dynamodb"), self._name("merchants")))
            merchants.change(self.shop.merchant_id, **chosen)

    def sweep(self) -> bool:
        """The schedule comes round. Whether it got through with all that is due."""
        try:
            swept = self.cloud.invoke("schedule_expire_orders", {})
        except StoreUnavailable:
            return False
        return bool(swept["complete"])

    def follow_up(self) -> bool:
        """What is due at payment providers is done. Whether it got through."""
        try:
            self.cloud.invoke("schedule_follow_up", {})
        except StoreUnavailable:
            return False
        return True

    def watch(self) -> bool:
        """The watch over stock comes round. Whether it got through."""
        try:
            self.cloud.invoke("schedule_watch_stock", {})
        except StoreUnavailable:
            return False
        return True

    def sync(self) -> bool:
        """Levels are pulled. Whether each was told and kept."""
        try:
            pulled = self.cloud.invoke("schedule_sync_stock", {})
        except StoreUnavailable:
            return False
        return not pulled["failures"]

    def sync_suppliers(self) -> bool:
        """Suppliers are asked. Whether it got through."""
        try:
            told = self.cloud.invoke("schedule_sync_suppliers", {})
        except StoreUnavailable:
            return False
        return not told["failures"]

    def publish(self) -> bool:
        """The stream hands over what it has. Whether it was taken; its place moves only then."""
        records = self.stream()[self.stream_place :]
        if not (let_through := [each for each in records if passes(each)]):
            return True
        answer = self.cloud.invoke("stream_publish_orders", {"Records": let_through})
        failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        numbers = [each["dynamodb"]["SequenceNumber"] for each in records]
        self.stream_place += numbers.index(failed[0]) if failed else len(records)
        return not failed

    def mail(self) -> bool:
        """The queue hands over what it shows. Whether all was acknowledged, and so deleted."""
        done = True
        for message in list(self.messages()):
            record = {"messageId": message.id, "body": message.body}
            answer = self.cloud.invoke("queue_send_mail", {"Records": [record]})
            if answer["batchItemFailures"]:
                done = False
            elif message in self.messages():
                self.messages().remove(message)
        return done

    # --- what stands in tables, queues and inboxes ---------------------------------------------

    def items(self, table: str) -> list[Item]:
        """Every item, past the functions and their adapters."""
        held = self._engine("dynamodb").tables[self._name(table)].all_items()
        return [decode_item(item.to_json()["Attributes"]) for item in held]

    def orders(self) -> list[Order]:
        return [order_of(item) for item in self.items("orders") if "state" in item]

    def free(self, variant: str) -> int:
        """Codes on sale."""
        chunks = (item for item in self.items("stock") if f"#{variant}#" in item["pk"])
        return sum(len(chunk["free"]) for chunk in chunks if "free" in chunk)

    def free_in(self, variant: str, chunk: ChunkRef) -> int:
        end = f"#{variant}#{chunk.lane}#{chunk.number}"
        return sum(len(each["free"]) for each in self.items("stock") if each["pk"].endswith(end))

    def order(self, placed: Reply) -> Order:
        order_id = placed.json["order"]["order_id"]
        return next(order for order in self.orders() if order.order_id == order_id)

    def stream(self) -> list[dict[str, Any]]:
        """The records of the orders table's stream, as Lambda gets them."""
        shard = self._engine("dynamodb").tables[self._name("orders")].stream_shard
        return [_as_lambda_gets(item.record) for item in shard.items]

    def messages(self) -> list[Any]:
        """What the mail queue holds, to be changed in place."""
        return self.queued("mail")

    def queued(self, name: str) -> list[Any]:
        """What a queue holds, to be changed in place."""
        found: list[Any] = self._engine("sqs").queues[name]._messages
        return found

    def objects(self, bucket: str = UPLOADS) -> dict[str, bytes]:
        """What lies in a bucket."""
        found = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets[bucket]
        return {name: key.value for name, key in found.keys.items()}

    def put_objects(self, objects: dict[str, bytes], bucket: str = UPLOADS) -> None:
        """These, and no others."""
        storage, there = boto3.client("s3"), self.objects(bucket)
        for name in there.keys() - objects.keys():
            storage.delete_object(Bucket=bucket, Key=name)
        for name, content in objects.items():
            if there.get(name) != content:
                storage.put_object(Bucket=bucket, Key=name, Body=content)

    def mails(self) -> list[Any]:
        found: list[Any] = self._engine("ses").sent_messages
        return found

    def state(self) -> Any:
        """Everything that money and goods depend on, to compare."""
        return sorted(
            repr(sorted(item.items()))
            for name in ("stock", "orders", "exports")
            for item in self.items(name)
        )

    # --- back to where it was ----------------------------------------------------------------

    def snapshot(self) -> Callable[[], None]:
        """A function that puts everything back as it is now, and starts functions cold."""
        dynamodb = self._engine("dynamodb")
        tables, messages = copy.deepcopy(dynamodb.tables), list(self.messages())
        mails, restore_stripe = list(self.mails()), self.stripe.snapshot()
        place, at_ms = self.stream_place, self.clock.at_ms
        imported = copy.deepcopy(self.imported)
        objects, imports = self.objects(), list(self.queued("import"))
        put_back = [kept() for kept in self.also_kept]
        callbacks = self.objects(CALLBACKS)

        def restore() -> None:
            dynamodb.tables = copy.deepcopy(tables)
            self.messages()[:] = messages
            self.mails()[:] = mails
            restore_stripe()
            self.stream_place, self.clock.at_ms = place, at_ms
            self.imported = copy.deepcopy(imported)
            self.put_objects(objects)
            self.put_objects(callbacks, CALLBACKS)
            self.queued("import")[:] = imports
            for each in put_back:
                each()
            self.luck.seed(1)
            self.cold_start()

        return restore

    def cold_start(self) -> None:
        """A new process: every adapter is built anew."""
        forget_adapters()

    def _name(self, table: str) -> str:
        return self.cloud.values[TABLES[table] + "Table"]

    def _engine(self, service: str) -> Any:
        return get_backend(service)[DEFAULT_ACCOUNT_ID][REGION]


@contextmanager
def world(stripe: StripeServer, **shop: Any) -> Iterator[World]:
    clock, luck = Clock(), random.Random(1)
    with (
        in_memory(stripe.base) as cloud,
        supplier_server() as supplier,
        supplier.registered(),
        remote() as between,
        mock.patch("scrip.chance.time", clock),
        mock.patch("scrip.chance._luck", luck),
        kept_clients(),
    ):
        environment = cloud.environment("api_serve_storefront")
        opened = open_shop(InProcess(cloud), environment, stripe, **shop)
        supplier.open_account(cloud.values, opened.merchant_id)
        made = World(cloud, opened, stripe, supplier, between, clock, luck)
        with made.exits:
            yield made


def _as_lambda_gets(record: dict[str, Any]) -> dict[str, Any]:
    """Binary values as base64 text, at the top level: orders nest none."""
    change = dict(record["dynamodb"])
    for image in ("OldImage", "NewImage"):
        if image in change:
            change[image] = {
                name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
                for name, value in change[image].items()
            }
    del change["ApproximateCreationDateTime"]
    event: dict[str, Any] = json.loads(json.dumps({**record, "dynamodb": change}))
    return event
