"""The outbox, of money: what became of it beside the usual is an event on record, and the merchant
is mailed of what wants a person."""

from collections.abc import Sequence
from typing import Protocol

from scrip.domain.money_event import MoneyEvent, money_events
from scrip.domain.order import OrderRecord


class Events(Protocol):
    def record(self, event: MoneyEvent) -> bool: ...


class MailQueue(Protocol):
    def money_moved(self, merchant_id: str, event_id: str) -> None: ...


def tell_of_money(
    old: OrderRecord | None,
    new: OrderRecord | None,
    *,
    now_ms: int,
    events: Events,
    mail_queue: MailQueue,
) -> Sequence[MoneyEvent]:
    """What was told for the first time. Raises StoreUnavailable; telling twice is harmless."""
    news = []
    for event in money_events(old, new, now_ms):
        first = events.record(event)
        # Also of one that is on record: who recorded it may have died before this.
        if event.wants_a_person:
            mail_queue.money_moved(event.merchant_id, event.event_id)
        if first:
            news.append(event)
    return news
