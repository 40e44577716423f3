"""Least privilege, measured: what each function asks of AWS while it does all it can do is what
its policy allows, no more and no less."""

import base64
import os
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

import boto3
import pytest

from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.contracts.callbacks import replay_event
from scrip.domain.order import DeliveredOrder, Order
from tests import template
from tests.asked import Use, recording
from tests.buying_codes import sell_and_show_one
from tests.ending import give_an_end
from tests.file_upload import import_files
from tests.functions.test_schedule_refresh_certificates import shop_at_wechat
from tests.generated import ask, look_up, sell_generated
from tests.in_memory import InMemory, forget_adapters, in_memory
from tests.kept import kept
from tests.opening import open_shop
from tests.oracles.stripe_server import StripeServer
from tests.oracles.supplier_server import supplier_server
from tests.oracles.wechat_keys import certified
from tests.oracles.wechat_server import wechat_server
from tests.outbox import publish
from tests.reselling import resell
from tests.shop import InProcess, Reply, Shop
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.faults import Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.top_ups import PHONE, sell_top_up
from tests.topping_up import call_at, dispute, found, offer, open_account, paid, stuck, take_queued
from tests.vendor import sync_vendor

FUNCTIONS = sorted(template.functions())

NOT_CALLED_BY_CODE: dict[str, str] = {
    "logs:CreateLogStream": "the Lambda service writes the log",
    "logs:PutLogEvents": "the Lambda service writes the log",
    "dynamodb:DescribeStream": "Lambda's poller reads the stream",
    "dynamodb:GetRecords": "Lambda's poller reads the stream",
    "dynamodb:GetShardIterator": "Lambda's poller reads the stream",
    "dynamodb:ListStreams": "Lambda's poller reads the stream",
    "sqs:ReceiveMessage": "Lambda's poller reads the queue",
    "sqs:DeleteMessage": "Lambda's poller reads the queue",
    "sqs:GetQueueAttributes": "Lambda's poller reads the queue",
}
NOT_CALLED_ON: dict[Use, str] = {
    ("sqs:SendMessage", "OrdersStreamDead"): "Lambda's poller puts there what it gave up on",
    ("s3:PutObject", "Uploads/uploads/*"): "the merchant does, by a form that carries this right",
    ("s3:GetObject", "Uploads/results/*"): "the merchant does, by an address that carries it",
    ("s3:ListBucket", "Uploads"): "makes a missing object answer 404 instead of 403",
}


def allowed(function: str) -> set[Use]:
    found: set[Use] = set()
    for statement in template.statements(function):
        resource = _resource(statement["Resource"])
        targets = [resource]
        if resource == "Vault":
            purposes = statement["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"]
            named = [purposes] if isinstance(purposes, str) else purposes
            targets = [f"vault: {each}" for each in named]
        found |= {(action, target) for action in statement["Action"] for target in targets}
    return {use for use in found if use[0] not in NOT_CALLED_BY_CODE and use not in NOT_CALLED_ON}


def _resource(value: Mapping[str, str]) -> str:
    """`Orders`, `Orders/index/by_merchant`, `Mail`, `Vault`, `identity`."""
    [text] = value.values()
    if ":identity/" in text:
        return "identity"
    found = re.search(r"(?:Outputs\.)?(\w+?)(?:Queue|Key)?(?:Stream)?(?:\.?Arn)}?(/.*)?$", text)
    assert found, text
    return found[1] + (found[2] or "")


def everything(cloud: InMemory, shop: Shop, clock: Callable[[int], None]) -> None:
    """All that each function can do, as its callers make it."""
    _as_merchant(shop)
    own = cloud.environment("api_serve_imports")
    import_files(cloud, open_shop(shop.carrier, own, shop.stripe, "filing"))
    _as_buyer(shop)
    cloud.invoke("api_accept_payment", replay_event(next(iter(kept()))))
    _as_application(shop)
    _outbox_and_mail(cloud)
    _watch_and_mail(cloud, shop)
    _sync(cloud, shop)
    _top_up(cloud, shop, clock)
    sell_and_show_one(cloud, shop, clock, resell(cloud, shop))
    sync_vendor(cloud, shop)
    _chase(cloud, shop, clock)
    _refresh_certificates(cloud, shop)


