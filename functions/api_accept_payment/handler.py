"""A payment provider reports something signed: do what it calls for, keep it, acknowledge."""

from collections.abc import Callable
from typing import Any

from scrip.chance import now_ms
from scrip.contracts.callbacks import (
    CALLBACK_OPERATIONS,
    REPLAY_OPERATIONS,
    CallbackAnswer,
    Outcome,
    acknowledged,
    is_replay,
    sized,
)
from scrip.contracts.http import Answer
from scrip.contracts.problems import Problem
from scrip.domain import errors
from scrip.domain.callback import Callback
from scrip.domain.dispute import DisputeState
from scrip.domain.notice import DisputeNotice, Notice, PaymentNotice, RefundNotice
from scrip.flows.accept_dispute import accept_dispute
from scrip.flows.accept_refund import Told, accept_refund
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
    answer = CallbackAnswer(take_callback(came, gateway))
    return acknowledged(answer, gateways.acknowledgement(path.provider))


def replay(call: Call) -> Answer:
    wired = payments.payments()
    kept = wired.callbacks.read(call.body.key)
    gateway = wired.gateways.with_former(kept.merchant_id, kept.provider)
    return Answer(200, CallbackAnswer(take_callback(kept, gateway)))


def take_callback(callback: Callback, gateway: Reader) -> Outcome:
    def act(notice: Notice) -> Outcome:
        logger.append_keys(**notice.facts)
        return TAKERS.get(type(notice), ignore)(callback, notice)

    callbacks = payments.payments().callbacks
    outcome = keep_callback(callback, act, gateway=gateway, callbacks=callbacks)
    logger.append_keys(ending=outcome)
    return outcome


def take_payment(callback: Callback, notice: PaymentNotice) -> Outcome:
    accepted = take(payments.payments(), callback.merchant_id, notice)
    logger.append_keys(**stray_facts(accepted))
    return accepted.ending.value


def take_refund(callback: Callback, notice: RefundNotice) -> Outcome:
    wired = payments.payments()
    told = accept_refund(
        callback.merchant_id,
        callback.provider,
        notice,
        now_ms=now_ms(),
        orders=wired.orders,
        refunds=wired.refunds,
    )
    tell_refund(told)
    return "refund" if told.state else "duplicate"


def take_dispute(callback: Callback, notice: DisputeNotice) -> Outcome:
    wired = payments.payments()
    news = accept_dispute(
        callback.merchant_id,
        notice,
        now_ms=now_ms(),
        orders=wired.orders,
        disputes=wired.disputes,
        follow_ups=wired.follow_ups,
    )
    count(DISPUTES[notice.dispute.state] if news else "CallbacksDuplicate")
    return "disputed" if news else "duplicate"


def ignore(*_: object) -> Outcome:
    count("CallbacksIgnored")
    return "ignored"


TAKERS: dict[type, Callable[..., Outcome]] = {
    PaymentNotice: take_payment,
    RefundNotice: take_refund,
    DisputeNotice: take_dispute,
}
"""Who takes what a provider may tell. What nobody takes moves nothing here."""


def tell_refund(told: Told) -> None:
    if told.state:
        count_by_reason("RefundsMoved", told.state.value)
    if told.foreign:
        count("RefundsForeign")
    if told.over:
        count("RefundsOverCaptured")


def refused(problem: Problem) -> None:
    count_by_reason("CallbackRefused", problem.slug)
    if problem.slug in UNMATCHED:
        count("PaymentsUnmatched")


API = Api(CALLBACK_OPERATIONS, {"accept_payment": accept}, refused=refused)
REPLAYS = Api(REPLAY_OPERATIONS, {"replay_callback": replay})
payments.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return (REPLAYS if is_replay(event) else API).answer(event, context)
