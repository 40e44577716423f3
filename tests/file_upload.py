"""Importing a file in memory: what the merchant, the bucket and the queue do."""

import json
from dataclasses import replace
from typing import Any
from unittest import mock

import boto3

from tests.in_memory import UPLOADS, Context, InMemory, forget_adapters
from tests.shop import Reply, Shop


def open_import(
    shop: Shop,
    variant: str = "card-50",
    *,
    key: str = "file",
    name: str = "codes.csv",
    **asked: Any,
) -> Reply:
    return shop.call(
        "POST",
        f"/v1/merchant/variants/{variant}/imports",
        {"file_name": name, **asked},
        key="operator",
        headers={"idempotency-key": key},
    )


def upload(opened: Reply, content: bytes) -> dict[str, Any]:
    """Puts the file where the form says; the event that the queue gets."""
    key = opened.json["upload"]["fields"]["key"]
    boto3.client("s3").put_object(Bucket=UPLOADS, Key=key, Body=content)
    told = {"Records": [{"eventName": "ObjectCreated:Post", "s3": {"object": {"key": key}}}]}
    return {"Records": [{"messageId": "upload", "body": json.dumps(told)}]}


def run(cloud: InMemory, event: dict[str, Any], *, seconds: float = 900) -> None:
    """One invocation, with so much time left throughout."""
    left = replace(Context(), remaining_ms=int(seconds * 1000))
    with mock.patch("tests.in_memory.Context", return_value=left):
        assert cloud.invoke("queue_import_file", event) == {"batchItemFailures": []}


def view(shop: Shop, opened: Reply) -> Any:
    path = f"/v1/merchant/imports/{opened.json['import_id']}"
    reply = shop.call("GET", path, key="operator")
    assert reply.status == 200, reply.text
    return reply.json


def import_file(
    cloud: InMemory, shop: Shop, content: bytes, variant: str = "card-50", **asked: Any
) -> Any:
    """The import as it ended."""
    opened = open_import(shop, variant, **asked)
    assert opened.status == 200, opened.text
    run(cloud, upload(opened, content))
    return view(shop, opened)


def result_of(shop: Shop, import_id: str) -> list[str]:
    key = f"results/{shop.merchant_id}/{import_id}.csv"
    found: bytes = boto3.client("s3").get_object(Bucket=UPLOADS, Key=key)["Body"].read()
    return found.decode().splitlines()


def objects() -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=UPLOADS)
    return [each["Key"] for each in listed.get("Contents", [])]


def import_files(cloud: InMemory, shop: Shop) -> None:
    """All that can become of a file: done, known, tried, and done in two parts."""
    shop.put_variant("card-10")
    seen = import_file(cloud, shop, b"F-1\nF-2", "card-10", name="f.txt")
    assert seen["state"] == "done"
    import_file(cloud, shop, b"F-1\nF-2", "card-10", name="f.txt", key="known")
    import_file(cloud, shop, b"F-1\nF-3", "card-10", name="f.txt", key="try", dry_run=True)
    opened = open_import(shop, "card-10", name="f.txt", key="chained")
    event = upload(opened, b"F-9\nF-8")
    run(cloud, event, seconds=10)
    forget_adapters()
    run(cloud, event)
    run(cloud, event)
    listed = shop.call("GET", "/v1/merchant/imports", key="operator")
    assert listed.status == 200
