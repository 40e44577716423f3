"""The deployment in one process: resources as the templates say, handlers called directly.

For single-threaded tests only: the engine underneath is not safe under threads.
"""

import importlib
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session
from moto import mock_aws
from moto.core.models import botocore_stubber

from tests import template
from tests.fast_clients import fast_clients
from tests.fast_moto import fast_moto

REGION = "eu-central-1"
UPLOADS = "uploads-and-results"
CALLBACKS = "callbacks-as-they-came"
SENDER = "shop@shop.example"
TABLES = {
    "merchants": "Merchants",
    "catalogue": "Catalogue",
    "stock": "Stock",
    "orders": "Orders",
    "notifications": "Notifications",
    "audit": "Audit",
    "reveals": "Reveals",
    "exports": "Exports",
    "generated_keys": "GeneratedKeys",
    "imports": "Imports",
    "top_ups": "TopUps",
    "resellers": "Resellers",
    "bought_codes": "BoughtCodes",
}
QUEUES = ("Mail", "Import", "TopUp", "Resale")
"""Each is called by its name in lower case."""

WIRING = (
    "clients",
    "payments",
    "storefront",
    "merchant",
    "keys",
    "resale",
    "telling",
    "outbox",
    "mail",
    "expiry",
    "certificates",
    "following",
    "stock",
    "sync",
    "supplier_sync",
    "imports",
    "file_import",
    "topping_up",
    "hearing",
    "prechecking",
)


@dataclass(frozen=True)
class Context:
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"
    function_name: str = "function"
    memory_limit_in_mb: int = 512
    remaining_ms: int = 900_000
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:function"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass(frozen=True)
class InMemory:
    """`values`: what the template's expressions in environments come to."""

    values: dict[str, str]

    def environment(self, function: str) -> dict[str, str]:
        return {name: self._value(value) for name, value in template.environment(function).items()}

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Call a handler under its own environment and no other variable of ours."""
        module = f"functions.{function}.handler"
        with mock.patch.dict(os.environ, self.environment(function)):
            return importlib.import_module(module).handler(event, Context())

    def table(self, name: str) -> Any:
        return boto3.resource("dynamodb").Table(self.values[TABLES[name] + "Table"])

    def _value(self, value: Any) -> str:
        if not isinstance(value, dict):
            return str(value)
        [(kind, name)] = value.items()
        if kind == "Sub":
            return str(name)  # an address of ours, told to others
        return self.values[re.sub(r"^\w+\.Outputs\.", "", name)]


@contextmanager
def in_memory(stripe: str = "http://127.0.0.1:9", **others: str) -> Iterator[InMemory]:
    """A fresh deployment that is gone afterwards. Addresses of payment providers by name."""
    credentials = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }
    with (
        mock.patch.dict(os.environ, credentials),
        mock_aws(),
        fast_moto(),
        fast_clients(),
        signed_requests(),
    ):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        forget_adapters()
        try:
            yield InMemory(create_resources({"stripe": stripe, **others}))
        finally:
            forget_adapters()


@contextmanager
def signed_requests() -> Iterator[None]:
    """What is sent to AWS without a client reaches the same engine that clients do."""
    send = URLLib3Session.send

    def sent(session: URLLib3Session, request: AWSPreparedRequest) -> Any:
        answer = None
        if ".amazonaws.com/" in request.url:
            answer = botocore_stubber("before-send", request)
        return answer or send(session, request)

    with mock.patch.object(URLLib3Session, "send", sent):
        yield


def forget_adapters() -> None:
    """What a cold start does: every adapter and client is built anew."""
    for name in WIRING:
        module = sys.modules.get(f"scrip.wiring.{name}")
        for value in vars(module).values() if module else ():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def create_resources(payment_api_bases: dict[str, str]) -> dict[str, str]:
    """Tables, key, queue and sender in whatever cloud the environment names; the values found."""
    values = {
        name: str(parameter["Default"])
        for name, parameter in template.load()["Parameters"].items()
        if "Default" in parameter
    }
    values |= {"PaymentApiBases": json.dumps(payment_api_bases), "MailFrom": SENDER}
    dynamodb = boto3.client("dynamodb")
    for resource_name, resource in template.load("infra/tables.yaml")["Resources"].items():
        wanted = resource["Properties"]
        kept = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
        table = {name: wanted[name] for name in kept if name in wanted}
        if "StreamSpecification" in wanted:
            table["StreamSpecification"] = {"StreamEnabled": True, **wanted["StreamSpecification"]}
        dynamodb.create_table(TableName=resource_name, **table)
        values[f"{resource_name}Table"] = resource_name
    key = boto3.client("kms").create_key()["KeyMetadata"]
    values["VaultKeyArn"] = key["Arn"]
    for name in QUEUES:
        made = boto3.client("sqs").create_queue(QueueName=name.lower())
        values[f"{name}QueueUrl"] = made["QueueUrl"]
    region = boto3.session.Session().region_name
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    for name, bucket in (("UploadsBucket", UPLOADS), ("CallbacksBucket", CALLBACKS)):
        values[name] = bucket
        made_here = {} if region == "us-east-1" else where
        boto3.client("s3").create_bucket(Bucket=bucket, **made_here)
    boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    return values
