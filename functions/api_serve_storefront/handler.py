"""The storefront's API: products, orders, codes."""

from typing import Any

from scrip.chance import luck, now_ms, random_id
from scrip.contracts import storefront as wire
from scrip.contracts import storefront_views as views
from scrip.contracts.http import Answer
from scrip.contracts.openapi import document
from scrip.contracts.problems import Problem
from scrip.domain.errors import SealBroken
from scrip.domain.order import OrderRecord
from scrip.domain.order_access import parse_token
from scrip.domain.order_request import OrderRequest
from scrip.flows.authenticate import authenticate
from scrip.flows.manage_catalogue import list_offers
from scrip.flows.place_order import place_order
from scrip.flows.read_order import read_order
from scrip.flows.reveal_codes import Reveal, reveal_codes
from scrip.serving import Api, Call
from scrip.telemetry import count, logger
from scrip.wiring import storefront


def list_products(call: Call) -> Answer:
    wired = storefront.storefront()
    offers = list_offers(
        call.merchant_id, now_ms=now_ms(), catalogue=wired.catalogue, stock=wired.stock
    )
    return Answer(200, views.products_on_sale(offers))


def place(call: Call) -> Answer:
    wired = storefront.storefront()
    merchant = wired.merchants.get(call.merchant_id)
    placed = place_order(
        merchant,
        wired.order_keys.of(merchant),
        _request(call),
        now_ms=now_ms(),
        lucks=[luck() for _ in call.body.lines],
        window_minutes=wired.settings.payment_window_minutes,
        token_days=wired.settings.order_token_days,
        catalogue=wired.catalogue,
        stock=wired.stock,
        orders=wired.orders,
        holds=wired.holds,
        unpaid=wired.unpaid,
        gateway=wired.gateways.of(call.merchant_id, call.body.provider),
    )
    logger.append_keys(order_id=placed.order.order_id)
    if placed.new:
        count("OrdersPlaced")
    return Answer(201, views.order_placed(placed.order, placed.token, placed.payment))


def _request(call: Call) -> OrderRequest:
    key, trace_id = call.request.idempotency_key(), call.trace.trace_id
    return views.order_request(call.body, key, trace_id, call.key_id)


def read(call: Call) -> Answer:
    return Answer(200, views.order_view(_order(call)))


def reveal(call: Call) -> Answer:
    wired = storefront.storefront()
    looking = Reveal("buyer", call.request.source_ip, now_ms(), random_id(8))
    shown = reveal_codes(
        _order(call).order,
        looking,
        orders=wired.delivered,
        audit=wired.audit,
        codes=wired.codes,
        counts=wired.reveal_counts,
        merchants=wired.merchants,
    )
    count("CodesRevealed", len(shown.codes))
    if shown.unusual:
        count("RevealAnomalies")
        logger.warning("unusually many codes revealed", actor=looking.actor)
    return Answer(200, views.revealed_codes(call.path.order_id, shown.codes, shown.shredded))


def read_openapi(_: Call) -> Answer:
    return Answer(200, document())


def _order(call: Call) -> OrderRecord:
    wired = storefront.storefront()
    token = parse_token(call.request.bearer())
    record = read_order(
        token,
        call.path.order_id,
        now_ms=now_ms(),
        merchants=wired.merchants,
        order_keys=wired.order_keys,
        orders=wired.orders,
        holds=wired.holds,
    )
    logger.append_keys(merchant_id=record.order.merchant_id)
    return record


def refused(problem: Problem) -> None:
    if problem.slug == SealBroken.slug:
        count("SealBroken")


API = Api(
    wire.STOREFRONT_OPERATIONS,
    {
        "list_products": list_products,
        "place_order": place,
        "read_order": read,
        "reveal_codes": reveal,
        "read_openapi": read_openapi,
    },
    authenticate=lambda text: authenticate(text, keys=storefront.storefront().merchants),
    refused=refused,
)
storefront.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
