"""Every minute: expire orders that nobody paid in time."""

from typing import Any

from scrip.chance import now_ms
from scrip.flows.expire_orders import expire_orders
from scrip.telemetry import count, flush, logger
from scrip.wiring import expiry

expiry.warm()


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    wired = expiry.expiry()
    logger.clear_state()
    logger.append_keys(function_request_id=context.aws_request_id)
    swept = expire_orders(
        now_ms=now_ms(),
        window_minutes=wired.settings.payment_window_minutes,
        merchants=wired.merchants,
        orders=wired.orders,
        holds=wired.holds,
        unpaid=wired.unpaid,
    )
    if swept.expired:  # a metric that is never zero costs nothing while nobody buys
        count("OrdersExpired", swept.expired)
    logger.info("expired", orders=swept.expired, complete=swept.complete)
    flush()
    return {"expired": swept.expired}
