"""Who did what with codes, when and from where. Written before it is done, never changed."""

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

    def acted(
        self,
        merchant_id: str,
        about: str,
        act: str,
        *,
        at_ms: int,
        event_id: str,
        by: str,
        source: str,
        **facts: str | int,
    ) -> None:
        """`about`: an order's id, `batch#<variant>#<batch>`. `by`: an API key's id."""
        self.table.put(
            {
                **facts,
                "pk": f"{merchant_id}#{about}",
                "sk": f"{at_ms:013d}#{event_id}",
                "act": act,
                "by": by,
                "source": source,
            }
        )
