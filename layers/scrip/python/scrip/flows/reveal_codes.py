"""Show the codes of an order: first the audit entry, then the plaintext."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from scrip.domain.code import Code
from scrip.domain.errors import CodesShredded, OrderNotReadable
from scrip.domain.order import Line, Order


class Audit(Protocol):
    def revealed(
        self, merchant_id: str, order_id: str, *, at_ms: int, event_id: str, by: str, source: str
    ) -> None: ...


class Codes(Protocol):
    def open_line(self, order: Order, line: Line) -> Sequence[Code | None]: ...


class Reveal(NamedTuple):
    """Who looks, when and from where. `event_id` is random."""

    by: str
    source: str
    at_ms: int
    event_id: str


class Revealed(NamedTuple):
    """Codes line by line, and how many units had theirs shredded."""

    codes: list[tuple[Line, Code]]
    shredded: int


def reveal_codes(order: Order, reveal: Reveal, *, audit: Audit, codes: Codes) -> Revealed:
    """Raises OrderNotReadable, CodesShredded (nothing is left to show), SealBroken,
    StoreUnavailable."""
    if not order.readable:
        raise OrderNotReadable(f"the order is {order.state}")
    audit.revealed(
        order.merchant_id,
        order.order_id,
        at_ms=reveal.at_ms,
        event_id=reveal.event_id,
        by=reveal.by,
        source=reveal.source,
    )
    opened = [(line, code) for line in order.lines for code in codes.open_line(order, line)]
    shown = [(line, code) for line, code in opened if code is not None]
    if opened and not shown:
        raise CodesShredded("every code of this order was destroyed")
    return Revealed(shown, len(opened) - len(shown))