def _chase(cloud: InMemory, shop: Shop, clock: Callable[[int], None]) -> None:
    """Orders that their provider cannot close expire, and one was paid in the end."""
    shop.stock_up("late", ["LATE-1", "LATE-2"])
    shop.put_variant("late", partial=False)
    late = _good(shop.place({"late": 3}))  # more than there are
    clock(24 * 3_600_000)
    shop.stripe.fail_with += [(503, {})] * 1000
    assert cloud.invoke("schedule_expire_orders", {})["expired"] > 0
    shop.stripe.fail_with.clear()
    shop.stripe.settle(late.json["payment"]["reference"])
    cloud.invoke("schedule_follow_up", {})
    assert shop.read(late).json["state"] == "refund_due"


def _refresh_certificates(cloud: InMemory, shop: Shop) -> None:
    with wechat_server() as wechat:
        shop_at_wechat(cloud, wechat, certified("platform", days=9999))
        wechat.certificates.append(certified("platform of tomorrow", days=9999))
        assert cloud.invoke("schedule_refresh_certificates", {})["changed"] == [shop.merchant_id]


def _as_merchant(shop: Shop) -> None:
    shop.stock_up("card-50", [f"C50-{n}" for n in range(30)])
    shop.stock_up("card-50", [f"M50-{n}" for n in range(30)])  # a second batch
    shop.import_codes(
        "card-50", [f"C50-{n}" for n in range(30)], idempotency_key="stock-card-50-C50-0"
    )
    made = {"kind": "generated_key", "generated": {"pattern": {}}}
    shop.put_variant("units", supply="counted", **made)
    _good(shop.add_units("units", 1, idempotency_key="units"))
    shop.put_variant("card-20")
    long = [f"{number:02d}" + "码" * 190 for number in range(4)]  # a chunk for each
    _good(shop.import_codes("card-20", long, idempotency_key="long"))
    shop.stock_up("card-1", ["ONLY-ONE"])
    issued = shop.call(
        "POST", "/v1/merchant/keys", {"scope": "finance", "label": "x"}, key="operator"
    )
    assert issued.status == 201, issued.text
    key_id = issued.json["key"]["key_id"]
    calls = [
        ("GET", "/v1/merchant/products"),
        ("GET", "/v1/merchant/products/card-50"),
        ("GET", "/v1/merchant/variants/card-50/stock"),
        ("GET", "/v1/merchant/orders"),
        ("GET", "/v1/merchant/keys"),
        ("DELETE", f"/v1/merchant/keys/{key_id}"),
    ]
    for method, path in calls:
        _good(shop.call(method, path, key="operator"))


def _as_buyer(shop: Shop) -> None:
    _good(shop.call("GET", "/v1/products", key="storefront"))
    _good(shop.call("GET", "/v1/openapi.json"))
    bought = _good(shop.place({"card-50": 20, "card-20": 3}))
    short = _good(shop.place({"card-1": 3}, idempotency_key="short"))
    _good(shop.place({"card-1": 3}, idempotency_key="short"))  # again
    _good(shop.place({"card-50": 1}, return_url="https://shop.example/thanks"))  # never paid
    shop.stock_up("all", ["ALL-1", "ALL-2"])
    shop.put_variant("all", partial=False)
    whole = _good(shop.place({"all": 3}))
    assert _good(shop.pay(whole)).json["outcome"] == "refund_due"
    shop.put_variant("all", hold_minutes=5)
    _good(shop.place({"all": 1}))  # never paid
    assert shop.place({"all": 2}).problem == "sold-out"
    for placed in (bought, short):
        _good(shop.pay(placed))
        _good(shop.pay(placed))  # a duplicate
        _good(shop.read(placed))
        _good(shop.reveal(placed))
    _good(shop.pay(bought, id="pi_another"))  # a stray
    order_id = bought.json["order"]["order_id"]
    forget_adapters()  # codes are looked at by who has not just sealed them
    _recalls(shop)
    _shreds(shop, bought, short)
    _good(shop.call("GET", f"/v1/merchant/orders/{order_id}", key="operator"))
    _good(shop.call("GET", "/v1/merchant/orders", key="finance"))


def _recalls(shop: Shop) -> None:
    shop.stock_up("recalled", ["R-1", "R-2"])
    _good(shop.pay(_good(shop.place({"recalled": 1}))))
    _good(shop.recall("recalled"))
    assert len(shop.sold_codes("recalled")) == 1
    shop.stock_up("bad", ["B-1", "B-2", "B-3"])
    swapped, unseen = _good(shop.place({"bad": 1})), _good(shop.place({"bad": 1}))
    for placed in (swapped, unseen):
        _good(shop.pay(placed))
    _good(shop.replace(swapped))
    _good(shop.take_back(unseen))
    _good(shop.call("GET", "/v1/merchant/variants/recalled/batches", key="finance"))
    _good(shop.read_batch("recalled"))


