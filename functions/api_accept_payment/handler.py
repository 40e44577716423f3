"""A payment provider reports something signed: do what it calls for, keep it, acknowledge."""

from collections.abc import Callable
from typing import Any

from scrip.chance import now_ms
from scrip.contracts.callbacks import CALLBACK_OPERATIONS, Outcome, acknowledged, sized
from scrip.contracts.http import Answer
from scrip.contracts.problems import Problem
from scrip.domain import errors
from scrip.domain.callback import Callback
from scrip.domain.dispute import DisputeState
from scrip.domain.notice import DisputeNotice, Notice, PaymentNotice
from scrip.flows.accept_dispute import accept_dispute
from scrip.flows.keep_callback import Reader, keep_callback
from scrip.receipts import stray_facts, take
from scrip.serving import Api, Call
from scrip.telemetry import count, count_by_reason, logger
from scrip.wiring import payments

DISPUTES = {
    DisputeState.OPENED: "DisputesOpened",
    DisputeState.WON: "DisputesWon",
    DisputeState.LOST: "DisputesLost",
}

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
    gateways, path = payments.payments().gateways, call.path
    gateway = gateways.of(path.merchant_id, path.provider)
    raw = sized(call.request.raw_body)
    headers = gateways.signature_headers(path.provider, call.request.headers)
    came = Callback(path.merchant_id, path.provider, raw, headers, received_at_ms=now_ms())
    return acknowledged(take_callback(came, gateway), gateways.acknowledgement(path.provider))


def take_callback(callback: Callback, gateway: Reader) -> Outcome:
    def act(notice: Notice) -> Outcome:
        logger.append_keys(**notice.facts)
        return TAKERS.get(type(notice), ignore)(callback.merchant_id, notice)

    callbacks = payments.payments().callbacks
    outcome = keep_callback(callback, act, gateway=gateway, callbacks=callbacks)
    logger.append_keys(ending=outcome)
    return outcome


def take_payment(merchant_id: str, notice: PaymentNotice) -> Outcome:
    accepted = take(payments.payments(), merchant_id, notice)
    logger.append_keys(**stray_facts(accepted))
    return accepted.ending.value


def take_dispute(merchant_id: str, notice: DisputeNotice) -> Outcome:
    wired = payments.payments()
    news = accept_dispute(merchant_id, notice, orders=wired.orders, disputes=wired.disputes)
    count(DISPUTES[notice.dispute.state] if news else "CallbacksDuplicate")
    return "disputed" if news else "duplicate"


def ignore(*_: object) -> Outcome:
    count("CallbacksIgnored")
    return "ignored"


TAKERS: dict[type, Callable[..., Outcome]] = {
    PaymentNotice: take_payment,
    DisputeNotice: take_dispute,
}
"""Who takes what a provider may tell. What nobody takes moves nothing here."""


def refused(problem: Problem) -> None:
    count_by_reason("CallbackRefused", problem.slug)
    if problem.slug in UNMATCHED:
        count("PaymentsUnmatched")


API = Api(CALLBACK_OPERATIONS, {"accept_payment": accept}, refused=refused)
payments.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
