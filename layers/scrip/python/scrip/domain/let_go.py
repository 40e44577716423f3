"""An order's move that lets go of units: they go back on sale together with it."""

from typing import NamedTuple

from scrip.domain.line import Line
from scrip.domain.order import Order


class LetGo(NamedTuple):
    """An order's move that lets units of some lines go, back on sale."""

    seen: Order
    moved: Order

    @property
    def lines(self) -> list[Line]:
        """The lines that let go, as they were."""
        return [
            old
            for old, new in zip(self.seen.lines, self.moved.lines, strict=True)
            if new.round_ > old.round_ or new.returned > old.returned
        ]

    def units(self, line: Line) -> list[str]:
        """The unit keys that such a line lets go of."""
        return line.let_go_by(self.seen.order_id, self.moved.line(line.number))

    @property
    def writes(self) -> int:
        """At most this many items change: the order; for each chunk itself, a new one and its
        lane; a directory for each line."""
        return 1 + sum(3 * len(line.chunks) + 1 for line in self.lines)


class LetGoContended(Exception):
    """An order or a chunk is no longer as it was seen: look again."""
