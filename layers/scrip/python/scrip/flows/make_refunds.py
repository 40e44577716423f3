"""Give back what an order owes, and money beside it: write each refund down, send it, ask how far
it is.

Its id is made and stored before it is sent, and under that id it is one refund, however often it is
asked for. Who finds one that somebody else began asks before sending: providers know an id again
for some days only. So dying anywhere and running again ends the same, and so do two runs at once.
"""

from typing import NamedTuple, Protocol

from scrip.domain.errors import PaymentProviderUnavailable, Rejected
from scrip.domain.follow_up import DAILY, UNHURRIED, Backoff
from scrip.domain.order import Order, OrderRecord
from scrip.domain.owed import next_refund, payment_of
from scrip.domain.refund import Refund, RefundReport, RefundRequest, RefundState
from scrip.steps.known_order import OrderReader, known_order

REASON = "refund"
"""Buyers see it with some providers. Why it is owed is between shop and buyer."""


class Gateway(Protocol):
    def refund(self, request: RefundRequest) -> RefundReport: ...
    def query_refund(self, request: RefundRequest) -> RefundReport | None: ...


class Gateways(Protocol):
    def of(self, merchant_id: str, provider: str) -> Gateway: ...


class Refunds(Protocol):
    def begin(self, order: Order, refund: Refund, begun: int) -> bool: ...
    def report(self, order: Order, report: RefundReport) -> bool: ...


class Made(NamedTuple):
    """`told`: states that refunds came to by this very call. `waiting`: refunds that wait for a
    person, by state, when there is news of them or a day has passed. `again`: by what to be tried
    again; None: all is given back."""

    told: tuple[RefundState, ...]
    waiting: tuple[RefundState, ...]
    again: Backoff | None


def make_refunds(
    merchant_id: str,
    order_id: str,
    *,
    now_ms: int,
    orders: OrderReader,
    refunds: Refunds,
    gateways: Gateways,
) -> Made:
    """At most one refund is begun at a time: some providers want a minute between two of a payment.
    While its order is frozen none is begun or sent.

    Raises OrderUnknown, StoreUnavailable.
    """
    record = known_order(merchant_id, order_id, orders)
    reports = [_look(record, each, now_ms, gateways) for each in record.refunds]
    due, begun = next_refund(record, now_ms), len(record.refunds)
    later = record.order.frozen or any(each.unsent for each in record.refunds)
    if due and not later and refunds.begin(record.order, due, begun):
        reports.append(_asked(record, due, now_ms, gateways, query=False))
    news = [each for each in reports if each and refunds.report(record.order, each)]
    record = known_order(merchant_id, order_id, orders)
    return _made(record, tuple(each.state for each in news), now_ms)


def _made(record: OrderRecord, told: tuple[RefundState, ...], now_ms: int) -> Made:
    ours = [each for each in record.refunds if not each.foreign]
    waiting = tuple(each.state for each in ours if each.waits_for_a_person(now_ms))
    if next_refund(record, now_ms) or any(each.state.under_way for each in ours):
        news = tuple(state for state in waiting if state in told or state.under_way)
        return Made(told, news, UNHURRIED)
    return Made(told, waiting, DAILY if waiting else None)


def _look(
    record: OrderRecord, refund: Refund, now_ms: int, gateways: Gateways
) -> RefundReport | None:
    """How far a refund is that was begun before. What is stuck is not sent again, but a person may
    have mended it at the provider."""
    asked_for = refund.state.under_way or refund.state is RefundState.STUCK
    if refund.foreign or not asked_for:
        return None
    send = refund.state.under_way and not record.order.frozen
    return _asked(record, refund, now_ms, gateways, send=send)


def _asked(
    record: OrderRecord,
    refund: Refund,
    now_ms: int,
    gateways: Gateways,
    *,
    query: bool = True,
    send: bool = True,
) -> RefundReport | None:
    """None when nothing is known. What a provider refuses is stuck."""
    order, payment = record.order, payment_of(record, refund)
    if payment is None:
        raise LookupError(f"refund {refund.refund_id} is of no payment of its order")
    request = RefundRequest(
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        refund_id=refund.refund_id,
        payment=payment,
        payment_ref=order.payment_ref,
        money=refund.money,
        reason=REASON,
    )
    try:
        gateway = gateways.of(order.merchant_id, refund.provider)
        known = gateway.query_refund(request) if query else None
        return known or (gateway.refund(request) if send else None)
    except PaymentProviderUnavailable:
        return None
    except Rejected:
        return RefundReport(refund.refund_id, "", RefundState.STUCK, refund.money, now_ms)
