"""See to it that nobody can pay any more for an order that expired while its provider could not
close it. What was paid meanwhile is late money, and settled as its callback would have."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from scrip.domain.chase import NOBODY_TO_ASK, Answer, Silence
from scrip.domain.follow_up import DAY_MS, HOUR_MS, MINUTE_MS, Backoff
from scrip.domain.notice import PaymentNotice
from scrip.domain.order import ExpiredOrder, Order
from scrip.domain.payment import Payment, Unpaid

BACKOFF = Backoff(
    (
        (5 * MINUTE_MS, 10 * MINUTE_MS),
        (30 * MINUTE_MS, 50 * MINUTE_MS),
        (3 * HOUR_MS, 5 * HOUR_MS),
        (12 * HOUR_MS, 18 * HOUR_MS),
        (2 * DAY_MS, 2 * DAY_MS),
    )
)
"""Some 10 minutes, 1, 6 and 24 hours and 3 days after it expired, then a person must look. A bank
debit may take longer: its callback settles it all the same."""


class OrderStore(Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...
    def set_closed(self, order: ExpiredOrder) -> None: ...


class Providers(Protocol):
    def close(self, orders: Sequence[Order]) -> Sequence[Answer]: ...


class Settled(Protocol):
    @property
    def order(self) -> Order: ...


class Closing(NamedTuple):
    """`silence`: why nothing is known. `again`: by what to be tried again; None: nobody can pay."""

    silence: Silence | None = None
    again: Backoff | None = None


def close_expired(
    merchant_id: str,
    order_id: str,
    *,
    orders: OrderStore,
    providers: Providers,
    settle: Callable[[PaymentNotice], Settled],
) -> Closing:
    """An order that is no such order is left alone. Raises MoveContended, StoreUnavailable."""
    order = orders.find(merchant_id, order_id, consistent=True)
    if not isinstance(order, ExpiredOrder) or not order.unclosed:
        return Closing()
    # Closed, not asked about: where asking collects what was approved, it is too late to do so.
    [answer] = providers.close([order])
    if isinstance(answer, Payment):
        settled = settle(PaymentNotice(merchant_id, order_id, answer)).order
        if not isinstance(settled, ExpiredOrder):
            return Closing()
    elif answer != Unpaid(closed=True) and answer not in NOBODY_TO_ASK:
        return Closing(answer if isinstance(answer, Silence) else None, BACKOFF)
    orders.set_closed(order)
    return Closing()
