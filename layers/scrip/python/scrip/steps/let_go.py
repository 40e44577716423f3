"""Let orders go: end them, and put back on sale what they held, together."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from scrip.domain.errors import MoveContended
from scrip.domain.let_go import LetGo, LetGoContended
from scrip.domain.order import (
    ExpiredOrder,
    Order,
    OrderMoved,
    PendingOrder,
)

TRIES = 8
MAX_WRITES = 100
"""DynamoDB's limit for one transaction."""


class OrderFinder(Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...


class OrderEnder(OrderFinder, Protocol):
    def expire(self, seen: PendingOrder, expired: ExpiredOrder) -> None: ...


class HoldStore(Protocol):
    def let_go(self, merchant_id: str, moves: Sequence[LetGo], now_ms: int) -> None: ...


def let_go(move: LetGo, *, now_ms: int, orders: OrderFinder, holds: HoldStore) -> None:
    """Raises OrderMoved, MoveContended, StoreUnavailable."""
    order = move.seen
    for _ in range(TRIES):
        try:
            return holds.let_go(order.merchant_id, [move], now_ms)
        except LetGoContended:
            now = orders.find(order.merchant_id, order.order_id, consistent=True)
            if now is not None and now != order:
                raise OrderMoved(now) from None
    raise MoveContended(order.order_id)


class Ending(NamedTuple):
    """An order that expires, and how."""

    seen: PendingOrder
    expired: ExpiredOrder


def expire_all(
    endings: Sequence[Ending], *, now_ms: int, orders: OrderEnder, holds: HoldStore
) -> list[Order]:
    """Expire these orders of one merchant; those that did. Who was paid meanwhile is left alone.

    Several holds end in one transaction, so that their codes share new chunks; when one of the
    orders moved, each goes by itself. Raises MoveContended, StoreUnavailable.
    """
    expired: list[Order] = [
        each.seen for each in endings if not each.seen.held and _expire(each, orders)
    ]
    for group in _groups([LetGo(*each) for each in endings if each.seen.held]):
        try:
            holds.let_go(group[0].seen.merchant_id, group, now_ms)
            gone = group
        except LetGoContended:
            gone = [move for move in group if _alone(move, now_ms, orders, holds)]
        expired += [move.seen for move in gone]
    return expired


def _expire(ending: Ending, orders: OrderEnder) -> bool:
    try:
        orders.expire(*ending)
    except OrderMoved:
        return False  # paid at the last moment
    return True


def _alone(move: LetGo, now_ms: int, orders: OrderFinder, holds: HoldStore) -> bool:
    try:
        let_go(move, now_ms=now_ms, orders=orders, holds=holds)
    except OrderMoved as moved:
        # It may be our own move, its answer lost.
        return isinstance(moved.order, ExpiredOrder) and not moved.order.turned_away
    return True


def _groups(moves: Sequence[LetGo]) -> Iterator[list[LetGo]]:
    group: list[LetGo] = []
    writes = 0
    for move in moves:
        if group and writes + move.writes > MAX_WRITES:
            yield group
            group, writes = [], 0
        group.append(move)
        writes += move.writes
    if group:
        yield group
