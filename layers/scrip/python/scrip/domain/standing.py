"""What is known of an account with a supplier and of its goods, and since when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from scrip.domain.charge import Quote
from scrip.domain.money import Money
from scrip.domain.scorecard import Ending, Scorecard
from scrip.domain.supplier_terms import MINUTE_MS

FRESH_MS = 30 * MINUTE_MS
"""Six rounds of asking. What is older than that keeps no order from a supplier."""

RECORD_DAYS = 7

RESERVE_UNITS = 10
"""A balance for fewer units than this sells nothing more, unless its merchant chose a number:
orders that are open now may still be paid."""


class Known(NamedTuple):
    """A balance, and when it was told."""

    money: Money
    at_ms: int


class Quoted(NamedTuple):
    """What a good costs and whether there is any, and when that was told."""

    quote: Quote
    at_ms: int


class Record(NamedTuple):
    """What became of the orders of the last days. `half_ms`: half of them ended within; 0: none
    did."""

    attempts: int = 0
    done: int = 0
    half_ms: int = 0


NO_RECORD = Record()


class Low(NamedTuple):
    """The balance is low since then. `told`: the merchant knows."""

    since_ms: int
    told: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one account. `quotes`: by the supplier's name of the good. `min_balance_minor`: below it
    the account sells nothing more, in the balance's currency; None: its merchant chose none.
    `version` counts what was written; 0: nothing yet."""

    account: str
    balance: Known | None = None
    quotes: Mapping[str, Quoted] = field(default_factory=dict)
    record: Record = NO_RECORD
    min_balance_minor: int | None = None
    low: Low | None = None
    version: int = 0

    def reserve_minor(self, cost: Money | None) -> int | None:
        """What must be there for a good of this cost to be sold, in the balance's currency. None:
        nothing says."""
        if self.min_balance_minor is not None:
            return self.min_balance_minor
        if cost is None or self.balance is None or cost.currency != self.balance.money.currency:
            return None
        return cost.amount_minor * RESERVE_UNITS

    def with_low(self, now_ms: int) -> "Standing":
        """Judged by what was told last: low where the balance is too low for one of its goods."""
        if self.balance is None:
            return self
        costs = [None, *(each.quote.cost for each in self.quotes.values())]
        reserves = [each for each in map(self.reserve_minor, costs) if each is not None]
        if self.balance.money.amount_minor >= max(reserves, default=0):
            return replace(self, low=None)
        return self if self.low else replace(self, low=Low(now_ms))


def record_of(scorecard: Scorecard) -> Record:
    done = scorecard.ended.get(Ending.DONE, 0) - scorecard.ended.get(Ending.REVERSED, 0)
    return Record(scorecard.attempts, max(0, done), scorecard.within_ms(50) or 0)


def least_recent(skus: Iterable[str], quotes: Mapping[str, Quoted]) -> list[str]:
    """In the order in which to ask for them: what was never told first, then the oldest. So none is
    left out for good where time is short."""
    return sorted(skus, key=lambda sku: (quotes[sku].at_ms if sku in quotes else 0, sku))
