"""A supplier's own book: what was ordered, who was charged how often, whatever it answered."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from scrip.domain.supplier_terms import Resend, Terms
from tests.suppliers.faults import Fate, Plan

LATE_CODE_MS = 40_000


class OrderState(Enum):
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"
    REVERSED = "reversed"


class Why(Enum):
    """A supplier takes no order for one of these."""

    UNKNOWN_GOODS = "unknown goods"
    BAD_ACCOUNT = "bad account"
    NO_BALANCE = "no balance"
    BAD_SIGNATURE = "bad signature"
    LATE = "late"


@dataclass(frozen=True)
class Order:
    """`number`: the supplier's own. `nth`: of those under the same reference, from 0."""

    number: str
    reference: str
    sku: str
    account: str
    cost_minor: int
    began_at_ms: int
    nth: int
    fate: Fate

    @property
    def code(self) -> str:
        """What is handed over for it, where codes are sold. Nothing else tells it."""
        return self._drawn("code").upper()

    @property
    def pin(self) -> str:
        return self._drawn("pin")

    def hands_over(self, now_ms: int) -> bool:
        """Of some the code comes later than the word that they are done."""
        late_ms = LATE_CODE_MS if self.code[0] in "0123456" else 0
        return now_ms >= self.ends_at_ms + late_ms

    def _drawn(self, part: str) -> str:
        return hashlib.sha256(f"{part} of {self.number}".encode()).hexdigest()[:16]

    @property
    def ends_at_ms(self) -> int:
        return self.began_at_ms + self.fate.takes_ms

    def state(self, now_ms: int) -> OrderState:
        if now_ms < self.ends_at_ms:
            return OrderState.PROCESSING
        if self.fate.fails:
            return OrderState.FAILED
        reversed_ms = self.fate.reversed_ms
        back = reversed_ms and now_ms >= self.ends_at_ms + reversed_ms
        return OrderState.REVERSED if back else OrderState.DONE

    def shown(self, now_ms: int) -> bool:
        return now_ms >= self.began_at_ms + self.fate.hidden_ms


@dataclass(frozen=True)
class Taken:
    """An order, whether new or found, as it stands."""

    order: Order
    state: OrderState


@dataclass(frozen=True)
class Duplicate:
    order: Order


@dataclass(frozen=True)
class Missing:
    """It knows no such order (yet)."""


@dataclass(frozen=True)
class Refused:
    why: Why


@dataclass
class Book:
    """`goods`: what each costs, in minor units of `currency`. `bad_accounts`: nobody has them.
    `clock` in milliseconds."""

    terms: Terms
    plan: Plan
    clock: Callable[[], int]
    currency: str = "CNY"
    balance_minor: int = 1_000_000_000
    goods: dict[str, int] = field(default_factory=lambda: {"SKU1": 2790, "SKU2": 4500})
    bad_accounts: set[str] = field(default_factory=lambda: {"00000"})
    orders: list[Order] = field(default_factory=list)

    def send(self, reference: str, sku: str, account: str) -> Taken | Duplicate | Refused:
        now_ms, before = self.clock(), list(self.under(reference))
        if before and not self._begins_anew(before[-1], now_ms):
            replays = self.terms.resend is Resend.REPLAYS
            first = before[-1]
            return Taken(first, first.state(now_ms)) if replays else Duplicate(first)
        if refused := self.check(sku, account):
            return refused
        order = Order(
            number=f"{now_ms}{len(self.orders):06d}",
            reference=reference,
            sku=sku,
            account=account,
            cost_minor=self.goods[sku],
            began_at_ms=now_ms,
            nth=len(before),
            fate=self.plan.fate(reference, len(before), self.terms),
        )
        self.orders.append(order)
        return Taken(order, order.state(now_ms))

    def ask(self, reference: str) -> Taken | Missing:
        """The last one under the reference, once it can be found."""
        now_ms = self.clock()
        shown = [each for each in self.under(reference) if each.shown(now_ms)]
        return Taken(shown[-1], shown[-1].state(now_ms)) if shown else Missing()

    def check(self, sku: str, account: str) -> Refused | None:
        """Why it would not be taken."""
        if sku not in self.goods:
            return Refused(Why.UNKNOWN_GOODS)
        if account in self.bad_accounts:
            return Refused(Why.BAD_ACCOUNT)
        return Refused(Why.NO_BALANCE) if self.balance() < self.goods[sku] else None

    def balance(self) -> int:
        """What is left, in minor units."""
        kept = (OrderState.PROCESSING, OrderState.DONE)
        now_ms = self.clock()
        spent = sum(each.cost_minor for each in self.orders if each.state(now_ms) in kept)
        return self.balance_minor - spent

    def under(self, reference: str) -> Iterator[Order]:
        return (each for each in self.orders if each.reference == reference)

    def charged(self, reference: str) -> int:
        """How often an account stands charged under this reference: 0 or 1, or money is lost."""
        return self._count(reference, OrderState.DONE)

    def reversed(self, reference: str) -> int:
        return self._count(reference, OrderState.REVERSED)

    def _count(self, reference: str, state: OrderState) -> int:
        now_ms = self.clock()
        return sum(each.state(now_ms) is state for each in self.under(reference))

    def _begins_anew(self, last: Order, now_ms: int) -> bool:
        match self.terms.resend:
            case Resend.NEW:
                return True
            case Resend.NEW_AFTER_FAILURE:
                return last.state(now_ms) is OrderState.FAILED
        return False
