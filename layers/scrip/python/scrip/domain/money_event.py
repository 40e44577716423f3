"""What became of money beside the usual: events that a merchant's own systems are told.

    payment.held       money came that is kept until a person decides
    payment.stray      money came that is given back: what it was not asked for
    payment.decided    a person decided of money that was held
    refund.due         the order owes (more) money, and suppliers are done with it
    refund.foreign     a refund that was begun in the provider's own console
    refund.succeeded, refund.failed, refund.stuck, refund.settled
    dispute.opened, dispute.won, dispute.lost
    top_up.reversed    a supplier took back what it had charged for a buyer
    top_up.contradicted    it charged after all what it had said to have failed, and what is owed
    top_up.twice           it is done, and another supplier charged after all for what had failed

They are found by what an order's record was and what it became, so whoever sees the same two
finds the same events, under the same ids. An order that is placed, paid as asked, delivered,
shown or expired has none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.line import Fate
from scrip.domain.money import Money
from scrip.domain.order import OrderRecord, RefundDueOrder, SettledOrder
from scrip.domain.outcome import Action, Case, Stray
from scrip.domain.refund import Refund, RefundState


class MoneyAbout(Enum):
    """What an event is about: its type, as merchants' systems know it."""

    HELD = "payment.held"
    STRAY = "payment.stray"
    DECIDED = "payment.decided"
    DUE = "refund.due"
    FOREIGN = "refund.foreign"
    SUCCEEDED = "refund.succeeded"
    FAILED = "refund.failed"
    STUCK = "refund.stuck"
    SETTLED = "refund.settled"
    OPENED = "dispute.opened"
    WON = "dispute.won"
    LOST = "dispute.lost"
    REVERSED = "top_up.reversed"
    CONTRADICTED = "top_up.contradicted"
    TWICE = "top_up.twice"


OF_REFUNDS = {
    RefundState.SUCCEEDED: MoneyAbout.SUCCEEDED,
    RefundState.FAILED: MoneyAbout.FAILED,
    RefundState.STUCK: MoneyAbout.STUCK,
    RefundState.SETTLED: MoneyAbout.SETTLED,
}
OF_DISPUTES = {
    DisputeState.OPENED: MoneyAbout.OPENED,
    DisputeState.WON: MoneyAbout.WON,
    DisputeState.LOST: MoneyAbout.LOST,
}
OF_TOP_UPS = {
    Fate.REVERSED: MoneyAbout.REVERSED,
    Fate.CONTRADICTED: MoneyAbout.CONTRADICTED,
    Fate.TWICE: MoneyAbout.TWICE,
}
FOR_A_PERSON = frozenset(
    {
        MoneyAbout.HELD,
        MoneyAbout.FAILED,
        MoneyAbout.STUCK,
        MoneyAbout.OPENED,
        MoneyAbout.LOST,
        *OF_TOP_UPS.values(),
    }
)


@dataclass(frozen=True, slots=True)
class MoneyEvent:
    """`event_id`: unique within the merchant. `transaction_id`: the payment that it is about.
    `money`: what came, is given back or is disputed; of `refund.due` all that is owed.

    `subject_id`: the stray's, the refund's or the dispute's id, or a top-up's `<line>.<unit>`;
    empty for `refund.due`. `case` and `action` of a stray.
    """

    merchant_id: str
    order_id: str
    event_id: str
    about: MoneyAbout
    at_ms: int
    provider: str
    transaction_id: str
    money: Money
    subject_id: str = ""
    case: Case | None = None
    action: Action | None = None

    @property
    def wants_a_person(self) -> bool:
        """Something is to be decided or answered, or a buyer paid more than once."""
        twice = self.about is MoneyAbout.STRAY and self.case is Case.SECOND
        return twice or self.about in FOR_A_PERSON


