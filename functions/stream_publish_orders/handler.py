"""The outbox: every committed move of an order, told to whoever follows."""

from typing import Any

from scrip.batching import in_batches
from scrip.chance import now_ms
from scrip.flows.publish_order_moves import publish_order_move
from scrip.flows.queue_resale_news import queue_resale_news
from scrip.flows.queue_top_ups import queue_top_ups
from scrip.flows.tell_of_money import tell_of_money
from scrip.telemetry import count, logger
from scrip.wiring import outbox

outbox.warm()


def publish(move: outbox.OrderMove) -> None:
    queued = queue_top_ups(move.old, move.new, queue=outbox.top_up_queue())
    if queued:
        count("TopUpsQueued", queued)
    if queue_resale_news(move.old, move.new, queue=outbox.resale_queue()):
        count("ResaleNewsQueued")
    mail_queue = outbox.mail_queue()
    if publish_order_move(move.old, move.new, mail_queue=mail_queue):
        count("OrderMovesPublished")
    told = tell_of_money(
        move.old,
        move.new,
        now_ms=now_ms(),
        events=outbox.money_events(),
        mail_queue=mail_queue,
    )
    for event in told:
        count("MoneyEvents")
        logger.info("money event", type=event.about.value, event_id=event.event_id)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return in_batches(outbox.read_records(event), publish, context, in_order=True)
