"""The outbox: every committed move of an order, told to whoever follows."""

from typing import Any

from scrip.batching import in_batches
from scrip.flows.publish_order_moves import publish_order_move
from scrip.telemetry import count
from scrip.wiring import outbox

outbox.warm()


def publish(move: outbox.OrderMove) -> None:
    if publish_order_move(move.old, move.new, mail_queue=outbox.mail_queue()):
        count("OrderMovesPublished")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return in_batches(outbox.read_records(event), publish, context, in_order=True)
