"""Callbacks that a deployment in memory has kept."""

import boto3

from scrip.adapters.callbacks import read_kept
from scrip.domain.callback import Callback
from tests.in_memory import CALLBACKS


def kept() -> dict[str, Callback]:
    """By key, in order."""
    storage = boto3.client("s3")
    listed = storage.list_objects_v2(Bucket=CALLBACKS).get("Contents", [])
    return {
        each["Key"]: read_kept(
            each["Key"], storage.get_object(Bucket=CALLBACKS, Key=each["Key"])["Body"].read()
        )
        for each in listed
    }
