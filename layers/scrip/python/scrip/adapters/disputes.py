"""Disputes of an order's payments, kept with the order, and who holds it frozen.

Order      dispute#<provider>#<id>: how a dispute stands; see `order_items.dispute_item`
           frozen_by: the disputes that are open or lost, and its shop if that froze it
           disputed_at_ms: of when the first news of a dispute is; it stays
"""

from typing import Any

from scrip.adapters.follow_ups import named, sets, to_follow_up
from scrip.adapters.order_items import (
    BESIDE,
    FROZEN_BY,
    dispute_item,
    dispute_name,
    order_key,
    order_of,
)
from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.dispute import BY_MERCHANT, Dispute, DisputeState
from scrip.domain.order import Order


class Disputes:
    def __init__(self, table: Table) -> None:
        self.table = table

    def tell(self, merchant_id: str, order_id: str, dispute: Dispute, now_ms: int) -> Order | None:
        """Write down how a dispute stands, and freeze its order or not. The order as it is then;
        None when as much was known, or more, or when there is no such order. One that is lost is
        followed up."""
        news = "attribute_not_exists(#dispute) OR #dispute.at_ms < :at"
        names = {"#dispute": dispute_name(dispute)}
        values: dict[str, Any] = {":dispute": dispute_item(dispute), ":at": dispute.at_ms}
        if dispute.state.closed:
            news += " OR (#dispute.at_ms = :at AND #dispute.#state = :opened)"
            names["#state"] = "state"
            values[":opened"] = DisputeState.OPENED.value
        lost = dispute.state is DisputeState.LOST
        due = BESIDE | (to_follow_up(order_id, now_ms) if lost else {})
        first = "disputed_at_ms = if_not_exists(disputed_at_ms, :at)"
        after = self._hold(
            merchant_id,
            order_id,
            dispute.holder,
            frozen=dispute.state.freezes,
            changes=f"SET #dispute = :dispute, {first}{sets(due)}",
            condition=f"({news})",
            names=names,
            values=values | named(due),
            returns="ALL_NEW",
        )
        return order_of(after) if after else None

    def freeze(self, merchant_id: str, order_id: str, *, frozen: bool) -> bool:
        """Freeze it by its merchant's will, or end that. False when there is no such order."""
        held = self._hold(merchant_id, order_id, BY_MERCHANT, frozen=frozen)
        return held is not None

    def frozen(self, merchant_id: str, order_id: str) -> bool:
        """As it was a moment ago."""
        item = self.table.get(order_key(merchant_id, order_id))
        return item is not None and FROZEN_BY in item

    def _hold(
        self,
        merchant_id: str,
        order_id: str,
        holder: str,
        *,
        frozen: bool,
        changes: str = "",
        condition: str = "attribute_exists(pk)",
        names: dict[str, str] | None = None,
        values: dict[str, Any] | None = None,
        returns: str = "NONE",
    ) -> Item | None:
        """An order that was disputed is kept, although nobody paid it as far as we know. None if
        it is not as `condition` says."""
        move = "ADD" if frozen else "DELETE"
        try:
            return self.table.update(
                order_key(merchant_id, order_id),
                f"{changes} {move} {FROZEN_BY} :holder REMOVE delete_at",
                names=names,
                values={":holder": {holder}, **(values or {})},
                condition=f"attribute_exists(pk) AND {condition}",
                returns=returns,
            )
        except ConditionFailed:
            return None
