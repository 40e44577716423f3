"""Queue messages. They carry ids only: no code, no token, no address."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec


class OrderReady(msgspec.Struct, forbid_unknown_fields=True):
    """Tell the buyer that an order can be read. `trace_id`: 32 hex digits."""

    merchant_id: str
    order_id: str
    trace_id: str

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return msgspec.structs.asdict(self)


def encode_message(message: OrderReady) -> str:
    return msgspec.json.encode(message).decode()


def read_messages(event: dict[str, Any]) -> Iterator[tuple[str, Callable[[], OrderReady]]]:
    """Each message's id and how to decode it: one that does not fit must not stop the others."""
    for record in event["Records"]:
        body = record["body"].encode()
        yield record["messageId"], partial(msgspec.json.decode, body, type=OrderReady)
