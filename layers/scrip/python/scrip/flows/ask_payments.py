"""Ask payment providers about young orders that are unpaid still: a callback that is late or lost
shall not keep a buyer waiting until the order expires.

A mark of each merchant says up to when orders were asked about. Asking is a courtesy: who cannot be
asked now is asked at the next age, and for certain before the order expires.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from scrip.domain.chase import Answer, Span, spans_to_ask
from scrip.domain.notice import PaymentNotice
from scrip.domain.order import Order, OrderRecord, PendingOrder, listing_place, placed_at_ms_of
from scrip.domain.payment import Payment

SWEEP = "asked"
MOST = 1000
"""Orders that are asked about together."""


class OrderStore(Protocol):
    def mark(self, merchant_id: str, sweep: str) -> str: ...
    def set_mark(self, merchant_id: str, sweep: str, old: str, new: str) -> None: ...
    def placed_within(self, merchant_id: str, spans: Sequence[Span]) -> Sequence[OrderRecord]: ...


class Providers(Protocol):
    def ask(self, orders: Sequence[Order]) -> Sequence[Answer]: ...


class Asked(NamedTuple):
    """`paid`: of these orders, those that were."""

    orders: int = 0
    paid: int = 0


class _Look(NamedTuple):
    merchant_id: str
    mark: str
    unpaid: Sequence[PendingOrder]


def ask_payments(
    *,
    now_ms: int,
    window_minutes: int,
    merchant_ids: Iterable[str],
    orders: OrderStore,
    providers: Providers,
    settle: Callable[[PaymentNotice], object],
) -> Asked:
    """Raises MoveContended, StoreUnavailable; running again asks about the same once more."""
    done, looks = Asked(), list[_Look]()
    for merchant_id in merchant_ids:
        look = _look(merchant_id, now_ms, window_minutes, orders)
        if look:
            looks.append(look)
        if sum(len(each.unpaid) for each in looks) >= MOST:
            done, looks = _ask(done, looks, now_ms, orders, providers, settle), []
    return _ask(done, looks, now_ms, orders, providers, settle)


def _look(merchant_id: str, now_ms: int, window_minutes: int, orders: OrderStore) -> _Look | None:
    """None when no order came of age: then the mark stays, or it would cost a write a minute."""
    mark = orders.mark(merchant_id, SWEEP)
    spans = spans_to_ask(placed_at_ms_of(mark), now_ms, window_minutes)
    found = orders.placed_within(merchant_id, spans)
    if not found:
        return None
    unpaid = [
        record.order
        for record in found
        if isinstance(record.order, PendingOrder) and not record.order.due(now_ms)
    ]
    return _Look(merchant_id, mark, unpaid)


def _ask(
    done: Asked,
    looks: Sequence[_Look],
    now_ms: int,
    orders: OrderStore,
    providers: Providers,
    settle: Callable[[PaymentNotice], object],
) -> Asked:
    asked = [order for look in looks for order in look.unpaid]
    paid = 0
    for order, answer in zip(asked, providers.ask(asked), strict=True):
        if isinstance(answer, Payment):
            settle(PaymentNotice(order.merchant_id, order.order_id, answer))
            paid += 1
    for look in looks:
        orders.set_mark(look.merchant_id, SWEEP, look.mark, listing_place(now_ms))
    return Asked(done.orders + len(asked), done.paid + paid)
