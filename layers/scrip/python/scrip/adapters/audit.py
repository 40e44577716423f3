"""Who did what with codes, when and from where. Written before it is done, never changed."""

from scrip.adapters.tables import ConditionFailed, Table
from scrip.domain.evidence import Entry

REVEALED = "revealed"


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
                "act": REVEALED,
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

    def anomaly(
        self, merchant_id: str, actor: str, hour: int, *, at_ms: int, event_id: str, codes: int
    ) -> bool:
        """Write once that this actor reads unusually many codes in this hour. Whether it was this
        call that wrote it."""
        item = {
            "pk": f"{merchant_id}#anomalies",
            "sk": f"{hour}#{actor}",
            "act": "unusual_reveals",
            "by": actor,
            "at_ms": at_ms,
            "event_id": event_id,
            "codes": codes,
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            return error.item == item  # then it was this very write, its answer lost and repeated
        return True

    def trail(self, merchant_id: str, order_id: str) -> list[Entry]:
        """All that was done with an order, oldest first."""
        return [
            Entry(int(entry["sk"].partition("#")[0]), entry["act"], entry["by"], entry["source"])
            for entry in self.table.query(
                "pk = :pk", {":pk": f"{merchant_id}#{order_id}"}, consistent=True
            )
        ]

    def reveals(self, merchant_id: str, order_id: str) -> list[int]:
        """When the codes of an order were shown in plain text, oldest first."""
        return [entry.at_ms for entry in self.trail(merchant_id, order_id) if entry.act == REVEALED]
