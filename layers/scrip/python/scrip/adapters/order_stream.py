"""Records of the orders table's stream: what an order was and what it became."""

import base64
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from scrip.adapters.order_items import record_of
from scrip.adapters.tables import decode_item
from scrip.domain.order import OrderRecord


class OrderMove(NamedTuple):
    """`old` is None for a new order, `new` for one that is gone."""

    old: OrderRecord | None
    new: OrderRecord | None

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        record = self.new or self.old
        if record is None:
            return {}
        order = record.order
        return {
            "merchant_id": order.merchant_id,
            "order_id": order.order_id,
            "trace_id": order.trace_id,
        }


def read_records(event: dict[str, Any]) -> Iterator[tuple[str, Callable[[], OrderMove]]]:
    """Each record's sequence number and how to decode it."""
    for record in event["Records"]:
        change = record["dynamodb"]
        yield change["SequenceNumber"], partial(_move, change)


def _move(change: Mapping[str, Any]) -> OrderMove:
    return OrderMove(_record(change.get("OldImage")), _record(change.get("NewImage")))


def _record(image: Mapping[str, Any] | None) -> OrderRecord | None:
    """An image's order with what is kept of it; None for an item of another kind (a mark)."""
    if not image or "state" not in image:
        return None
    return record_of(decode_item({name: _binary(value) for name, value in image.items()}))


def _binary(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lambda hands binary values over as base64 text. Top-level ones only: orders nest none."""
    return {"B": base64.b64decode(value["B"])} if "B" in value else value
