"""Tell resellers of their orders, one a message: see `flows.tell_reseller`."""

from typing import Any

from scrip.batching import in_batches
from scrip.chance import now_ms
from scrip.contracts.resale_messages import read_tellings
from scrip.domain.resale_news import Telling
from scrip.flows.tell_reseller import Ending, tell_reseller
from scrip.telemetry import count, count_by_reason, logger
from scrip.wiring import telling

telling.warm()


def tell(news: Telling) -> None:
    wired = telling.telling_side()
    told = tell_reseller(
        news,
        now_ms=now_ms(),
        orders=wired.orders,
        resellers=wired.resellers,
        callbacks=wired.callbacks,
        queue=wired.queue,
        untold=wired.untold,
    )
    count_by_reason("ResellersTold", told.ending.value)
    if told.ending is Ending.GIVEN_UP:
        count("ResellersUntold")
    logger.info("reseller told", ending=told.ending.value, reason=told.reason)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return in_batches(read_tellings(event), tell, context)
