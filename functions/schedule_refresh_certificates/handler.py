"""Twice a day: fetch the certificates that payment providers sign with."""

from dataclasses import asdict
from typing import Any

from scrip.chance import now_ms
from scrip.flows.refresh_certificates import Refreshed, refresh_certificates
from scrip.telemetry import count, count_by_reason, flush, logger
from scrip.wiring import certificates

RUN_MS = 240_000
"""Less than the function's timeout by the time that one merchant may take."""

certificates.warm()


def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    wired, started_ms = certificates.certificates(), now_ms()
    logger.clear_state()
    logger.append_keys(function_request_id=context.aws_request_id)
    refreshed = refresh_certificates(
        now_ms=started_ms,
        has_time=lambda: now_ms() < started_ms + RUN_MS,
        merchant_ids=wired.merchants.ids(),
        gateways=wired.gateways,
    )
    tell(refreshed)
    return asdict(refreshed)


def tell(refreshed: Refreshed) -> None:
    if refreshed.changed:
        count("CertificatesChanged", len(refreshed.changed))
    if refreshed.ending:
        count("CertificatesEndSoon", len(refreshed.ending))
    for reason in refreshed.failures.values():
        count_by_reason("CertificatesNotFetched", reason)
    logger.info("refreshed certificates", **asdict(refreshed))
    flush()