def _shreds(shop: Shop, bought: Reply, last: Reply) -> None:
    """A code of an order; then the whole batch that another order was the last of, looked at."""
    _good(shop.shred_unit(bought))
    _good(shop.shred_batch("card-1"))
    assert shop.reveal(last).status == 410
    _good(shop.masked(bought))
    _good(shop.evidence(bought))
    asked = _good(shop.ask_export("card-50", 1))
    for verb in ("approve", "download"):
        _good(shop.export(asked, verb, key="second operator"))
    _good(shop.export(_good(shop.ask_export("card-50", 2)), "refuse"))
    path = f"/v1/merchant/exports/{asked.json['export_id']}"
    _good(shop.call("GET", path, key="finance"))
    assert shop.shred_unit(last).status == 410


def _as_application(shop: Shop) -> None:
    sell_generated(shop, "editor")
    sell_generated(shop, "studio", licence={})
    _good(shop.call("POST", "/v1/merchant/licence-keys", key="operator"))
    _good(shop.call("GET", "/.well-known/scrip/demo/licence-keys.json"))
    placed = _good(shop.place({"editor": 1, "studio": 1}))
    _good(shop.pay(placed))
    key = shop.codes(placed)[0]
    for verb in ("activate", "validate", "deactivate"):
        _good(ask(shop, verb, key=key))
    for verb in ("read", "free"):
        _good(look_up(shop, verb, key))


def _good(reply: Reply) -> Reply:
    assert reply.status < 300, reply.text
    return reply


def _outbox_and_mail(cloud: InMemory) -> None:
    items = boto3.client("dynamodb").scan(TableName="Orders")["Items"]
    images = [
        {name: _as_text(value) for name, value in item.items()} for item in items if "state" in item
    ]
    records = [
        {"dynamodb": {"SequenceNumber": str(number), "NewImage": image}}
        for number, image in enumerate(images)
    ]
    assert not cloud.invoke("stream_publish_orders", {"Records": records})["batchItemFailures"]
    url = cloud.values["MailQueueUrl"]
    sqs, messages = boto3.client("sqs"), []
    while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages += [{"messageId": each["MessageId"], "body": each["Body"]} for each in got]
    assert len(messages) == 6
    assert [each for each in messages if "money_moved" in each["body"]]
    sent = cloud.invoke("queue_send_mail", {"Records": messages * 2})
    assert sent == {"batchItemFailures": []}


def _watch_and_mail(cloud: InMemory, shop: Shop) -> None:
    """Stock that has ended, an order of late, and a merchant that wants to be told."""
    Merchants(Table(boto3.client("dynamodb"), "Merchants")).change(
        shop.merchant_id, notify_email="boss@shop.example"
    )
    give_an_end(cloud.table("stock"), "card-20", 1)
    looked = cloud.invoke("schedule_watch_stock", {})
    assert looked["expired"] > 0
    assert looked["warned"] > 0
    url = cloud.values["MailQueueUrl"]
    [message, *_] = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    record = {"messageId": message["MessageId"], "body": message["Body"]}
    assert cloud.invoke("queue_send_mail", {"Records": [record]}) == {"batchItemFailures": []}


def _sync(cloud: InMemory, shop: Shop) -> None:
    """A level of many chunks, of which all go off sale again; and one that is old at once."""
    with supplier_server() as supplier, supplier.registered():
        supplier.open_account(cloud.values, shop.merchant_id)
        made = {"kind": "generated_key", "generated": {"pattern": {}}, "supply": "counted"}
        for sku in ("many", "old"):
            shop.put_variant(sku, synced_from={"supplier": "outlet", "sku": sku}, **made)
        supplier.levels |= {"many": 3500, "old": {"units": 1, "as_of_ms": 1}}
        assert cloud.invoke("schedule_sync_stock", {})["off_sale"] == 1
        supplier.levels["many"] = 0
        assert cloud.invoke("schedule_sync_stock", {})["taken"] == 3500
    _good(shop.call("GET", "/v1/merchant/variants/many/stock", key="operator"))


