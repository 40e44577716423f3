"""What a shop wants given back of an order in the end: an amount in all, or so many units of each
line. Wishing the same again changes nothing, and what is owed only grows.

Units that nobody was shown go back on sale first, when their line is named or when all is given
back. Units that were seen stay with the buyer, and only their price is owed.
"""

from collections.abc import Mapping
from typing import NamedTuple

from scrip.domain.errors import RequestInvalid, UnitUnknown
from scrip.domain.line import Line
from scrip.domain.order import SettledOrder


class RefundWish(NamedTuple):
    """One of both. `units`: by the line's number; a line left out gives back no more than it did.
    All of it: an amount as high as what was captured."""

    amount_minor: int | None = None
    units: Mapping[int, int] = {}

    def check(self, order: SettledOrder) -> None:
        """Raises RequestInvalid, UnitUnknown."""
        captured = order.payment.money.amount_minor
        if self.amount_minor is not None and self.amount_minor > captured:
            raise RequestInvalid(f"no more than {captured} were paid")
        for number, units in self.units.items():
            delivered = order.line(number).units_delivered
            if units > delivered:
                raise UnitUnknown(f"{delivered} units of line {number} were delivered")

    def to_return(self, order: SettledOrder) -> tuple[Line, int] | None:
        """A line, and how many of its units go back on sale now; None when all did that shall."""
        if order.revealed_at_ms != 0:
            return None
        for line in order.lines:
            units = self._units(order, line) - line.returned
            if units > 0 and line.chunk is not None and line.swap is None:
                return line, line.at_once(units)
        return None

    def owed(self, order: SettledOrder) -> int:
        """In all, with what was owed before."""
        captured = order.payment.money.amount_minor
        wanted = self.amount_minor
        if wanted is None:
            wanted = captured - order.total.amount_minor
            wanted += sum(_unfilled(line) + self._price(order, line) for line in order.lines)
        return max(order.owed_minor, min(wanted, captured))

    def _price(self, order: SettledOrder, line: Line) -> int:
        return line.unit_price.amount_minor * self._units(order, line)

    def _units(self, order: SettledOrder, line: Line) -> int:
        """So many units of a line are given back in the end."""
        everything = self.amount_minor == order.payment.money.amount_minor
        wanted = line.units_delivered if everything else self.units.get(line.number, 0)
        return max(wanted, line.returned)


def _unfilled(line: Line) -> int:
    """The price of what stock never had, and of what suppliers failed to deliver. What they are
    still at is owed by itself if it fails."""
    units = line.units_failed if line.fates else line.quantity - line.units_delivered
    return line.unit_price.times(units).amount_minor
