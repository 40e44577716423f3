"""Events about stock, as the merchant's own systems will be told them.

Event      pk `<merchant>#<event>#stock-event`, body: a StockEvent as JSON, delete_at
"""

import msgspec

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.contracts.messages import StockEvent, StockFacts
from scrip.domain.errors import EventUnknown
from scrip.domain.stock_warning import About, StockWarning

KEEP_MS = 90 * 86_400_000
TYPE = "stock."


class StockEvents:
    def __init__(self, table: Table) -> None:
        self.table = table

    def record(self, warning: StockWarning) -> None:
        """Once: what was recorded under its id before stays."""
        item = {
            **_key(warning.merchant_id, warning.event_id),
            "body": msgspec.json.encode(_event(warning)).decode(),
            "delete_at": (warning.at_ms + KEEP_MS) // 1000,
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed:
            return

    def find(self, merchant_id: str, event_id: str) -> StockWarning:
        """Raises EventUnknown."""
        item = self.table.get(_key(merchant_id, event_id), consistent=True)
        if item is None:
            raise EventUnknown(event_id)
        return _warning(msgspec.json.decode(item["body"], type=StockEvent))


def _key(merchant_id: str, event_id: str) -> Item:
    return {"pk": f"{merchant_id}#{event_id}#stock-event"}


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
