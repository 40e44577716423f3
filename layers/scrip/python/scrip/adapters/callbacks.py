"""Callbacks as they came: one object each, by shop and order.

Key    `<merchant>/<order, unmatched or ignored>/<day>-<provider>-<half of its SHA-256>`

The same bytes again overwrite their object, on the same day. A day in front lists them in order.
"""

import msgspec

from scrip.adapters.bucket import Bucket
from scrip.contracts.callbacks import KeptCallback
from scrip.domain.callback import Callback
from scrip.domain.day import moment_of
from scrip.domain.errors import EventUnknown


class Callbacks:
    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def keep(self, callback: Callback, place: str) -> None:
        """Raises StoreUnavailable. What is kept there already is left as it is."""
        key = key_of(callback, place)
        if key != callback.kept_as:
            self.bucket.put(key, msgspec.json.encode(KeptCallback.of(callback)))

    def read(self, key: str) -> Callback:
        """Raises EventUnknown, StoreUnavailable."""
        found = self.bucket.get(key)
        if found is None:
            raise EventUnknown(key)
        return read_kept(key, found)


def key_of(callback: Callback, place: str) -> str:
    day = moment_of(callback.received_at_ms)[:10]
    return f"{callback.merchant_id}/{place}/{day}-{callback.provider}-{callback.digest}"


def read_kept(key: str, content: bytes) -> Callback:
    return msgspec.json.decode(content, type=KeptCallback).callback(key)
