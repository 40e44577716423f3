"""Money that came in: accepted, counted and told, whoever brought word of it."""

from typing import Any, Protocol

from scrip.chance import luck, now_ms
from scrip.domain.notice import PaymentNotice
from scrip.domain.outcome import Action
from scrip.flows.accept_payment import (
    CLOSED,
    Accepted,
    Ending,
    Merchants,
    OrderStore,
    accept_payment,
)
from scrip.steps.claim import Chunks
from scrip.steps.let_go import HoldStore
from scrip.telemetry import count, logger, milliseconds

COUNTS = {
    Ending.DELIVERED: ("OrdersPaid", "OrdersDelivered"),
    Ending.FULFILLING: ("OrdersPaid",),
    Ending.REFUND_DUE: ("OrdersPaid", "RefundDue"),
    Ending.STRAY: ("StrayPayments",),
    Ending.DUPLICATE: ("CallbacksDuplicate",),
}

STRAYS = {Action.REFUND: "RefundDue", Action.HOLD: "PaymentsUnmatched"}

FOUND = (*CLOSED, Ending.STRAY)


class Till(Protocol):
    """What a function that takes payments is wired with."""

    @property
    def merchants(self) -> Merchants: ...
    @property
    def orders(self) -> OrderStore: ...
    @property
    def stock(self) -> Chunks: ...
    @property
    def holds(self) -> HoldStore: ...


def take(till: Till, merchant_id: str, notice: PaymentNotice) -> Accepted:
    """Raises OrderUnknown, PaymentMerchantMismatch, MoveContended, StoreUnavailable."""
    accepted = accept_payment(
        merchant_id,
        notice,
        now_ms=now_ms(),
        luck=luck(),
        merchants=till.merchants,
        orders=till.orders,
        stock=till.stock,
        holds=till.holds,
    )
    for name in COUNTS[accepted.ending]:
        count(name)
    if accepted.sold_out:
        count("SoldOut")
    if accepted.paid_to_readable_ms is not None:
        milliseconds("PaymentToReadable", accepted.paid_to_readable_ms)
    if accepted.stray:
        count(STRAYS[accepted.stray.action])
    return accepted


def take_found(till: Till, notice: PaymentNotice) -> Accepted:
    """A payment that its provider told of when it was asked. As `take`."""
    accepted = take(till, notice.merchant_id, notice)
    if accepted.ending in FOUND:
        count("PaymentsFound")
        told: dict[str, Any] = {"merchant_id": notice.merchant_id, **notice.facts}
        told |= stray_facts(accepted)
        logger.info("payment found", ending=accepted.ending.value, **told)
    return accepted


def stray_facts(accepted: Accepted) -> dict[str, str]:
    """For the log."""
    stray = accepted.stray
    return {"case": stray.case.value, "action": stray.action.value} if stray else {}
