"""The worklist's look at what suppliers took back, or charged after all: what the shop chose is
done once, or a person is waited for.

Who wrote that a unit failed may have missed that its supplier said otherwise at that very moment:
that is written here. What was taken back comes to be owed by the very write that says so in the
order. What is decided, by this or by a person, is left alone.
"""

from typing import NamedTuple, Protocol

from scrip.domain.attempt import AttemptState
from scrip.domain.errors import MoveContended
from scrip.domain.follow_up import DAILY, Backoff
from scrip.domain.line import DOUBTFUL, Fate
from scrip.domain.merchant import Merchant
from scrip.domain.order import OrderMoved, SettledOrder
from scrip.domain.outcome import Action
from scrip.domain.top_up import TopUp, Unit, all_units, fate_of, waits_for_a_person, with_fate
from scrip.steps.known_order import OrderReader, known_order

TRIES = 8
LOOKED_AT = (*DOUBTFUL, Fate.FAILED)


class Orders(OrderReader, Protocol):
    def end_unit(self, seen: SettledOrder, ended: SettledOrder, now_ms: int) -> None: ...


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
        owed = [unit for unit in waiting if found[unit].attempt.state is AttemptState.REVERSED]
    for unit in owed:
        _move(unit, Fate.REVERSED, Fate.FAILED, now_ms, orders)
    for unit in waiting:
        if found[unit].attempt.contradicted:
            _move(unit, Fate.FAILED, Fate.CONTRADICTED, now_ms, orders)
    left = len(waiting) - len(owed)
    return Settled(len(owed), left, DAILY if left else None)


def _move(unit: Unit, was: Fate, fate: Fate, now_ms: int, orders: Orders) -> None:
    for _ in range(TRIES):
        order = known_order(unit.merchant_id, unit.order_id, orders).order
        if not isinstance(order, SettledOrder) or fate_of(order, unit) is not was:
            return None
        ended = with_fate(order, unit, fate, now_ms)
        try:
            return orders.end_unit(order, ended or order, now_ms)
        except OrderMoved:
            continue
    raise MoveContended(unit.order_id)
