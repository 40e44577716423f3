"""Every minute: expire orders that nobody paid in time, closed at their payment providers first,
and ask about younger ones."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from scrip.chance import now_ms
from scrip.flows.ask_payments import Providers, ask_payments
from scrip.flows.expire_orders import Settle, Swept, expire_orders
from scrip.receipts import take_found
from scrip.telemetry import count, flush, logger
from scrip.wiring import expiry

ASKING_MS = 25_000
"""Of a run, for calls to providers. The rest of the function's timeout is for writing down what
they said."""

expiry.warm()


def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    wired, started_ms = expiry.expiry(), now_ms()
    logger.clear_state()
    logger.append_keys(function_request_id=context.aws_request_id)
    asking, settle = wired.providers.run(time_left(started_ms)), partial(take_found, wired)
    shops = tuple(wired.merchants.ids())
    swept = expire_orders(
        now_ms=started_ms,
        window_minutes=wired.settings.payment_window_minutes,
        merchant_ids=shops,
        orders=wired.orders,
        holds=wired.holds,
        unpaid=wired.unpaid,
        providers=asking,
        settle=settle,
    )
    tell(swept)
    ask(started_ms, shops, asking, settle)
    tell_bugs(asking.bugs)
    flush()
    return asdict(swept)


def ask(started_ms: int, shops: Sequence[str], asking: Providers, settle: Settle) -> None:
    wired = expiry.expiry()
    asked = ask_payments(
        now_ms=started_ms,
        window_minutes=wired.settings.payment_window_minutes,
        merchant_ids=shops,
        orders=wired.orders,
        providers=asking,
        settle=settle,
    )
    logger.info("asked", orders=asked.orders, paid=asked.paid)


def time_left(started_ms: int) -> Callable[[], float]:
    return lambda: (started_ms + ASKING_MS - now_ms()) / 1000


def tell(swept: Swept) -> None:
    if swept.expired:  # a metric that is never zero costs nothing while nobody buys
        count("OrdersExpired", swept.expired)
    if swept.unclosed:
        count("OrdersExpiredUnclosed", swept.unclosed)
    for silence, times in swept.silences.items():
        count("ProvidersSilent", times)
        logger.warning("provider told nothing", silence=silence, orders=times)
    logger.info("expired", orders=swept.expired, waiting=swept.waiting, complete=swept.complete)


def tell_bugs(bugs: list[Exception]) -> None:
    for bug in bugs:
        count("ProviderBugs")
        logger.error("bug", exc_info=bug)
