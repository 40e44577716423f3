"""What an order still has to give back, payment by payment: what is owed of it, less the refunds
that were begun and what a lost dispute took. So the refunds of a payment never come to more than is
owed, and what is owed never to more than was captured."""

from collections.abc import Iterator

from scrip.domain.dispute import DisputeState
from scrip.domain.order import OrderRecord, SettledOrder
from scrip.domain.outcome import Action
from scrip.domain.payment import Payment
from scrip.domain.refund import Refund, begin


def next_refund(record: OrderRecord, at_ms: int) -> Refund | None:
    """The refund to begin, None if there is none. What failed or got stuck is not begun anew by
    itself: it counts until a person decides."""
    for payment, owed in _owed(record):
        rest = owed - _gone(record, payment)
        if rest > 0:
            return begin(record.order.order_id, len(record.refunds) + 1, payment, rest, at_ms)
    return None


def payment_of(record: OrderRecord, refund: Refund) -> Payment | None:
    """The money that a refund gives back; None if it is not known here."""
    return next((each for each in _payments(record) if refund.of(each)), None)


def over_refunded(record: OrderRecord) -> bool:
    """Whether refunds come to more than a payment brought, as a provider's own console may."""
    payments = _payments(record)
    return any(_refunds(record, each) > each.money.amount_minor for each in payments)


def refunded_minor(record: OrderRecord) -> int:
    """Of what paid for the order, what its buyer has back."""
    order = record.order
    if not isinstance(order, SettledOrder):
        return 0
    back = (each for each in record.refunds if each.of(order.payment) and each.state.gave_back)
    return sum(each.money.amount_minor for each in back)


def _owed(record: OrderRecord) -> Iterator[tuple[Payment, int]]:
    order = record.order
    if isinstance(order, SettledOrder):
        yield order.payment, order.owed_minor
    for stray in record.strays:
        if stray.action is Action.REFUND:
            yield stray.payment, stray.payment.money.amount_minor


def _payments(record: OrderRecord) -> list[Payment]:
    order = record.order
    settled = [order.payment] if isinstance(order, SettledOrder) else []
    return [*settled, *(stray.payment for stray in record.strays)]


def _gone(record: OrderRecord, payment: Payment) -> int:
    """What of a payment is given back, is about to be, or was taken back."""
    disputes = (each for each in record.disputes if each.of(payment))
    lost = (each for each in disputes if each.state is DisputeState.LOST)
    return _refunds(record, payment) + sum(each.money.amount_minor for each in lost)


def _refunds(record: OrderRecord, payment: Payment) -> int:
    refunds = (each for each in record.refunds if each.of(payment) and each.counts)
    return sum(each.money.amount_minor for each in refunds)
