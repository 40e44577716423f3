"""Records of the orders table's stream: what an order was and what it became."""

import base64
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from scrip.adapters.order_items import order_of
from scrip.adapters.tables import decode_item
from scrip.domain.order import Order


class OrderMove(NamedTuple):
    """`old` is None for a new order, `new` for one that is gone."""

    old: Order | None
    new: Order | None

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        order = self.new or self.old
        if order is None:
            return {}
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
    return OrderMove(_order(change.get("OldImage")), _order(change.get("NewImage")))


def _order(image: Mapping[str, Any] | None) -> Order | None:
    """An image's order; None for an item of another kind (the expiry mark)."""
    if not image or "state" not in image:
        return None
    return order_of(decode_item({name: _binary(value) for name, value in image.items()}))


def _binary(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lambda hands binary values over as base64 text. Top-level ones only: orders nest none."""
    return {"B": base64.b64decode(value["B"])} if "B" in value else value
