"""A line of an order: one variant, how many units, and where their codes were claimed.

A line may be held: its units are claimed when the order is placed. Expiring lets them go. What
suppliers deliver is claimed nowhere: each unit is charged to the account that the buyer filled in,
or a code is bought for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple, Self

from scrip.domain.goods import BY_SUPPLIERS, Kind
from scrip.domain.money import Money
from scrip.domain.stock import ChunkRef, Pick, swap_key, unit_key, units_picked

MAX_UNITS_PER_LINE = 50
MAX_SPREAD = 24
"""Chunks in which an order may claim what it may have to let go again: one transaction must do
it."""


class Fate(Enum):
    """What became of one unit that a supplier delivers. Until its order is paid it is open."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    """It never will be charged, and its price is owed."""
    REVERSED = "reversed"
    """It was done, and the supplier took it back."""
    CONTRADICTED = "contradicted"
    """It failed and its price is owed; then its supplier said that it is charged after all."""
    TWICE = "twice"
    """It is done; then another supplier, which had said that it failed, said that it charged."""


MAX_RECEIPT = 40
"""Symbols: it stands in the order's item, which is short."""

IN_HTML = str.maketrans("", "", "<>&\"'`")

DOUBTFUL = (Fate.REVERSED, Fate.CONTRADICTED, Fate.TWICE)
CHARGED = (Fate.DONE, Fate.TWICE)
DELIVERED = (*CHARGED, Fate.REVERSED)


def first_fates(kind: Kind, quantity: int) -> tuple[Fate, ...]:
    """Of a line that is ordered."""
    return (Fate.OPEN,) * quantity if kind in BY_SUPPLIERS else ()


def receipt_of(text: str) -> str:
    """What a buyer is shown of what a supplier says: printable, without the symbols that mean
    something in HTML. Empty if it is too long: half a number is none."""
    shown = "".join(filter(str.isprintable, text)).translate(IN_HTML).strip()
    return shown if len(shown) <= MAX_RECEIPT else ""


