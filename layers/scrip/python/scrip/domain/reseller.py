"""Another shop that sells this one's goods, against money paid ahead: its prices and its book.

Whatever moves a balance is an entry of the book, written once and never changed, under an id that
follows from what it is about. The balance is what the entries come to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from scrip.domain.money import Money
from scrip.domain.resale_refusals import BalanceInsufficient

WHOLE_BP = 10_000
MOST_DISCOUNT_BP = 9_900
MOST_MOVED_MINOR = 10**12
"""Of one entry; what keeps every balance far from 64 bits."""


class Standing(Enum):
    """`PAUSED`: places no orders; all else it may."""

    ACTIVE = "active"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Reseller:
    """`balance_minor` may be less than nothing by no more than `credit_minor`. `discount_bp`: off
    the price of each variant, but for those with a price of their own in `prices`.
    `sealed`: its secrets. `callback_url`: where it is told of its orders; empty for nowhere."""

    merchant_id: str
    reseller_id: str
    name: str
    currency: str
    created_at_ms: int
    sealed: bytes = field(repr=False)
    balance_minor: int = 0
    credit_minor: int = 0
    standing: Standing = Standing.ACTIVE
    discount_bp: int = 0
    prices: Mapping[str, int] = field(default_factory=dict)
    callback_url: str = ""

    def price(self, variant_id: str, usual: Money) -> Money:
        """For this reseller. What a discount comes to is rounded down to a minor unit: a price is
        never less than the share of it that is to be paid, and never nothing."""
        if variant_id in self.prices:
            return Money(self.prices[variant_id], self.currency)
        off = usual.amount_minor * self.discount_bp // WHOLE_BP
        return Money(usual.amount_minor - off, usual.currency)

    def after(self, amount_minor: int) -> int:
        """The balance after a movement; less than nothing for what is taken. Raises
        BalanceInsufficient."""
        balance = self.balance_minor + amount_minor
        if amount_minor < 0 and balance + self.credit_minor < 0:
            raise BalanceInsufficient(f"{-amount_minor} {self.currency} minor units are needed")
        return balance


class Movement(Enum):
    """Why a balance moves."""

    CREDIT = "credit"
    """Its shop says that money came in, or was paid out: then it is less than nothing."""
    ORDER = "order"
    REFUND = "refund"


class Entry(NamedTuple):
    """`key`: of which credit, order or refund; with the movement it is the entry's id. `about`: the
    order, or what the shop wrote of a credit."""

    merchant_id: str
    reseller_id: str
    movement: Movement
    key: str
    amount_minor: int
    at_ms: int
    about: str = ""

    @property
    def entry_id(self) -> str:
        return f"{self.movement.value}#{self.key}"
