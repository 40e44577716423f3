"""Refunds in words of ours: what is asked of a provider, and how far it is.

    begun -> pending -> stuck -> succeeded -> failed

A refund only moves to the right, so a report that comes late changes nothing. Even what succeeded
may fail days later, when the buyer's bank sends it back. A person may then say that it was settled
by other means, or have it made again.
"""

from dataclasses import dataclass
from enum import Enum

from scrip.domain.money import Money
from scrip.domain.payment import Payment

LATE_MS = 14 * 86_400_000
"""No provider takes longer."""


class RefundState(Enum):
    """`BEGUN`: written down, and perhaps not sent. `STUCK`: the provider will not go on by itself;
    a person must look. `SETTLED`: a person gave the money back by other means. `ANNULLED`: it
    failed, and another is made in its place."""

    BEGUN = "begun"
    PENDING = "pending"
    STUCK = "stuck"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SETTLED = "settled"
    ANNULLED = "annulled"

    @property
    def under_way(self) -> bool:
        return self in (RefundState.BEGUN, RefundState.PENDING)

    @property
    def gave_back(self) -> bool:
        """Whether the money is the buyer's again."""
        return self in (RefundState.SUCCEEDED, RefundState.SETTLED)

    @property
    def earlier(self) -> tuple["RefundState", ...]:
        """The states from which a report of this one moves a refund."""
        every = tuple(RefundState)
        return every[: every.index(self)]


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as it is kept with its order, written before it is sent. `told_at_ms`: when its
    provider last told something new. `foreign`: begun in the provider's own console."""

    refund_id: str
    provider: str
    transaction_id: str
    money: Money
    begun_at_ms: int
    state: RefundState = RefundState.BEGUN
    told_at_ms: int = 0
    provider_ref: str = ""
    foreign: bool = False

    @property
    def unsent(self) -> bool:
        """As far as is known."""
        return self.state is RefundState.BEGUN

    def waits_for_a_person(self, now_ms: int) -> bool:
        late = self.state.under_way and now_ms >= self.begun_at_ms + LATE_MS
        return late or self.state in (RefundState.STUCK, RefundState.FAILED)

    @property
    def counts(self) -> bool:
        """Against what was captured. What failed of ours counts until a person decides."""
        failed = self.foreign and self.state is RefundState.FAILED
        return not failed and self.state is not RefundState.ANNULLED

    def is_told_by(self, report: "RefundReport") -> bool:
        """Not every provider tells our id, nor its own in each answer."""
        if report.refund_id:
            return report.refund_id == self.refund_id
        return bool(report.provider_ref) and report.provider_ref == self.provider_ref

    def of(self, payment: Payment) -> bool:
        return (self.provider, self.transaction_id) == (payment.provider, payment.transaction_id)


class Decision(Enum):
    """What a person says of a refund that waits for one."""

    AGAIN = "again"
    SETTLED = "settled"


def decided(refund: Refund, decision: Decision) -> RefundState:
    """What failed is final at its provider, so another is made in its place. Anything else is asked
    about and sent again under its id: it may be under way after all."""
    if decision is Decision.SETTLED:
        return RefundState.SETTLED
    return RefundState.ANNULLED if refund.state is RefundState.FAILED else RefundState.BEGUN


def begin(order_id: str, number: int, payment: Payment, amount_minor: int, at_ms: int) -> Refund:
    """The order's refund of this number, from 1."""
    return Refund(
        refund_id=f"{order_id}R{number:03d}",
        provider=payment.provider,
        transaction_id=payment.transaction_id,
        money=Money(amount_minor, payment.money.currency),
        begun_at_ms=at_ms,
    )


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """`refund_id`: ours, made and stored before it is sent (at most 24 ASCII letters and digits).
    Sent again under the same id it is the same refund. `payment_ref`: the reference of the opened
    payment; `payment`: what was captured."""

    merchant_id: str
    order_id: str
    refund_id: str
    payment: Payment
    payment_ref: str
    money: Money
    reason: str


@dataclass(frozen=True, slots=True)
class RefundReport:
    """`provider_ref`: the provider's own id of the refund, empty if it has none. `refund_id` is
    empty for a refund that was not begun here (in the provider's own console)."""

    refund_id: str
    provider_ref: str
    state: RefundState
    money: Money
    at_ms: int


def begun_elsewhere(
    provider: str, transaction_id: str, report: RefundReport, now_ms: int
) -> Refund:
    """A refund that is not ours, as it is kept: under the number that tells it again."""
    return Refund(
        refund_id=report.refund_id or report.provider_ref,
        provider=provider,
        transaction_id=transaction_id,
        money=report.money,
        begun_at_ms=now_ms,
        state=report.state,
        told_at_ms=report.at_ms,
        provider_ref=report.provider_ref,
        foreign=True,
    )
