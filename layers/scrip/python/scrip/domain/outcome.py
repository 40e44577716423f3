"""What becomes of money that a provider reports for an order: the ways it can come, and what a
merchant may choose to do with it.

    exact           the order waited for it                     deliver
    late            the order had expired                       deliver, refund, hold
    turned_away     stock could not hold what was ordered       deliver, refund, hold
    over            more than was asked                         deliver, refund, hold
    short           less than was asked is left of it           refund, hold
    other_currency  not what was asked                          refund, hold
    second          another payment had settled the order       refund, hold
    changed         a known payment, now with another amount    hold
    repeated        a known payment: told before                nothing

Deliver: claim the goods and close the order; what was paid too much is owed. Refund: give all of it
back to its source, the order stays as it is. Hold: a person decides, nothing moves. Whatever is not
delivered stands beside the order, as a `Stray`. A person may decide what the case allows, or that
nothing is to be done: it was dealt with elsewhere.

A test payment at a live account, one of another merchant or of no order of ours is refused before
it gets here: it is not known to be anybody's money, or the order is not known yet and the provider
shall ask again.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from scrip.domain.payment import Payment


class Case(Enum):
    EXACT = "exact"
    LATE = "late"
    TURNED_AWAY = "turned_away"
    OVER = "over"
    SHORT = "short"
    OTHER_CURRENCY = "other_currency"
    SECOND = "second"
    CHANGED = "changed"
    REPEATED = "repeated"


class Action(Enum):
    DELIVER = "deliver"
    REFUND = "refund"
    HOLD = "hold"
    NOTHING = "nothing"


ANY = (Action.DELIVER, Action.REFUND, Action.HOLD)
NOT_DELIVERED = (Action.REFUND, Action.HOLD)

CHOICES: Mapping[Case, tuple[Action, ...]] = {
    Case.EXACT: (Action.DELIVER,),
    Case.LATE: ANY,
    Case.TURNED_AWAY: ANY,
    Case.OVER: ANY,
    Case.SHORT: NOT_DELIVERED,
    Case.OTHER_CURRENCY: NOT_DELIVERED,
    Case.SECOND: NOT_DELIVERED,
    Case.CHANGED: (Action.HOLD,),
    Case.REPEATED: (Action.NOTHING,),
}
"""What a merchant may choose. The first is what happens if it chose nothing."""

Policy = Mapping[Case, Action]
"""What a merchant chose, case by case; not all of them."""


class Stray(NamedTuple):
    """Money beside an order: not what settled it."""

    payment: Payment
    case: Case
    action: Action

    @property
    def stray_id(self) -> str:
        return stray_id_of(self.payment, self.case)


def stray_id_of(payment: Payment, case: Case) -> str:
    """The same money told with another amount has an id of its own."""
    money = payment.money
    amount = f"#{money.amount_minor}{money.currency}" if case is Case.CHANGED else ""
    return f"{payment.provider}#{payment.transaction_id}{amount}"


def decisions(case: Case) -> tuple[Action, ...]:
    """What a person may decide of money that is held."""
    return (*(each for each in CHOICES[case] if each is not Action.HOLD), Action.NOTHING)


def has_choice(case: Case) -> bool:
    return len(CHOICES[case]) > 1


def action_for(case: Case, policy: Policy) -> Action:
    """A choice that is no longer allowed counts for nothing."""
    chosen = policy.get(case)
    return chosen if chosen in CHOICES[case] else CHOICES[case][0]
