"""Events about money, as the merchant's own systems will be told them: kept under `money-event`."""

from scrip.adapters.kept_events import KeptEvents
from scrip.adapters.tables import Table
from scrip.contracts.messages import MoneyEventBody, MoneyFacts
from scrip.domain.money import Money
from scrip.domain.money_event import MoneyAbout, MoneyEvent
from scrip.domain.outcome import Action, Case

STRAYS, REFUNDS, DISPUTES, TOP_UPS = "payment.", "refund.", "dispute.", "top_up."


class MoneyEvents:
    def __init__(self, table: Table) -> None:
        self.kept = KeptEvents(table, "money-event")

    def record(self, event: MoneyEvent) -> bool:
        """Once: what was recorded under its id before stays. False if there was something."""
        return self.kept.record(_body(event))

    def find(self, merchant_id: str, event_id: str) -> MoneyEvent:
        """Raises EventUnknown."""
        return _event(self.kept.find(merchant_id, event_id, MoneyEventBody))


def _body(event: MoneyEvent) -> MoneyEventBody:
    kind, subject = event.about.value, event.subject_id or None
    facts = MoneyFacts(
        order_id=event.order_id,
        provider=event.provider,
        transaction_id=event.transaction_id,
        amount_minor=event.money.amount_minor,
        currency=event.money.currency,
        stray_id=subject if kind.startswith(STRAYS) else None,
        case=event.case.value if event.case else None,
        action=event.action.value if event.action else None,
        refund_id=subject if kind.startswith(REFUNDS) else None,
        dispute_id=subject if kind.startswith(DISPUTES) else None,
        top_up=subject if kind.startswith(TOP_UPS) else None,
    )
    return MoneyEventBody(event.event_id, kind, event.merchant_id, event.at_ms, facts)


def _event(body: MoneyEventBody) -> MoneyEvent:
    facts = body.data
    return MoneyEvent(
        merchant_id=body.merchant_id,
        order_id=facts.order_id,
        event_id=body.event_id,
        about=MoneyAbout(body.type),
        at_ms=body.at_ms,
        provider=facts.provider,
        transaction_id=facts.transaction_id,
        money=Money(facts.amount_minor, facts.currency),
        subject_id=facts.stray_id or facts.refund_id or facts.dispute_id or facts.top_up or "",
        case=Case(facts.case) if facts.case else None,
        action=Action(facts.action) if facts.action else None,
    )
