"""What handlers ask of AWS, as the permissions that it takes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from botocore.client import BaseClient

from scrip.adapters.bucket import Bucket
from tests.in_memory import QUEUES, InMemory

Use = tuple[str, str]
"""An action and what it touches: dynamodb:GetItem on Orders, kms:Decrypt on `vault: codes`."""

TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def used(operation: str, parameters: Mapping[str, Any]) -> set[Use]:
    """The permissions that a call needs."""
    if operation == "TransactWriteItems":
        return {
            (f"dynamodb:{TRANSACTED[kind]}", action["TableName"])
            for each in parameters["TransactItems"]
            for kind, action in each.items()
        }
    if operation == "BatchGetItem":
        return {("dynamodb:BatchGetItem", table) for table in parameters["RequestItems"]}
    if "TableName" in parameters:
        index = parameters.get("IndexName")
        table = parameters["TableName"] + (f"/index/{index}" if index else "")
        return {(f"dynamodb:{operation}", table)}
    if "EncryptionContext" in parameters:
        return {(f"kms:{operation}", f"vault: {parameters['EncryptionContext']['purpose']}")}
    if "Bucket" in parameters:
        folder = parameters["Key"].partition("/")[0]
        action = operation.replace("Head", "Get")
        return {(f"s3:{action}", f"Uploads/{folder}/*")}
    if "Url" in parameters:
        return {(f"s3:{operation.capitalize()}Object", "Callbacks/*")}
    if operation == "SendEmail":
        return {("ses:SendEmail", "identity")}
    if operation == "SendMessage":
        called = parameters["QueueUrl"].rpartition("/")[2]
        return {("sqs:SendMessage", name) for name in QUEUES if name.lower() == called}
    raise LookupError(f"no rule for {operation}")


@dataclass
class Recorded:
    uses: dict[str, set[Use]] = field(default_factory=dict)
    now: str = ""


@contextmanager
def recording() -> Iterator[Recorded]:
    """What handlers ask of AWS, by function. What the test itself asks is left out."""
    found = Recorded()
    call, invoke = vars(BaseClient)["_make_api_call"], vars(InMemory)["invoke"]
    signed = vars(Bucket)["_ask"]

    def asked(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if found.now:
            found.uses.setdefault(found.now, set()).update(used(operation, parameters))
        return call(client, operation, parameters)

    def asked_without_a_client(bucket: Bucket, method: str, *given: Any) -> Any:
        found.uses.setdefault(found.now, set()).update(used(method, {"Url": bucket.url}))
        return signed(bucket, method, *given)

    def invoked(cloud: InMemory, function: str, event: dict[str, Any]) -> Any:
        found.now = function
        try:
            return invoke(cloud, function, event)
        finally:
            found.now = ""

    with (
        mock.patch.object(BaseClient, "_make_api_call", asked),
        mock.patch.object(Bucket, "_ask", asked_without_a_client),
        mock.patch.object(InMemory, "invoke", invoked),
    ):
        yield found
