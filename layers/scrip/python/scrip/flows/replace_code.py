"""Replace a bad code that was delivered, once for each line.

The order is the pointer again: it names the chunk before a code is claimed there, under a name that
only this unit's replacement has. The claim finds itself when it is repeated, the pointer moves only
away from a chunk that has nothing for it, and what cannot be had is withdrawn. So each round looks
at the order and does the one thing that comes next; whoever dies, the next one goes on. The bad
code stays where it is, claimed for ever.
"""

from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.catalogue import Variant
from scrip.domain.errors import (
    CodeReplaced,
    MoveContended,
    OrderFrozen,
    OrderNotReadable,
    OrderUnknown,
    ReplacementClosed,
    SoldOut,
    UnitUnknown,
    VariantUnknown,
)
from scrip.domain.goods import Kind
from scrip.domain.line import Line, Swap
from scrip.domain.order import Order, SettledOrder
from scrip.domain.order_access import DAY_MS
from scrip.steps.claim import Chunks, next_chunk
from scrip.steps.write_down import Audit, write_down

TRIES = 24
"""Rounds: two and the chunks that others emptied meanwhile."""


class Orders(Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...
    def begin_swap(self, order: Order, line: Line, swap: Swap) -> bool: ...
    def move_swap(self, order: Order, line: Line, old: Swap, new: Swap) -> bool: ...
    def withdraw_swap(self, order: Order, line: Line, old: Swap) -> bool: ...


class Catalogue(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


def replace_code(
    merchant_id: str,
    order_id: str,
    line_number: int,
    unit: int,
    asking: Asking,
    *,
    luck: float,
    orders: Orders,
    stock: Chunks,
    catalogue: Catalogue,
    audit: Audit,
) -> Swap:
    """Unit `unit` of a line, counted from 0. Doing it again finds it done.

    Raises OrderUnknown, OrderNotReadable, OrderFrozen, UnitUnknown, CodeReplaced (another unit of
    the line), ReplacementClosed, SoldOut (nothing has changed), MoveContended, StoreUnavailable.
    """
    now_ms, written = asking.at_ms, False
    for _ in range(TRIES):
        order = _settled(merchant_id, order_id, orders)
        line = order.line(line_number)
        swap = line.swap
        if swap is None:
            _check(order, line, unit, now_ms, catalogue)
            directory = stock.directory(merchant_id, line.variant_id, consistent=True)
            chunk = directory.choose(luck, now_ms, kept=True)
            if chunk is None:
                if _settled(merchant_id, order_id, orders) != order:
                    continue  # the last code may be this unit's, claimed by another run meanwhile
                raise SoldOut(line.variant_id)
            if not written:
                write_down(
                    audit, merchant_id, order_id, "replaced", asking, line=line_number, unit=unit
                )
                written = True
            orders.begin_swap(order, line, Swap(unit, chunk, now_ms))
        elif swap.unit != unit:
            raise CodeReplaced(f"unit {swap.unit} of line {line_number} was")
        elif swap.claimed:
            return swap
        else:
            _claim(order, line, swap, now_ms, luck, orders, stock)
    raise MoveContended(order_id)


def _claim(
    order: Order, line: Line, swap: Swap, now_ms: int, luck: float, orders: Orders, stock: Chunks
) -> None:
    """One step on from an intent. Raises SoldOut once that is withdrawn."""
    shop, variant, chunk = order.merchant_id, line.variant_id, swap.chunk
    claim = stock.claim(shop, variant, chunk, [line.swap_key(order.order_id)], now_ms)
    if claim.units:
        if claim.left == 0:
            stock.close_chunk(shop, variant, chunk)
        orders.move_swap(order, line, swap, swap._replace(claimed=True))
        return
    following = next_chunk(shop, variant, chunk, now_ms, luck, stock, kept=True)
    if following is not None:
        orders.move_swap(order, line, swap, swap._replace(chunk=following))
    elif orders.withdraw_swap(order, line, swap):
        raise SoldOut(variant)


def _check(order: SettledOrder, line: Line, unit: int, now_ms: int, catalogue: Catalogue) -> None:
    if line.chunk is None or line.kind is not Kind.CODE_POOL:
        raise UnitUnknown("no code of this line was taken from stock")
    if unit >= line.units_claimed:
        raise UnitUnknown(f"line {line.number} has no code {unit}")
    variant = catalogue.find_variant(order.merchant_id, line.variant_id)
    if variant is None:
        raise VariantUnknown(line.variant_id)
    if now_ms >= order.codes_at_ms + variant.replace_days * DAY_MS:
        raise ReplacementClosed(f"codes are replaced for {variant.replace_days} days")


def _settled(merchant_id: str, order_id: str, orders: Orders) -> SettledOrder:
    order = orders.find(merchant_id, order_id, consistent=True)
    if order is None:
        raise OrderUnknown(order_id)
    if not isinstance(order, SettledOrder) or not order.readable:
        raise OrderNotReadable(f"the order is {order.state}")
    if order.frozen:
        raise OrderFrozen("nothing of it moves while its payment is in question")
    return order
