"""Callbacks as they came, for who looks at them: listed and read by a client of S3."""

from collections.abc import Iterator
from typing import NamedTuple

from botocore.exceptions import ClientError

from scrip.adapters.aws import AwsClient, ask, code_of
from scrip.adapters.callbacks import read_kept
from scrip.domain.callback import Callback
from scrip.domain.errors import EventUnknown


class Found(NamedTuple):
    """`received_at_ms`: when it came last, if it came more than once that day."""

    key: str
    received_at_ms: int
    size: int


class KeptCallbacks:
    def __init__(self, client: AwsClient, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def list(self, merchant_id: str, place: str, since_day: str = "") -> Iterator[Found]:
        """By day. `place`: an order, or one of those beside orders. `since_day`: as 2026-11-22."""
        prefix, after = f"{merchant_id}/{place}/", {"StartAfter": f"{merchant_id}/{place}/"}
        after["StartAfter"] += since_day
        while True:
            page = ask(self.client.list_objects_v2, Bucket=self.bucket, Prefix=prefix, **after)
            for each in page.get("Contents", []):
                at_ms = int(each["LastModified"].timestamp() * 1000)
                yield Found(each["Key"], at_ms, each["Size"])
            if not page["IsTruncated"]:
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}

    def read(self, key: str) -> Callback:
        """Raises EventUnknown."""
        try:
            found = ask(self.client.get_object, Bucket=self.bucket, Key=key)
        except ClientError as error:
            if code_of(error) != "NoSuchKey":
                raise
            raise EventUnknown(key) from error
        return read_kept(key, found["Body"].read())
