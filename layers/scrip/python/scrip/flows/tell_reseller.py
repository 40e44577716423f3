"""Tell a reseller how an order of its stands, at its own address.

At least once: who dies after it was taken tells it again, under the same id. What is not taken is
told again, less and less often, for a day; then it is written down for a person. What is told is
the order as it stands now, so that news which overtake each other do no harm.
"""

from enum import Enum
from typing import NamedTuple, Protocol

from scrip.domain.order import OrderRecord
from scrip.domain.resale import placed_as
from scrip.domain.resale_news import Telling, Untold
from scrip.domain.reseller import Reseller
from scrip.steps.known_order import OrderReader, known_order


class Resellers(Protocol):
    def get(self, merchant_id: str, reseller_id: str) -> Reseller: ...


class Callbacks(Protocol):
    def tell(self, reseller: Reseller, record: OrderRecord, now_ms: int) -> "Answered": ...


class Queue(Protocol):
    def later(self, telling: Telling, delay_ms: int) -> None: ...


class UntoldStore(Protocol):
    def add(self, untold: Untold) -> None: ...
    def remove(self, merchant_id: str, reseller_id: str, order_id: str) -> None: ...


class Answered(Protocol):
    """`final`: no other try will fare better. `reason`: why it was not taken."""

    @property
    def taken(self) -> bool: ...
    @property
    def final(self) -> bool: ...
    @property
    def reason(self) -> str: ...


class Ending(Enum):
    EARLY = "early"
    NOWHERE = "nowhere"
    TAKEN = "taken"
    LATER = "later"
    GIVEN_UP = "given_up"


class Told(NamedTuple):
    ending: Ending
    reason: str = ""


def tell_reseller(
    telling: Telling,
    *,
    now_ms: int,
    orders: OrderReader,
    resellers: Resellers,
    callbacks: Callbacks,
    queue: Queue,
    untold: UntoldStore,
) -> Told:
    """Raises OrderUnknown, ResellerUnknown, SealBroken, StoreUnavailable."""
    if now_ms < telling.at_ms:
        queue.later(telling, telling.at_ms - now_ms)
        return Told(Ending.EARLY)
    record = known_order(telling.merchant_id, telling.order_id, orders)
    placed = placed_as(record.order.payment_ref)
    whose = telling.merchant_id, placed.reseller_id
    reseller = resellers.get(*whose)
    if not reseller.callback_url:
        return Told(Ending.NOWHERE)
    answered = callbacks.tell(reseller, record, now_ms)
    if answered.taken:
        untold.remove(*whose, telling.order_id)
        return Told(Ending.TAKEN)
    again = None if answered.final else telling.again(now_ms)
    if again is None:
        untold.add(Untold(*whose, telling.order_id, placed.reference, now_ms, answered.reason))
        return Told(Ending.GIVEN_UP, answered.reason)
    queue.later(again, again.at_ms - now_ms)
    return Told(Ending.LATER, answered.reason)
