"""Who read which codes, when and from where. Written before a code is shown, never changed."""

from scrip.adapters.tables import Table


class Audit:
    def __init__(self, table: Table) -> None:
        self.table = table

    def revealed(
        self, merchant_id: str, order_id: str, *, at_ms: int, event_id: str, by: str, source: str
    ) -> None:
        """`by`: buyer or mail. `source`: the caller's address. `event_id` tells two in one ms."""
        self.table.put(
            {
                "pk": f"{merchant_id}#{order_id}",
                "sk": f"{at_ms:013d}#{event_id}",
                "act": "revealed",
                "by": by,
                "source": source,
            }
        )
