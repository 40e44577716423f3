"""Every five minutes: pull the levels of variants that follow a supplier's."""

from dataclasses import asdict
from typing import Any

from scrip.chance import now_ms
from scrip.flows.sync_stock import Pulled, sync_stock
from scrip.telemetry import count, count_by_reason, flush, logger
from scrip.wiring import sync

RUN_MS = 210_000
"""Less than the function's timeout by the time that one variant may take."""

sync.warm()


def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    wired, started_ms = sync.syncing(), now_ms()
    logger.clear_state()
    logger.append_keys(function_request_id=context.aws_request_id)
    pulled = sync_stock(
        clock=now_ms,
        has_time=lambda: in_time(started_ms),
        merchants=wired.merchants,
        catalogue=wired.catalogue,
        stock=wired.stock,
        synced=wired.synced,
        progress=wired.progress,
        suppliers=wired.suppliers,
        events=wired.events,
        mail_queue=wired.mail_queue,
    )
    tell(pulled)
    return asdict(pulled)


def in_time(started_ms: int) -> bool:
    return now_ms() < started_ms + RUN_MS


def tell(pulled: Pulled) -> None:
    for reason in pulled.failures:
        count_by_reason("StockPullFailed", reason)
    if pulled.off_sale:
        count("StockUnsynced", pulled.off_sale)
    if not pulled.complete:
        count("StockSyncCutShort")
    logger.info("pulled levels", **asdict(pulled))
    flush()
