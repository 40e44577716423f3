"""The resale API: other shops sell this one's goods, paid from a balance."""

from typing import Any

from scrip.chance import luck, now_ms, random_id
from scrip.contracts import resale as wire
from scrip.contracts import resale_views as views
from scrip.contracts.http import Answer, Request
from scrip.contracts.operation import Operation
from scrip.contracts.problems import Problem
from scrip.contracts.storefront_views import revealed_codes
from scrip.domain.errors import SealBroken
from scrip.domain.notice import PaymentNotice
from scrip.domain.order import Order, OrderRecord
from scrip.domain.resale import Placed, paid_by
from scrip.domain.resale_refusals import ReferenceReused
from scrip.domain.reseller import Reseller
from scrip.flows.cancel_resale import cancel_resale
from scrip.flows.know_reseller import know_reseller
from scrip.flows.manage_catalogue import list_offers
from scrip.flows.place_order import place_order
from scrip.flows.read_resale import read_resale
from scrip.flows.reveal_codes import Reveal, reveal_codes
from scrip.receipts import take
from scrip.serving import Api, Call
from scrip.telemetry import count, count_by_reason, logger
from scrip.wiring import resale

TOKEN_DAYS = 1
"""Of a token that nobody is handed."""


def identify(request: Request, operation: Operation) -> Reseller:
    return know_reseller(
        request.path["merchant_id"],
        request.path["reseller_id"],
        f"{operation.method} {operation.url.format(**request.path)}",
        request.raw_body,
        request.headers,
        now_seconds=now_ms() // 1000,
        resellers=resale.resale().resellers,
    )


def list_prices(call: Call) -> Answer:
    wired = resale.resale()
    offers = list_offers(
        call.path.merchant_id,
        now_ms=now_ms(),
        catalogue=resale.ResellerPrices(wired.catalogue, call.caller),
        stock=wired.stock,
    )
    return Answer(200, views.prices(offers))


def read_balance(call: Call) -> Answer:
    return Answer(200, views.balance(call.caller))


def place(call: Call) -> Answer:
    by = views.placed(call.caller, call.body.reference)
    order = _placed(call, by)
    take(
        resale.resale(),
        order.merchant_id,
        PaymentNotice(order.merchant_id, order.order_id, paid_by(order)),
    )
    return Answer(200, views.order_view(_found(call, by)))


def _placed(call: Call, by: Placed) -> Order:
    wired = resale.resale()
    merchant = wired.merchants.get(call.path.merchant_id)
    placed = place_order(
        merchant,
        wired.order_keys.of(merchant),
        views.order_request(call.body, by, call.trace.trace_id),
        now_ms=now_ms(),
        lucks=[luck()],
        window_minutes=wired.settings.payment_window_minutes,
        token_days=TOKEN_DAYS,
        catalogue=resale.ResellerPrices(wired.catalogue, call.caller),
        stock=wired.stock,
        orders=wired.orders,
        holds=wired.holds,
        unpaid=wired.unpaid,
        gateway=resale.PrepaidAccount(by),
        reused=ReferenceReused("another order was placed under this reference"),
    )
    count("OrdersPlaced", int(placed.new))
    return placed.order


def read(call: Call) -> Answer:
    return Answer(
        200, views.order_view(_found(call, views.placed(call.caller, call.path.reference)))
    )


def cancel(call: Call) -> Answer:
    wired, by = resale.resale(), views.placed(call.caller, call.path.reference)
    cancelled = cancel_resale(
        _found(call, by).order, now_ms=now_ms(), orders=wired.orders, top_ups=wired.top_ups
    )
    count("TopUpsCancelled", cancelled)
    return Answer(200, views.order_view(_found(call, by)))


def reveal(call: Call) -> Answer:
    wired, by = resale.resale(), views.placed(call.caller, call.path.reference)
    order = _found(call, by).order
    shown = reveal_codes(
        order,
        Reveal(views.actor(by), call.request.source_ip, now_ms(), random_id(8)),
        orders=wired.delivered,
        audit=wired.audit,
        codes=wired.codes,
        counts=wired.reveal_counts,
        merchants=wired.merchants,
    )
    count("CodesRevealed", len(shown.codes))
    if shown.unusual:
        count("RevealAnomalies")
        logger.warning("unusually many codes revealed", actor=views.actor(by))
    return Answer(200, revealed_codes(order.order_id, shown.codes, shown.shredded))


def _found(call: Call, by: Placed) -> OrderRecord:
    wired = resale.resale()
    record = read_resale(
        call.path.merchant_id,
        by,
        merchants=wired.merchants,
        order_keys=wired.order_keys,
        orders=wired.orders,
    )
    logger.append_keys(order_id=record.order.order_id)
    return record


def refused(problem: Problem) -> None:
    count_by_reason("ResaleRefused", problem.slug)
    if problem.slug == SealBroken.slug:
        count("SealBroken")


API = Api(
    wire.RESALE_OPERATIONS,
    {
        "list_resale_prices": list_prices,
        "read_resale_balance": read_balance,
        "place_resale_order": place,
        "read_resale_order": read,
        "cancel_resale_order": cancel,
        "reveal_resale_codes": reveal,
    },
    identify=identify,
    refused=refused,
)
resale.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
