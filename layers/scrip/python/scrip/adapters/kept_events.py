"""Events as the merchant's own systems will be told them, each recorded once and kept for a while.

Event      pk `<merchant>#<event>#<kind>`, body: as it is told, in JSON; delete_at
"""

from typing import Any, TypeVar

import msgspec

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.contracts.messages import MoneyEventBody, StockEvent, SupplierEvent
from scrip.domain.errors import EventUnknown

KEEP_MS = 90 * 86_400_000

Body = TypeVar("Body", StockEvent, MoneyEventBody, SupplierEvent)


class KeptEvents:
    def __init__(self, table: Table, kind: str) -> None:
        self.table = table
        self.kind = kind

    def record(self, event: StockEvent | MoneyEventBody | SupplierEvent) -> bool:
        """Once: what was recorded under its id before stays. False if there was something."""
        item = {
            **self._key(event.merchant_id, event.event_id),
            "body": msgspec.json.encode(event).decode(),
            "delete_at": (event.at_ms + KEEP_MS) // 1000,
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed:
            return False
        return True

    def find(self, merchant_id: str, event_id: str, shape: type[Body]) -> Body:
        """Raises EventUnknown."""
        item = self.table.get(self._key(merchant_id, event_id), consistent=True)
        if item is None:
            raise EventUnknown(event_id)
        return msgspec.json.decode(item["body"], type=shape)

    def _key(self, merchant_id: str, event_id: str) -> Item:
        return {"pk": f"{merchant_id}#{event_id}#{self.kind}"}


def all_events(table: Table, merchant_id: str, order_id: str = "") -> list[dict[str, Any]]:
    """Bodies of a merchant's events of every kind, or of an order's, oldest first. Reads the whole
    table."""
    begins = f"{merchant_id}#{order_id}." if order_id else f"{merchant_id}#"
    found = table.scan("begins_with(pk, :begins) AND attribute_exists(body)", {":begins": begins})
    bodies = [msgspec.json.decode(item["body"]) for item in found]
    return sorted(bodies, key=lambda body: (body["at_ms"], body["event_id"]))
