"""A payment provider reports a payment: claim, close, acknowledge."""

from typing import Any

from scrip.chance import luck, now_ms
from scrip.contracts.callbacks import CALLBACK_OPERATIONS, acknowledged, sized
from scrip.contracts.http import Answer
from scrip.contracts.problems import Problem
from scrip.domain import errors
from scrip.domain.outcome import Action
from scrip.flows.accept_payment import Accepted, Ending, accept_payment
from scrip.serving import Api, Call
from scrip.telemetry import count, count_by_reason, logger, milliseconds
from scrip.wiring import payments

COUNTS = {
    Ending.DELIVERED: ("OrdersPaid", "OrdersDelivered"),
    Ending.REFUND_DUE: ("OrdersPaid", "SoldOut", "RefundDue"),
    Ending.STRAY: ("StrayPayments",),
    Ending.DUPLICATE: ("CallbacksDuplicate",),
    Ending.IGNORED: ("CallbacksIgnored",),
}

STRAYS = {Action.REFUND: "RefundDue", Action.HOLD: "PaymentsUnmatched"}

UNMATCHED = frozenset(
    error.slug
    for error in (
        errors.OrderUnknown,
        errors.PaymentMerchantMismatch,
        errors.PaymentModeMismatch,
    )
)
"""Refusals of signed events: somebody paid, and no order took it. A human must look."""


def accept(call: Call) -> Answer:
    wired, merchant_id, now = payments.payments(), call.path.merchant_id, now_ms()
    gateway = wired.gateways.of(merchant_id, call.path.provider)
    notice = gateway.read_callback(sized(call.request.raw_body), call.request.headers, now // 1000)
    logger.append_keys(**notice.facts)
    accepted = accept_payment(
        merchant_id,
        notice,
        now_ms=now,
        luck=luck(),
        merchants=wired.gateways.merchants,
        orders=wired.orders,
        stock=wired.stock,
        holds=wired.holds,
    )
    tell(accepted)
    return acknowledged(accepted.ending.value, wired.gateways.acknowledgement(call.path.provider))


def tell(accepted: Accepted) -> None:
    for name in COUNTS[accepted.ending]:
        count(name)
    if accepted.paid_to_readable_ms is not None:
        milliseconds("PaymentToReadable", accepted.paid_to_readable_ms)
    logger.append_keys(ending=accepted.ending.value)
    if accepted.stray:
        logger.append_keys(case=accepted.stray.case.value, action=accepted.stray.action.value)
        count(STRAYS[accepted.stray.action])


def refused(problem: Problem) -> None:
    count_by_reason("CallbackRefused", problem.slug)
    if problem.slug in UNMATCHED:
        count("PaymentsUnmatched")


API = Api(CALLBACK_OPERATIONS, {"accept_payment": accept}, refused=refused)
payments.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
