"""Deliver for money beside an order when a person decided so, as its callback would have done."""

from collections.abc import Callable
from typing import Protocol

from scrip.domain.notice import PaymentNotice
from scrip.domain.order import OrderRecord
from scrip.domain.outcome import Action


class Orders(Protocol):
    def find_record(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> OrderRecord | None: ...


def deliver_strays(
    merchant_id: str, order_id: str, *, orders: Orders, settle: Callable[[PaymentNotice], object]
) -> None:
    """Raises MoveContended, StoreUnavailable. Once it is done nothing is left to deliver."""
    record = orders.find_record(merchant_id, order_id, consistent=True)
    for stray in record.strays if record else ():
        if stray.action is Action.DELIVER:
            settle(PaymentNotice(merchant_id, order_id, stray.payment))
