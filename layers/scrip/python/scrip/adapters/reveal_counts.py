"""How many codes one actor has read within an hour: one item each, forgotten soon after.

pk `<merchant>#<actor>#<hour>`, codes, last_order, told_at_ms, delete_at. Reading the same order
twice in a row counts once, so a lost answer does, too. Once somebody was told, nothing more is
written.
"""

from typing import NamedTuple

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.reveal_watch import hour_ends_at

KEEP_SECONDS = 86_400
REMEMBERED = 1_000


class Count(NamedTuple):
    """`told`: somebody was told of this actor in this hour."""

    codes: int
    told: bool


TOLD_BEFORE = Count(0, told=True)


class RevealCounts:
    def __init__(self, table: Table) -> None:
        self.table = table
        self._told: set[str] = set()

    def add(self, merchant_id: str, actor: str, hour: int, order_id: str, codes: int) -> Count:
        """One write, and none when this process knows that it was told of."""
        key = _key(merchant_id, actor, hour)
        if key["pk"] in self._told:
            return TOLD_BEFORE
        try:
            after = self.table.update(
                key,
                "ADD codes :codes SET last_order = :order, delete_at = :gone",
                condition=(
                    "attribute_not_exists(told_at_ms) "
                    "AND (attribute_not_exists(last_order) OR last_order <> :order)"
                ),
                values={
                    ":codes": codes,
                    ":order": order_id,
                    ":gone": hour_ends_at(hour) + KEEP_SECONDS,
                },
                returns="ALL_NEW",
            )
        except ConditionFailed as error:
            after = error.item or {}
        if "told_at_ms" in after:
            self._remember(key)
            return TOLD_BEFORE
        return Count(after.get("codes", 0), told=False)

    def tell(self, merchant_id: str, actor: str, hour: int, at_ms: int) -> None:
        """Safe to repeat."""
        key = _key(merchant_id, actor, hour)
        self.table.update(key, "SET told_at_ms = :at", values={":at": at_ms})
        self._remember(key)

    def _remember(self, key: Item) -> None:
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told.add(key["pk"])


def _key(merchant_id: str, actor: str, hour: int) -> Item:
    return {"pk": f"{merchant_id}#{actor}#{hour}"}
