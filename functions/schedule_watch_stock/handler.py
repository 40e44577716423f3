"""Every hour: move out codes that have ended, keep levels of stock, warn merchants."""

from dataclasses import asdict
from typing import Any

from scrip.chance import now_ms
from scrip.flows.watch_stock import Looked, watch_stock
from scrip.telemetry import count, flush, logger
from scrip.wiring import stock

RUN_MS = 240_000
"""Less than the function's timeout by a minute, which no single step of a run takes."""

stock.warm()


def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    wired, started_ms = stock.watching(), now_ms()
    logger.clear_state()
    logger.append_keys(function_request_id=context.aws_request_id)
    looked = watch_stock(
        now_ms=started_ms,
        has_time=lambda: in_time(started_ms),
        merchants=wired.merchants,
        catalogue=wired.catalogue,
        orders=wired.orders,
        stock=wired.stock,
        ended=wired.ended,
        watch=wired.watch,
        events=wired.events,
        mail_queue=wired.mail_queue,
    )
    tell(looked)
    return asdict(looked)


def in_time(started_ms: int) -> bool:
    return now_ms() < started_ms + RUN_MS


def tell(looked: Looked) -> None:
    if looked.expired:
        count("CodesExpired", looked.expired)
    if looked.warned:
        count("StockWarnings", looked.warned)
    if not looked.complete:
        count("StockWatchCutShort")
    logger.info("looked after stock", **asdict(looked))
    flush()
