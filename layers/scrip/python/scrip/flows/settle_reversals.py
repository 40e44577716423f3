"""The worklist's look at what suppliers took back, or charged after all: what the shop chose is
done once, or a person is waited for.

Who wrote that a unit failed may have missed that its supplier said otherwise at that very moment:
that is written here. What was taken back comes to be owed by the very write that says so in the
order. What is decided, by this or by a person, is left alone.
"""

from typing import NamedTuple, Protocol

from scrip.domain.attempt import AttemptState
from scrip.domain.follow_up import DAILY, Backoff
from scrip.domain.goods import Kind
from scrip.domain.line import DOUBTFUL, Fate
from scrip.domain.merchant import Merchant
from scrip.domain.outcome import Action
from scrip.domain.top_up import TopUp, Unit, all_units, fate_of, waits_for_a_person
from scrip.steps.end_unit import UnitEnder, end_unit
from scrip.steps.known_order import OrderReader, known_order

LOOKED_AT = (*DOUBTFUL, Fate.FAILED)


class Orders(OrderReader, UnitEnder, Protocol): ...


class TopUps(Protocol):
    def find_many(self, units: list[Unit]) -> dict[Unit, TopUp]: ...


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class Settled(NamedTuple):
    """Units that came to be owed, units that wait for a person, and by what to look again."""

    owed: int = 0
    waiting: int = 0
    again: Backoff | None = None


def settle_reversals(
    merchant_id: str,
    order_id: str,
    *,
    now_ms: int,
    orders: Orders,
    top_ups: TopUps,
    merchants: Merchants,
) -> Settled:
    """Raises OrderUnknown, MoveContended, StoreUnavailable."""
    order = known_order(merchant_id, order_id, orders).order
    odd = [unit for unit in all_units(order) if fate_of(order, unit) in LOOKED_AT]
    if not odd:
        return Settled()
    found = top_ups.find_many(odd)
    waiting = [unit for unit in odd if waits_for_a_person(fate_of(order, unit), found.get(unit))]
    owed = []
    if waiting and merchants.get(merchant_id).on_reversal is Action.REFUND:
        reversed_ = [each for each in waiting if found[each].attempt.state is AttemptState.REVERSED]
        # A code that was handed over may have been seen: giving back its price is for a person.
        owed = [each for each in reversed_ if found[each].kind is Kind.TOP_UP]
    for unit in owed:
        end_unit(order, unit, Fate.FAILED, now_ms=now_ms, orders=orders)
    for unit in waiting:
        if found[unit].attempt.contradicted:
            end_unit(order, unit, Fate.CONTRADICTED, now_ms=now_ms, orders=orders)
    left = len(waiting) - len(owed)
    return Settled(len(owed), left, DAILY if left else None)
