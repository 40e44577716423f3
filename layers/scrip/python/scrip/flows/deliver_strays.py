"""Deliver for money beside an order when a person decided so, as its callback would have done."""

from collections.abc import Callable

from scrip.domain.notice import PaymentNotice
from scrip.domain.outcome import Action
from scrip.steps.known_order import OrderReader


def deliver_strays(
    merchant_id: str,
    order_id: str,
    *,
    orders: OrderReader,
    settle: Callable[[PaymentNotice], object],
) -> None:
    """Raises MoveContended, StoreUnavailable. Once it is done nothing is left to deliver."""
    record = orders.find_record(merchant_id, order_id, consistent=True)
    for stray in record.strays if record else ():
        if stray.action is Action.DELIVER:
            settle(PaymentNotice(merchant_id, order_id, stray.payment))
