"""How money meets an order: which of the cases of `domain/outcome.py` it is."""

from scrip.domain.order import ExpiredOrder, OrderRecord, SettledOrder
from scrip.domain.outcome import Action, Case
from scrip.domain.payment import Payment


def decided_to_deliver(record: OrderRecord, payment: Payment) -> bool:
    """Whether this money stands beside the order, and a person decided to deliver it."""
    return any(
        stray.action is Action.DELIVER
        and stray.payment.is_transaction(payment)
        and stray.payment.money == payment.money
        for stray in record.strays
    )


def case_of(record: OrderRecord, payment: Payment) -> Case:
    """How this money meets the order. The first case that fits decides, in the order below. Money
    that a person decided to deliver meets it as if it were new."""
    order = record.order
    settled = [order.payment] if isinstance(order, SettledOrder) else []
    known = [*settled, *(stray.payment for stray in record.strays)]
    same = [each for each in known if each.is_transaction(payment)]
    if decided_to_deliver(record, payment):
        same = []
    if same:
        told = any(each.money == payment.money for each in same)
        return Case.REPEATED if told else Case.CHANGED
    if settled:
        return Case.SECOND
    asked, paid = order.total, payment.money
    if paid.currency != asked.currency:
        return Case.OTHER_CURRENCY
    back = (each for each in record.refunds if each.of(payment) and each.counts)
    if paid.amount_minor - sum(each.money.amount_minor for each in back) < asked.amount_minor:
        return Case.SHORT
    if isinstance(order, ExpiredOrder):
        return Case.TURNED_AWAY if order.turned_away else Case.LATE
    return Case.OVER if paid.amount_minor > asked.amount_minor else Case.EXACT
