"""A provider's own statement of one day, in words of ours."""

from enum import Enum
from typing import NamedTuple

from scrip.domain.money import Money


class BillKind(Enum):
    PAYMENT = "payment"
    REFUND = "refund"


class BillLine(NamedTuple):
    """`order_id` and `refund_id` are ours, empty where the provider does not know them. `fee_minor`
    is what the provider kept of a payment, negative where it gave a fee back."""

    kind: BillKind
    transaction_id: str
    order_id: str
    refund_id: str
    money: Money
    fee_minor: int
    at_ms: int
