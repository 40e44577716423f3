"""A payment provider reports a payment: claim, close, acknowledge."""

from typing import Any

from scrip.chance import luck, now_ms
from scrip.contracts.callbacks import CALLBACK_OPERATIONS, CallbackAnswer, sized
from scrip.contracts.http import Answer
from scrip.contracts.problems import Problem
from scrip.domain import errors
from scrip.flows.accept_payment import Accepted, Ending, accept_payment
from scrip.serving import Api, Call
from scrip.telemetry import count, count_by_reason, logger, milliseconds
from scrip.wiring import payments

COUNTS = {
    Ending.DELIVERED: ("OrdersPaid", "OrdersDelivered"),
    Ending.REFUND_DUE: ("OrdersPaid", "SoldOut", "RefundDue"),
    Ending.STRAY: ("StrayPayments", "RefundDue"),
    Ending.DUPLICATE: ("CallbacksDuplicate",),
    Ending.IGNORED: ("CallbacksIgnored",),
}

UNMATCHED = frozenset(
    error.slug
    for error in (
        errors.OrderUnknown,
        errors.PaymentAmountMismatch,
        errors.PaymentCurrencyMismatch,
        errors.PaymentMerchantMismatch,
        errors.PaymentModeMismatch,
    )
)
"""Refusals of signed events: somebody paid, and no order took it. A human must look."""


def stripe(call: Call) -> Answer:
    wired, merchant_id = payments.payments(), call.path.merchant_id
    logger.append_keys(merchant_id=merchant_id)
    accepted = accept_payment(
        merchant_id,
        sized(call.request.raw_body),
        call.request.headers,
        now_ms=now_ms(),
        luck=luck(),
        gateway=wired.gateways.of(merchant_id, "stripe"),
        orders=wired.orders,
        stock=wired.stock,
    )
    tell(accepted)
    return Answer(200, CallbackAnswer(accepted.ending.value))


def tell(accepted: Accepted) -> None:
    for name in COUNTS[accepted.ending]:
        count(name)
    if accepted.paid_to_readable_ms is not None:
        milliseconds("PaymentToReadable", accepted.paid_to_readable_ms)
    logger.append_keys(**accepted.facts)


def refused(problem: Problem) -> None:
    slug = problem.type.rpartition(":")[2]
    count_by_reason("CallbackRefused", slug)
    if slug in UNMATCHED:
        count("PaymentsUnmatched")


API = Api(CALLBACK_OPERATIONS, {"accept_payment": stripe}, refused=refused)
payments.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
