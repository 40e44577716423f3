"""Refunds in words of ours: what is asked of a provider, and how far it is."""

from dataclasses import dataclass
from enum import Enum

from scrip.domain.money import Money
from scrip.domain.payment import Payment


class RefundState(Enum):
    """`STUCK`: the provider will not go on by itself; a person must look."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STUCK = "stuck"

    @property
    def final(self) -> bool:
        return self in (RefundState.SUCCEEDED, RefundState.FAILED)


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
