"""Counts of who asked how often, one item for each window of the clock.

Count   pk `<merchant>#rate#<kind>#<name>#<window>`, hits, delete_at: gone soon after its window
"""

from scrip.adapters.tables import ConditionFailed, Table
from scrip.domain.rate import Limit

KEEP_SECONDS = 3_600


class Rates:
    def __init__(self, table: Table) -> None:
        self.table = table

    def take(self, merchant_id: str, kind: str, name: str, limit: Limit, now_ms: int) -> bool:
        """Whether one more was within the limit. A lost answer may count twice: no harm."""
        window = limit.window(now_ms)
        try:
            self.table.update(
                {"pk": f"{merchant_id}#rate#{kind}#{name}#{window}"},
                "ADD hits :one SET delete_at = :gone",
                condition="attribute_not_exists(hits) OR hits < :most",
                values={
                    ":one": 1,
                    ":most": limit.hits,
                    ":gone": now_ms // 1000 + limit.seconds + KEEP_SECONDS,
                },
            )
        except ConditionFailed:
            return False
        return True
