"""Show the codes of an order: first the audit entry, then the plaintext; to staff masked only.

Who reads unusually many within an hour is told of once, by an entry of the audit trail that only
one invocation can write. Counting never keeps anybody from the codes: where it cannot, it does not.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from scrip.domain.code import Code
from scrip.domain.errors import (
    CodesShredded,
    OrderFrozen,
    OrderNotReadable,
    OrderUnknown,
    StoreUnavailable,
)
from scrip.domain.line import Line
from scrip.domain.masking import masked
from scrip.domain.merchant import Merchant
from scrip.domain.order import Order
from scrip.domain.reveal_watch import LOWEST_LIMIT, hour_of, unusual
from scrip.steps.first_look import Looks, first_look
from scrip.steps.write_down import Audit as ActAudit

MASKED_VIEW = "masked_view"


class Audit(ActAudit, Protocol):
    def revealed(
        self, merchant_id: str, order_id: str, *, at_ms: int, event_id: str, by: str, source: str
    ) -> None: ...
    def anomaly(
        self, merchant_id: str, actor: str, hour: int, *, at_ms: int, event_id: str, codes: int
    ) -> bool: ...
    def reveals(self, merchant_id: str, order_id: str) -> Sequence[int]: ...


class Codes(Protocol):
    def open_line(self, order: Order, line: Line) -> Sequence[Code | None]: ...


class Count(Protocol):
    @property
    def codes(self) -> int: ...
    @property
    def told(self) -> bool: ...


class RevealCounts(Protocol):
    def add(self, merchant_id: str, actor: str, hour: int, order_id: str, codes: int) -> Count: ...
    def tell(self, merchant_id: str, actor: str, hour: int, at_ms: int) -> None: ...


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class Orders(Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...


class Reveal(NamedTuple):
    """Who looks, when and from where. `by`: buyer, or a key's id. `event_id` is random."""

    by: str
    source: str
    at_ms: int
    event_id: str

    @property
    def actor(self) -> str:
        """Who is counted: buyers by their address, staff by their key."""
        return f"address:{self.source}" if self.by == "buyer" else f"key:{self.by}"


class ShownCode(NamedTuple):
    """`replacement`: it came in place of one that was bad."""

    line: Line
    code: Code
    replacement: bool


class Revealed(NamedTuple):
    """Codes line by line, and how many units had theirs shredded. `unusual`: this actor has read
    unusually many within the hour, and nobody was told of it before."""

    codes: list[ShownCode]
    shredded: int
    unusual: bool


class MaskedCode(NamedTuple):
    """`text` is None for a code that was shredded."""

    line: Line
    unit: int
    text: str | None
    has_pin: bool


class MaskedView(NamedTuple):
    """`revealed_at_ms`: each time that somebody was shown the codes in plain text."""

    codes: list[MaskedCode]
    revealed_at_ms: list[int]
    unusual: bool


def reveal_codes(
    order: Order,
    reveal: Reveal,
    *,
    orders: Looks,
    audit: Audit,
    codes: Codes,
    counts: RevealCounts,
    merchants: Merchants,
) -> Revealed:
    """Raises OrderNotReadable, OrderFrozen, CodesShredded (nothing is left to show), SealBroken,
    StoreUnavailable."""
    _check(order)
    _check_not_frozen(order)
    audit.revealed(
        order.merchant_id,
        order.order_id,
        at_ms=reveal.at_ms,
        event_id=reveal.event_id,
        by=reveal.by,
        source=reveal.source,
    )
    told = _watch(order, reveal, audit=audit, counts=counts, merchants=merchants)
    order = first_look(order, at_ms=reveal.at_ms, orders=orders)
    _check_not_frozen(order)  # it may have been, meanwhile
    opened = [
        (line, code, line.swapped(unit))
        for line in order.lines
        for unit, code in zip(line.units_with_codes, codes.open_line(order, line), strict=False)
    ]
    shown = [ShownCode(line, code, new) for line, code, new in opened if code is not None]
    if opened and not shown:
        raise CodesShredded("every code of this order was destroyed")
    return Revealed(shown, len(opened) - len(shown), told)


def view_masked_codes(
    merchant_id: str,
    order_id: str,
    look: Reveal,
    *,
    orders: Orders,
    audit: Audit,
    codes: Codes,
    counts: RevealCounts,
    merchants: Merchants,
) -> MaskedView:
    """What staff may see. Raises OrderUnknown, OrderNotReadable, SealBroken, StoreUnavailable."""
    order = orders.find(merchant_id, order_id, consistent=True)
    if order is None:
        raise OrderUnknown(order_id)
    _check(order)
    audit.acted(
        merchant_id,
        order_id,
        MASKED_VIEW,
        at_ms=look.at_ms,
        event_id=look.event_id,
        by=look.by,
        source=look.source,
    )
    told = _watch(order, look, audit=audit, counts=counts, merchants=merchants)
    shown = [
        MaskedCode(line, unit, masked(code) if code else None, bool(code and code.pin))
        for line in order.lines
        for unit, code in zip(line.units_with_codes, codes.open_line(order, line), strict=False)
    ]
    return MaskedView(shown, list(audit.reveals(merchant_id, order_id)), told)


def _check_not_frozen(order: Order) -> None:
    if order.frozen:
        raise OrderFrozen("its codes are not shown while its payment is in question")


def _check(order: Order) -> None:
    if not order.readable:
        raise OrderNotReadable(f"the order is {order.state}")
    if not order.has_codes:
        raise OrderNotReadable("nothing of the order is a code")
    if order.in_progress and not any(line.units_claimed for line in order.lines):
        raise OrderNotReadable("its codes are being bought")


def _watch(
    order: Order, reveal: Reveal, *, audit: Audit, counts: RevealCounts, merchants: Merchants
) -> bool:
    """Whether this very call is the one that tells of the actor."""
    shop, hour = order.merchant_id, hour_of(reveal.at_ms)
    units = sum(line.units_claimed for line in order.lines)
    try:
        count = counts.add(shop, reveal.actor, hour, order.order_id, units)
        if count.told or count.codes < LOWEST_LIMIT:
            return False
        if not unusual(count.codes, merchants.get(shop).reveal_limit):
            return False
        new = audit.anomaly(
            shop,
            reveal.actor,
            hour,
            at_ms=reveal.at_ms,
            event_id=reveal.event_id,
            codes=count.codes,
        )
        counts.tell(shop, reveal.actor, hour, reveal.at_ms)
    except StoreUnavailable:
        return False
    return new
