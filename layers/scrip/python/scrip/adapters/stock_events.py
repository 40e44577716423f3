"""Events about stock, as the merchant's own systems will be told them: kept under `stock-event`."""

import msgspec

from scrip.adapters.kept_events import KeptEvents
from scrip.adapters.tables import Table
from scrip.contracts.messages import StockEvent, StockFacts
from scrip.domain.stock_warning import About, StockWarning

TYPE = "stock."


class StockEvents:
    def __init__(self, table: Table) -> None:
        self.kept = KeptEvents(table, "stock-event")

    def record(self, warning: StockWarning) -> None:
        """Once: what was recorded under its id before stays."""
        self.kept.record(_event(warning))

    def find(self, merchant_id: str, event_id: str) -> StockWarning:
        """Raises EventUnknown."""
        return _warning(self.kept.find(merchant_id, event_id, StockEvent))


def _event(warning: StockWarning) -> StockEvent:
    facts = StockFacts(
        variant_id=warning.variant_id,
        title=warning.title,
        available=warning.available,
        sold_per_day=warning.sold_per_day,
        days_left=warning.days_left,
        ending=warning.ending or None,
        until_ms=warning.until_ms or None,
        as_of_ms=warning.as_of_ms or None,
    )
    kind = msgspec.convert(TYPE + warning.about.value, StockEvent.__annotations__["type"])
    return StockEvent(warning.event_id, kind, warning.merchant_id, warning.at_ms, facts)


def _warning(event: StockEvent) -> StockWarning:
    return StockWarning(
        merchant_id=event.merchant_id,
        variant_id=event.data.variant_id,
        title=event.data.title,
        event_id=event.event_id,
        about=About(event.type.removeprefix(TYPE)),
        at_ms=event.at_ms,
        available=event.data.available,
        sold_per_day=event.data.sold_per_day,
        days_left=event.data.days_left,
        ending=event.data.ending or 0,
        until_ms=event.data.until_ms or 0,
        as_of_ms=event.data.as_of_ms or 0,
    )
