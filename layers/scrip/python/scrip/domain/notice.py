"""What a verified callback says. `facts` are for the log: whoever must find this money, also when
no order takes it."""

from dataclasses import dataclass

from scrip.domain.dispute import Dispute
from scrip.domain.payment import Payment
from scrip.domain.refund import RefundReport

LONGEST_FACT = 128
"""What a provider signed may still be of any length. A log is no place for it."""


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """A payment of one of our orders."""

    merchant_id: str
    order_id: str
    payment: Payment

    @property
    def facts(self) -> dict[str, str]:
        return _facts(order_id=self.order_id, transaction_id=self.payment.transaction_id)


@dataclass(frozen=True, slots=True)
class UnpaidNotice:
    """A payment failed or was closed: no money came this way. `reason`: the provider's word."""

    merchant_id: str
    order_id: str
    reason: str

    @property
    def facts(self) -> dict[str, str]:
        return _facts(order_id=self.order_id, reason=self.reason)


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """How far a refund is. `transaction_id`: the payment it gives back."""

    merchant_id: str
    order_id: str
    transaction_id: str
    refund: RefundReport

    @property
    def facts(self) -> dict[str, str]:
        return _facts(
            order_id=self.order_id,
            transaction_id=self.transaction_id,
            refund_id=self.refund.refund_id or self.refund.provider_ref,
        )


@dataclass(frozen=True, slots=True)
class DisputeNotice:
    """How a dispute stands."""

    merchant_id: str
    order_id: str
    dispute: Dispute

    @property
    def facts(self) -> dict[str, str]:
        return _facts(order_id=self.order_id, dispute_id=self.dispute.dispute_id)


@dataclass(frozen=True, slots=True)
class IgnoredNotice:
    """A verified callback that moves nothing here."""

    reason: str

    @property
    def facts(self) -> dict[str, str]:
        return _facts(reason=self.reason)


def _facts(**facts: str) -> dict[str, str]:
    return {name: fact[:LONGEST_FACT] for name, fact in facts.items()}


Notice = PaymentNotice | UnpaidNotice | RefundNotice | DisputeNotice | IgnoredNotice