def _top_up(cloud: InMemory, shop: Shop, clock: Callable[[int], None]) -> None:
    """A unit that the stream tells of, and one whose message was lost, unsent and once more."""
    kind, now_ms = KINDS["fulu"], time.time_ns() // 1_000_000
    with simulated(kind.dialect, Plan(fates=deque([Becomes()] * 2))) as supplier:
        supplier.now_ms = now_ms
        supplier.book.goods[kind.sku] = 2790
        call_at(cloud, supplier.base)
        open_account(cloud, shop.merchant_id)
        offer(cloud, shop.merchant_id)
        paid(cloud, shop.merchant_id, now_ms - 3_600_000, keys=1)
        assert cloud.invoke("schedule_follow_up", {})["due"] > 4  # refunds as well
        [lost] = take_queued(cloud)
        order = paid(cloud, shop.merchant_id, now_ms)
        publish(cloud)
        _decide(cloud, shop, paid(cloud, shop.merchant_id, now_ms))
        messages = [lost, *(each for each in take_queued(cloud) if order.order_id in each.body)]
        cloud.invoke("queue_top_up", lost.event())
        take_queued(cloud)
        clock(2_400_000)
        cloud.invoke("schedule_follow_up", {})
        messages = [*take_queued(cloud), *messages]
        for seconds in range(2_400, 2_460, 10):
            clock(seconds * 1000)
            for message in messages:
                cloud.invoke("queue_top_up", message.event())
            messages = take_queued(cloud)
        for told in supplier.callbacks():
            _good(shop.hear(told.body, told.headers))
        _check(cloud, shop, supplier)
    clock(0)
    assert isinstance(found(cloud, order), DeliveredOrder)
    dispute(cloud, order, now_ms)


def _check(cloud: InMemory, shop: Shop, supplier: Simulator) -> None:
    """Whether another can be charged; who is asked speaks another language."""
    call_at(cloud, supplier.base, "ding")
    open_account(cloud, shop.merchant_id, "beforehand", kind="ding")
    route = {"supplier": "beforehand", "sku": "1", "worth_minor": 1, "worth_currency": "EUR"}
    sell_top_up(shop, "asked", routes=[route])
    body = {"variant_id": "asked", "filled": {"phone": PHONE}}
    _good(shop.call("POST", "/v1/top-ups/checks", body, key="storefront"))


def _decide(cloud: InMemory, shop: Shop, order: Order) -> None:
    """Nobody knows the end of its unit; a person says so."""
    stuck(cloud, order)
    path = f"/v1/merchant/orders/{order.order_id}/top-ups"
    _good(shop.call("GET", path, key="operator"))
    body = {"line": 0, "unit": 0, "verdict": "succeeded", "reason": "asked"}
    _good(shop.call("POST", f"{path}/decide", body, key="operator"))


def _as_text(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value


@pytest.fixture(scope="module")
def recorded(stripe_api: StripeServer) -> dict[str, set[Use]]:
    """Each function starts cold, so that nothing it needs is remembered from elsewhere."""
    ahead_ms = 0

    def clock(milliseconds: int) -> None:
        nonlocal ahead_ms
        ahead_ms = milliseconds

    later = mock.Mock(time_ns=lambda: time.time_ns() + ahead_ms * 1_000_000)
    with in_memory(stripe_api.base) as cloud, mock.patch("scrip.chance.time", later):
        environment = cloud.environment("api_serve_storefront")
        shop = open_shop(InProcess(cloud), environment, stripe_api, mail_codes=True)
        forget_adapters()
        with recording() as found:
            everything(cloud, shop, clock)
    return found.uses


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_it_does(recorded: dict[str, set[Use]], function: str) -> None:
    assert recorded[function] - allowed(function) == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_does_all_it_may(recorded: dict[str, set[Use]], function: str) -> None:
    assert allowed(function) - recorded[function] == set()


def test_every_exception_is_one_that_some_policy_needs() -> None:
    actions = {
        action
        for function in FUNCTIONS
        for statement in template.statements(function)
        for action in statement["Action"]
    }

    assert set(NOT_CALLED_BY_CODE) <= actions


def test_policies_name_what_they_are_read_as() -> None:
    assert ("dynamodb:Query", "Orders/index/by_merchant") in allowed("api_serve_merchant")
    assert ("kms:Decrypt", "vault: gateway") in allowed("api_accept_payment")
    assert ("kms:Decrypt", "vault: codes") not in allowed("api_accept_payment")
    assert ("sqs:SendMessage", "Mail") in allowed("stream_publish_orders")
    assert ("ses:SendEmail", "identity") in allowed("queue_send_mail")


def test_no_function_reads_codes_that_does_not_show_them() -> None:
    readers = {each for each in FUNCTIONS if ("kms:Decrypt", "vault: codes") in allowed(each)}

    assert readers == {
        "api_serve_merchant",
        "api_serve_resellers",
        "api_serve_storefront",
        "queue_import_file",
        "queue_send_mail",
    }
    assert os.environ.get("VAULT_KEY_ARN") is None