class Swap(NamedTuple):
    """Another code for a bad one: unit `unit` has a new code in `chunk`, or is about to claim it
    there."""

    unit: int
    chunk: ChunkRef
    at_ms: int
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One variant in an order. `chunk` is where its next unit is to be claimed; None: its supply
    has no end, so nothing needs claiming.

    `held`: to be claimed before it is paid. `round_` counts the times its units were let go.
    `returned`: units that were delivered and then went back on sale, the last ones. `swap`: the one
    unit whose code was bad. `cap`: under which it was first pointed at stock.

    Of what suppliers deliver: `filled`, what the buyer filled in, by field; `fates`, one for each
    unit; so are `receipts`, once there is one: what its supplier says of it that the buyer may see.
    """

    number: int
    variant_id: str
    quantity: int
    unit_price: Money
    chunk: ChunkRef | None
    picks: tuple[Pick, ...] = ()
    held: bool = False
    round_: int = 0
    kind: Kind = Kind.CODE_POOL
    returned: int = 0
    swap: Swap | None = None
    cap: int = 0
    filled: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    fates: tuple[Fate, ...] = ()
    receipts: tuple[str, ...] = ()

    @property
    def total(self) -> Money:
        return self.unit_price.times(self.quantity)

    @property
    def has_codes(self) -> bool:
        """Whether its units are codes, or keys that are made."""
        return self.kind is not Kind.TOP_UP

    @property
    def units_claimed(self) -> int:
        """Units that have a code."""
        return len(self.units_with_codes)

    @property
    def units_with_codes(self) -> Sequence[int]:
        """Which, from 0."""
        if self.kind is Kind.BOUGHT_CODE:
            return [unit for unit, fate in enumerate(self.fates) if fate in DELIVERED]
        if self.chunk is None:
            return range(self.quantity if self.has_codes else 0)
        return range(units_picked(self.picks))

    @property
    def units_delivered(self) -> int:
        """Units that were, whether they came back since or not."""
        if self.fates:
            return sum(fate in DELIVERED for fate in self.fates)
        return self.units_claimed + self.returned

    @property
    def units_missing(self) -> int:
        """Units that were to have a code of the shop's and have none."""
        return 0 if self.kind in BY_SUPPLIERS else self.quantity - self.units_claimed

    @property
    def units_charged(self) -> int:
        return sum(fate in CHARGED for fate in self.fates)

    @property
    def units_failed(self) -> int:
        """Units of a supplier's whose price is owed."""
        return self.fates.count(Fate.FAILED) + self.fates.count(Fate.CONTRADICTED)

    def missing_units(self, order_id: str) -> list[str]:
        """The unit keys that no code was claimed for yet."""
        return [self._key(order_id, unit) for unit in range(self.units_claimed, self.quantity)]

    def all_units(self, order_id: str) -> list[str]:
        return [self._key(order_id, unit) for unit in range(self.quantity)]

    @property
    def chunks(self) -> set[ChunkRef]:
        """Where it claimed, or may be about to."""
        return {pick.chunk for pick in self.picks} | ({self.chunk} if self.chunk else set())

    def claimed_units(self, order_id: str) -> list[tuple[ChunkRef, str]]:
        """Chunk and unit key of every code that is the buyer's, in the order of the units."""
        found = self.picked_units(order_id)
        if self.swap and self.swap.claimed:
            found[self.swap.unit] = (self.swap.chunk, self.swap_key(order_id))
        return found

    def picked_units(self, order_id: str) -> list[tuple[ChunkRef, str]]:
        """As they were delivered, with a code that was bad."""
        return [
            (pick.chunk, self._key(order_id, unit))
            for pick in self.picks
            for unit in range(pick.first_unit, pick.first_unit + pick.units)
        ]

    def swapped(self, unit: int) -> bool:
        """Whether the unit's code came in place of a bad one."""
        return self.swap is not None and self.swap.claimed and self.swap.unit == unit

    def swap_key(self, order_id: str) -> str:
        """The name under which the new code of a swapped unit is held."""
        if self.swap is None:
            raise ValueError(f"nothing of line {self.number} was swapped")
        return swap_key(order_id, self.number, self.swap.unit)

    def let_go_by(self, order_id: str, after: Self) -> list[str]:
        """The unit keys whose codes this line lets go in becoming `after`."""
        if after.round_ > self.round_:
            return self.all_units(order_id)
        kept = set(after.picked_units(order_id))
        return [place[1] for place in self.picked_units(order_id) if place not in kept]

    def _key(self, order_id: str, unit: int) -> str:
        return unit_key(order_id, self.number, unit, self.round_)

    def picked(self, units: int) -> Self:
        """The line after claiming `units` more in the chunk it points to."""
        if self.chunk is None:
            raise ValueError(f"line {self.number} claims nothing")
        return replace(self, picks=(*self.picks, Pick(self.chunk, self.units_claimed, units)))

    def pointed_at(self, chunk: ChunkRef) -> Self:
        return replace(self, chunk=chunk)

    def at_once(self, units: int) -> int:
        """As many of its last units as one transaction can give back."""
        return min(units, units_picked(self.picks[-MAX_SPREAD:]))

    def give_back(self, units: int) -> Self:
        """The line without its last `units`."""
        left = self.units_claimed - units
        picks = tuple(
            pick._replace(units=min(pick.units, left - pick.first_unit))
            for pick in self.picks
            if pick.first_unit < left
        )
        return replace(self, picks=picks, returned=self.returned + units)

    def let_go(self) -> Self:
        """The line after its units went back on sale."""
        return replace(self, picks=(), round_=self.round_ + 1)

    def not_begun(self) -> Self:
        """The line of an order that nothing is delivered of."""
        line = self.let_go() if self.picks else self
        return replace(line, fates=(Fate.FAILED,) * len(self.fates))

    def with_fate(self, unit: int, fate: Fate, receipt: str = "") -> Self:
        """`receipt`: of one that is done, as its supplier said it."""
        after = replace(self, fates=(*self.fates[:unit], fate, *self.fates[unit + 1 :]))
        shown = receipt_of(receipt)
        if fate is not Fate.DONE or not shown:
            return after
        receipts = self.receipts or ("",) * len(self.fates)
        return replace(after, receipts=(*receipts[:unit], shown, *receipts[unit + 1 :]))