def money_events(
    old: OrderRecord | None, new: OrderRecord | None, at_ms: int
) -> Iterator[MoneyEvent]:
    """What happened between two states of an order. `old` is None for one that is new, `new` for
    one that is gone. `at_ms`: when it is told."""
    if new is None:
        return
    order = new.order
    whose = order.merchant_id, order.order_id
    strays = {each.stray_id: each for each in old.strays} if old else {}
    for stray in new.strays:
        if (before := strays.get(stray.stray_id)) != stray:
            yield _of_stray(*whose, stray, before, at_ms)
    if isinstance(order, RefundDueOrder) and order.owed_minor > _owed_minor(old):
        yield MoneyEvent(
            *whose,
            event_id=f"{order.order_id}.{order.owed_minor}.due",
            about=MoneyAbout.DUE,
            at_ms=at_ms,
            provider=order.payment.provider,
            transaction_id=order.payment.transaction_id,
            money=order.refund_due,
        )
    yield from _of_top_ups(old, new, at_ms)
    refunds = {each.refund_id: each.state for each in old.refunds} if old else {}
    for refund in new.refunds:
        if refund.foreign and refund.refund_id not in refunds:
            yield _of_refund(*whose, refund, MoneyAbout.FOREIGN, at_ms)
        if refund.state in OF_REFUNDS and refunds.get(refund.refund_id) is not refund.state:
            yield _of_refund(*whose, refund, OF_REFUNDS[refund.state], at_ms)
    disputes = {each.holder: each.state for each in old.disputes} if old else {}
    for dispute in new.disputes:
        if disputes.get(dispute.holder) is not dispute.state:
            yield _of_dispute(*whose, dispute, at_ms)


def _of_top_ups(old: OrderRecord | None, new: OrderRecord, at_ms: int) -> Iterator[MoneyEvent]:
    order = new.order
    if not isinstance(order, SettledOrder):
        return
    for line in order.lines:
        before = old.order.line(line.number).fates if old else ()
        for unit, fate in enumerate(line.fates):
            if fate not in OF_TOP_UPS or before[unit : unit + 1] == (fate,):
                continue
            place = f"{line.number}.{unit}"
            yield MoneyEvent(
                order.merchant_id,
                order.order_id,
                event_id=f"{order.order_id}.{place}.{fate.value}",
                about=OF_TOP_UPS[fate],
                at_ms=at_ms,
                provider=order.payment.provider,
                transaction_id=order.payment.transaction_id,
                money=line.unit_price,
                subject_id=place,
            )


def _owed_minor(record: OrderRecord | None) -> int:
    order = record.order if record else None
    return order.owed_minor if isinstance(order, RefundDueOrder) else 0


def _of_stray(
    merchant_id: str, order_id: str, stray: Stray, before: Stray | None, at_ms: int
) -> MoneyEvent:
    payment, case, action = stray
    decided = before is not None and before.action is Action.HOLD
    if action is Action.HOLD:
        about = MoneyAbout.HELD
    else:
        about = MoneyAbout.DECIDED if decided else MoneyAbout.STRAY
    return MoneyEvent(
        merchant_id,
        order_id,
        event_id=f"{order_id}.{stray.stray_id}.{case.value}.{action.value}",
        about=about,
        at_ms=at_ms,
        provider=payment.provider,
        transaction_id=payment.transaction_id,
        money=payment.money,
        subject_id=stray.stray_id,
        case=case,
        action=action,
    )


def _of_refund(
    merchant_id: str, order_id: str, refund: Refund, about: MoneyAbout, at_ms: int
) -> MoneyEvent:
    """One that a person had sent again may get stuck again: told of another time it is another."""
    told_at_ms = 0 if about is MoneyAbout.FOREIGN else refund.told_at_ms
    return MoneyEvent(
        merchant_id,
        order_id,
        event_id=f"{order_id}.{refund.refund_id}.{about.value}.{told_at_ms}",
        about=about,
        at_ms=at_ms,
        provider=refund.provider,
        transaction_id=refund.transaction_id,
        money=refund.money,
        subject_id=refund.refund_id,
    )


def _of_dispute(merchant_id: str, order_id: str, dispute: Dispute, at_ms: int) -> MoneyEvent:
    """Some providers open a dispute again."""
    return MoneyEvent(
        merchant_id,
        order_id,
        event_id=f"{order_id}.{dispute.holder}.{dispute.state.value}.{dispute.at_ms}",
        about=OF_DISPUTES[dispute.state],
        at_ms=at_ms,
        provider=dispute.provider,
        transaction_id=dispute.transaction_id,
        money=dispute.money,
        subject_id=dispute.dispute_id,
    )
