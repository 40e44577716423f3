"""Counts of holds that were not paid, by who placed the order.

Tally      pk `<merchant>#unpaid#<tag>`, unpaid: a set of numbers, one an order; delete_at
"""

from collections.abc import Iterable, Sequence

from scrip.adapters.tables import ConditionFailed, Table
from scrip.domain.fairness import MOST_COUNTED, WINDOW_MS, recent


class UnpaidHolds:
    def __init__(self, table: Table) -> None:
        self.table = table

    def counts(self, merchant_id: str, tags: Sequence[str], now_ms: int) -> dict[str, int]:
        """Unpaid holds of the last day, by tag. Raises StoreUnavailable."""
        keys = {_pk(merchant_id, tag): tag for tag in tags}
        found = self.table.get_many([{"pk": pk} for pk in keys])
        return {keys[item["pk"]]: len(recent(item.get("unpaid", ()), now_ms)) for item in found}

    def add(self, merchant_id: str, tag: str, marks: Iterable[int], now_ms: int) -> None:
        """Count these; each once, however often it is added. Raises StoreUnavailable.

        Beyond `MOST_COUNTED` nothing is added until a day has passed: it changes nothing more.
        """
        values = {
            ":marks": set(marks),
            ":most": MOST_COUNTED,
            ":gone": (now_ms + 2 * WINDOW_MS) // 1000,
        }
        key = {"pk": _pk(merchant_id, tag)}
        for _ in range(2):
            try:
                self.table.update(
                    key,
                    "ADD unpaid :marks SET delete_at = :gone",
                    condition="attribute_not_exists(unpaid) OR size(unpaid) < :most",
                    values=values,
                )
            except ConditionFailed as full:
                marks_there = (full.item or {}).get("unpaid", set())
                old = marks_there - recent(marks_there, now_ms)
                if not old:
                    return
                self.table.update(key, "DELETE unpaid :old", values={":old": old})
            else:
                return


def _pk(merchant_id: str, tag: str) -> str:
    return f"{merchant_id}#unpaid#{tag}"
