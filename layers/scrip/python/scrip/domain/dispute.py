"""Disputes: a buyer's bank or the payment provider takes a payment back into question.

    opened -> won     the shop keeps the money
           `-> lost   the buyer has it back

While a dispute is open, and when it is lost, its order is frozen: nobody is shown its codes, none
is replaced, and no money is given back beside what the dispute took. A shop may freeze an order,
too.

Providers tell late and out of order: what is told of a later time counts, of one time the end.
"""

from dataclasses import dataclass
from enum import Enum

from scrip.domain.money import Money
from scrip.domain.payment import Payment

BY_MERCHANT = "merchant"
"""Who holds an order frozen when its shop does."""


class DisputeState(Enum):
    OPENED = "opened"
    WON = "won"
    LOST = "lost"

    @property
    def freezes(self) -> bool:
        return self is not DisputeState.WON

    @property
    def closed(self) -> bool:
        return self is not DisputeState.OPENED


@dataclass(frozen=True, slots=True)
class Dispute:
    """`transaction_id`: the payment in question, `money`: how much of it. `at_ms`: of when this is
    told. `reason`: the provider's word."""

    provider: str
    dispute_id: str
    transaction_id: str
    state: DisputeState
    money: Money
    reason: str
    at_ms: int

    def of(self, payment: Payment) -> bool:
        return (self.provider, self.transaction_id) == (payment.provider, payment.transaction_id)

    @property
    def holder(self) -> str:
        """The name under which it holds its order frozen."""
        return f"{self.provider}#{self.dispute_id}"
