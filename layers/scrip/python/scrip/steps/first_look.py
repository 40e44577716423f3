"""The first look at an order's codes: from then on they are its buyer's, and nobody else's."""

from typing import Protocol

from scrip.domain.order import Order, SettledOrder


class Looks(Protocol):
    def reveal(self, order: Order, at_ms: int) -> Order: ...


def first_look(order: Order, *, at_ms: int, orders: Looks) -> Order:
    """The order as it stands once nothing of it can go back on sale any more: what it holds then
    may be shown. Costs one write, the first time."""
    if isinstance(order, SettledOrder) and order.revealed_at_ms:
        return order
    return orders.reveal(order, at_ms)
