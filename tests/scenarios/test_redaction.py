"""No secret is left where it does not belong: every log line, metric, item, message and record."""

import json
import os
import secrets
from collections.abc import Iterator
from unittest import mock

import pytest

from infra.local.trail import function_logs
from tests.in_memory import TABLES
from tests.oracles.stripe_server import sign
from tests.scenarios.deployed import Deployed, wait_until
from tests.scenarios.test_operations import ask_everything
from tests.top_ups import open_account, order_top_up, sell_top_up

pytestmark = pytest.mark.cloud


def test_no_secret_is_left_anywhere(deployed: Deployed) -> None:
    """Looks at all that earlier scenarios left in this cloud too."""
    sell_codes_with_pins(deployed)
    provoke_refusals(deployed)
    send_a_message_nobody_can_read(deployed)
    phones = sell_top_ups(deployed)

    places = {name: text for name, text in everything_kept(deployed) if text}

    assert len(deployed.secrets) > 15
    found = [
        f"{name}: {around(text, secret)}"
        for secret in deployed.secrets
        for name, text in places.items()
        if secret in text
    ]
    assert not found
    personal = {name for name, text in places.items() if any(phone in text for phone in phones)}
    assert personal == {"orders", "stream"}
    assert {"log", "metric", "orders", "stock", "stream", "dead"} <= {
        name.split(":")[0] for name in places
    }


def around(text: str, secret: str) -> str:
    """Where a secret stands, without it."""
    before, _, after = text.partition(secret)
    return f"{before[-200:]}<{len(secret)} symbols>{after[:200]}"


def sell_codes_with_pins(deployed: Deployed) -> None:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}", mail_codes=True)
    ask_everything(deployed, shop)
    shop.put_variant("pins")
    rows = [f"PIN-{secrets.token_hex(8)},{secrets.token_hex(5)}" for _ in range(3)]
    shop.call(
        "POST",
        "/v1/merchant/variants/pins/codes",
        "\n".join(["code,pin", *rows]).encode(),
        key="operator",
        headers={"content-type": "text/csv", "idempotency-key": "pins"},
    )
    placed = shop.place({"pins": 2})
    shop.pay(placed)
    assert shop.reveal(placed).status == 200
    wait_until(lambda: deployed.mails(placed.json["order"]["order_id"]))


def sell_top_ups(deployed: Deployed) -> set[str]:
    """What their buyers filled in. Each is sent, to a supplier that is nowhere."""
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    with mock.patch.dict(os.environ, deployed.cloud.environment()):
        open_account(deployed.cloud.outputs, shop.merchant_id)
    sell_top_up(shop)
    phones = {f"+4915{secrets.randbelow(10**9):09d}" for _ in range(2)}
    for phone in phones:
        placed = order_top_up(shop, phone=phone)
        assert shop.pay(placed).json == {"outcome": "fulfilling"}
        assert shop.read(placed).json["lines"][0]["filled"] == {"phone": phone}
        assert order_top_up(shop, phone=f"{phone} or so").problem == "form-misfilled"
    # An attempt each, and its supplier's gate.
    wait_until(lambda: len(deployed.items("top_ups", shop.merchant_id)) >= len(phones))
    return phones


def provoke_refusals(deployed: Deployed) -> None:
    """Requests that carry secrets and fail: whoever tells of the failure might tell them."""
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    shop.put_variant("card")
    twice = [f"BAD-{secrets.token_hex(8)}", f"BAD-{secrets.token_hex(8)}\u0007"]
    assert shop.import_codes("card", twice, idempotency_key="bad").status == 422
    known = [f"CODE-{secrets.token_hex(8)}"]
    assert shop.import_codes("card", known, idempotency_key="same").status == 200
    other = [f"OTHER-{secrets.token_hex(8)}"]
    assert shop.import_codes("card", other, idempotency_key="same").status == 422
    stranger = f"sk_{shop.merchant_id}_{secrets.token_hex(4)}_{secrets.token_hex(16)}"
    assert shop.call("GET", "/v1/products", key=stranger).status == 401
    assert shop.call("GET", "/v1/merchant/keys", key="storefront").status == 403
    token = f"ot_{shop.merchant_id}_99999_{secrets.token_hex(20)}"
    path = "/v1/orders/0123456789ABCDEF"
    assert shop.call("GET", path, key=token).status == 404
    body = {"title": "x", "secret": secrets.token_hex(16)}
    deployed.carrier.secrets.add(body["secret"])
    assert shop.call("PUT", "/v1/merchant/products/card", body, key="operator").status == 422
    event = json.dumps({"type": "x", "created": 1, "data": {"object": {}}, "note": "y"}).encode()
    wrong = sign(event, secret=f"whsec_{secrets.token_hex(16)}")
    assert shop.callback(event, wrong).status == 400
    deployed.carrier.secrets.add(wrong.rpartition("=")[2])


def send_a_message_nobody_can_read(deployed: Deployed) -> None:
    """A dead letter, so that the dead-letter queue is looked at with something in it."""
    sqs = deployed.cloud.client("sqs")
    url = deployed.cloud.outputs["MailDeadQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody='{"not": "ours"}')


def everything_kept(deployed: Deployed) -> Iterator[tuple[str, str]]:
    """Each place, and all that it holds."""
    cloud = deployed.cloud
    lines = function_logs(cloud.endpoint)
    yield "log", "\n".join(lines)
    yield "metric", "\n".join(line for line in lines if '"_aws"' in line)
    metrics = cloud.client("cloudwatch").get_paginator("list_metrics")
    yield "metric:names", str([page["Metrics"] for page in metrics.paginate()])
    for table in TABLES:
        yield table, readable(deployed.raw_items(table))
    sqs = cloud.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=0
        )
        yield f"{'dead' if 'Dead' in url else 'queue'}:{url}", str(messages.get("Messages", ""))
    yield "stream", readable(list(records(deployed)))


def records(deployed: Deployed) -> Iterator[object]:
    streams = deployed.cloud.client("dynamodbstreams")
    table = deployed.cloud.outputs["OrdersTable"]
    for stream in streams.list_streams(TableName=table)["Streams"]:
        arn = stream["StreamArn"]
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while iterator:
                page = streams.get_records(ShardIterator=iterator, Limit=1000)
                yield from page["Records"]
                iterator = page.get("NextShardIterator") if page["Records"] else None


def readable(value: object) -> str:
    """As text in which a secret would show, also one kept as bytes."""
    return repr(value).replace("\\\\", "\\")
