"""A supplier has news of an order: have it asked. What it says is not believed."""

from typing import Any

from scrip.chance import now_ms
from scrip.contracts.callbacks import HEARING_OPERATIONS, HeardAnswer, acknowledged, sized
from scrip.contracts.http import Answer
from scrip.contracts.problems import Problem
from scrip.flows.hear_supplier import hear_supplier
from scrip.serving import Api, Call
from scrip.telemetry import count_by_reason, logger
from scrip.wiring import hearing


def hear(call: Call) -> Answer:
    wired, path = hearing.hearing(), call.path
    whose = path.merchant_id, path.account
    supplier = wired.suppliers.of(*whose)
    raw = sized(call.request.raw_body)
    unit = hear_supplier(
        path.merchant_id,
        raw,
        wired.suppliers.signature_headers(*whose, call.request.headers),
        now_seconds=now_ms() // 1000,
        supplier=supplier,
        queue=wired.queue,
    )
    heard = HeardAnswer("asked" if unit else "ignored")
    if unit:
        logger.append_keys(order_id=unit.order_id)
    count_by_reason("SuppliersHeard", heard.outcome)
    return acknowledged(heard, wired.suppliers.acknowledgement(*whose))


def refused(problem: Problem) -> None:
    count_by_reason("SupplierCallbackRefused", problem.slug)


API = Api(HEARING_OPERATIONS, {"hear_supplier": hear}, refused=refused)
hearing.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
