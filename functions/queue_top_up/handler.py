"""Advance what suppliers deliver, one unit a message: see `flows.advance_top_up`."""

from typing import Any

from scrip.batching import in_batches
from scrip.chance import luck, now_ms
from scrip.contracts.top_up_messages import read_dues
from scrip.domain.advanced import Advanced
from scrip.domain.line import Fate
from scrip.domain.supplier_terms import Meaning
from scrip.domain.top_up import Due
from scrip.flows.advance_top_up import Means, advance_top_up
from scrip.telemetry import count, count_by_reason, logger
from scrip.wiring import topping_up

LAST = (Fate.DONE, Fate.FAILED)
ORDERS = {"delivered": "OrdersDelivered", "refund_due": "RefundDue"}
"""What the last of an order's units makes of it."""

topping_up.warm()


def advance(due: Due) -> None:
    wired = topping_up.topping_up()
    means = Means(
        callback_base=wired.callback_base,
        clock=now_ms,
        luck=luck,
        orders=wired.orders,
        catalogue=wired.catalogue,
        standings=wired.standings,
        top_ups=wired.top_ups,
        codes=wired.codes,
        gates=wired.gates,
        suppliers=wired.suppliers,
        scorecards=wired.scorecards,
        queue=wired.queue,
    )
    tell(advance_top_up(due, means))


def tell(advanced: Advanced) -> None:
    if advanced.called:
        count_by_reason("SupplierCalls", advanced.called.value)
    if advanced.ended:
        count_by_reason("TopUpsEnded", advanced.ended.value)
    if advanced.ended in LAST and advanced.order in ORDERS:
        count(ORDERS[advanced.order])
    if advanced.handed_over:
        count("TopUpsHandedOver")
    if advanced.said and advanced.said.meaning is Meaning.IMPOSSIBLE:
        count("CodesContradicted")
    if advanced.closed:
        count("SuppliersClosed")
    logger.info("top-up", **advanced.facts)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return in_batches(read_dues(event), advance, context)
