"""Every five minutes: ask suppliers for balances and costs; see `flows.sync_suppliers`."""

from dataclasses import asdict
from typing import Any

from scrip.chance import luck, now_ms, rest
from scrip.flows.sync_suppliers import Means, Told, sync_suppliers
from scrip.telemetry import count, count_by_reason, flush, logger
from scrip.wiring import supplier_sync

RUN_MS = 210_000
"""Less than the function's timeout by the time that one account may take."""

supplier_sync.warm()


def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    wired, started_ms = supplier_sync.syncing(), now_ms()
    logger.clear_state()
    logger.append_keys(function_request_id=context.aws_request_id)
    means = Means(
        clock=now_ms,
        rest=rest,
        luck=luck,
        has_time=lambda: in_time(started_ms),
        merchants=wired.merchants,
        catalogue=wired.catalogue,
        standings=wired.standings,
        scorecards=wired.scorecards,
        progress=wired.progress,
        suppliers=wired.suppliers,
        gates=wired.gates,
        events=wired.events,
        mail_queue=wired.mail_queue,
    )
    told = sync_suppliers(means)
    tell(told)
    return asdict(told)


def in_time(started_ms: int) -> bool:
    return now_ms() < started_ms + RUN_MS


def tell(told: Told) -> None:
    for reason in told.failures:
        count_by_reason("SupplierQuestionFailed", reason)
    if told.halted:
        count("VariantsHalted", told.halted)
    if not told.complete:
        count("SupplierSyncCutShort")
    logger.info("asked suppliers", **asdict(told))
    flush()
