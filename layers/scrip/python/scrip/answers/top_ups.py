"""The merchant's API about what suppliers deliver."""

from scrip.chance import now_ms, random_id
from scrip.contracts.http import Answer
from scrip.contracts.merchant_routes import routes_view
from scrip.contracts.merchant_top_ups import top_up_decided, top_ups_view
from scrip.domain.asking import Asking
from scrip.domain.attempt import Verdict
from scrip.domain.top_up import Unit
from scrip.flows import decide_top_up as deciding
from scrip.flows import read_top_ups as reading
from scrip.flows.read_routes import read_routes as find_routes
from scrip.serving import Call
from scrip.telemetry import count_by_reason
from scrip.wiring import merchant

_wired = merchant.merchant_side


def read_top_ups(call: Call) -> Answer:
    wired = _wired()
    found = reading.read_top_ups(
        call.merchant_id, call.path.order_id, orders=wired.orders, top_ups=wired.top_ups
    )
    return Answer(200, top_ups_view(*found))


def decide_top_up(call: Call) -> Answer:
    wired, body = _wired(), call.body
    decided = deciding.decide_top_up(
        Unit(call.merchant_id, call.path.order_id, body.line, body.unit),
        Verdict(body.verdict),
        Asking(call.key_id, call.request.source_ip, now_ms(), random_id(8), body.reason),
        orders=wired.orders,
        top_ups=wired.top_ups,
        codes=wired.bought_codes,
        queue=wired.top_up_queue,
        audit=wired.audit,
    )
    count_by_reason("TopUpsDecided", body.verdict)
    return Answer(200, top_up_decided(decided))


def read_routes(call: Call) -> Answer:
    wired = _wired()
    found = find_routes(
        call.merchant_id,
        call.path.variant_id,
        now_ms=now_ms(),
        catalogue=wired.catalogue,
        standings=wired.standings,
    )
    return Answer(200, routes_view(*found))


TOP_UPS = {"read_routes": read_routes, "read_top_ups": read_top_ups, "decide_top_up": decide_top_up}
