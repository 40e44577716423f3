"""A provider tells how far a refund is: move it on, or keep one that was begun elsewhere.

One conditional write, so telling it twice, late or two at once ends the same.
"""

from dataclasses import replace
from typing import NamedTuple, Protocol

from scrip.domain.errors import MoveContended, PaymentMerchantMismatch
from scrip.domain.notice import RefundNotice
from scrip.domain.order import Order, OrderRecord
from scrip.domain.owed import over_refunded
from scrip.domain.refund import Refund, RefundReport, RefundState, begun_elsewhere
from scrip.steps.known_order import OrderReader, known_order

UNKNOWN = "the refund names no order of ours"

TRIES = 8
"""Times that another refund may be begun while one is kept that was begun elsewhere."""


class Refunds(Protocol):
    def keep(self, order: Order, refund: Refund, begun: int, now_ms: int) -> bool: ...
    def report(self, order: Order, report: RefundReport, now_ms: int) -> bool: ...


class Told(NamedTuple):
    """`state`: what a refund came to by this very call, None if as much was known. `foreign`: it
    was begun elsewhere, and is new. `over`: more was given back than was captured."""

    state: RefundState | None
    foreign: bool = False
    over: bool = False


def accept_refund(
    merchant_id: str,
    provider: str,
    notice: RefundNotice,
    *,
    now_ms: int,
    orders: OrderReader,
    refunds: Refunds,
) -> Told:
    """`notice`: verified, and read at the address of `merchant_id`; not every provider names it.

    Raises OrderUnknown, PaymentMerchantMismatch, MoveContended, StoreUnavailable.
    """
    if notice.merchant_id not in ("", merchant_id):
        raise PaymentMerchantMismatch("the refund names another merchant")
    told = begun_elsewhere(provider, notice.transaction_id, notice.refund, now_ms)
    for _ in range(TRIES):
        record = known_order(merchant_id, notice.order_id, orders, UNKNOWN)
        known = next((each for each in record.refunds if each.is_told_by(notice.refund)), None)
        if known is not None:
            return _moved(record, known, notice.refund, now_ms, refunds)
        if refunds.keep(record.order, told, len(record.refunds), now_ms):
            more = record._replace(refunds=(*record.refunds, told))
            return Told(told.state, foreign=True, over=over_refunded(more))
    raise MoveContended(notice.order_id)


def _moved(
    record: OrderRecord, known: Refund, report: RefundReport, now_ms: int, refunds: Refunds
) -> Told:
    """A refund that gave back another amount than was asked for is for a person."""
    state = report.state if report.money == known.money else RefundState.STUCK
    news = replace(report, refund_id=known.refund_id, state=state)
    return Told(state if refunds.report(record.order, news, now_ms) else None)
