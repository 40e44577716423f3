"""What one look at a unit that a supplier delivers has done, to be counted and logged."""

from typing import Any, NamedTuple

from scrip.domain.attempt import Said
from scrip.domain.gate import Lane
from scrip.domain.line import Fate
from scrip.domain.route import Barred


class Advanced(NamedTuple):
    """`called`: what was asked of a supplier, and `said` what came back. `ended`: what this run
    made of the unit, and `order` the state of its order then. `handed_over`: why a person must
    look. `closed`: the supplier is left alone from now on. `barred`: why nobody may deliver it for
    now. `later_ms`: until the next look."""

    called: Lane | None = None
    supplier: str = ""
    said: Said | None = None
    ended: Fate | None = None
    order: str = ""
    handed_over: str = ""
    closed: bool = False
    barred: tuple[Barred, ...] = ()
    later_ms: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """For the log: nothing of the buyer's, and of a supplier its own codes only."""
        return {
            "supplier": self.supplier,
            "called": self.called.value if self.called else None,
            "meaning": self.said.meaning.value if self.said else None,
            "code": self.said.code if self.said else None,
            "ended": self.ended.value if self.ended else None,
            "handed_over": self.handed_over,
            "barred": [each.value for each in self.barred],
            "later_ms": self.later_ms,
        }
