"""Orders after their delivery: found by the codes they hold, looked at, a bad code replaced.

Item       revealed_at_ms: when somebody was first shown its codes, or one was destroyed; 0 before.
           An order without it was delivered by an earlier version, which did not keep it.
Line       swap: unit, chunk, when, and whether the new code is claimed there
"""

from collections.abc import Mapping, Sequence
from typing import Any

from scrip.adapters.order_items import FROZEN_BY, line_item, order_key, order_of, swap_item
from scrip.adapters.orders import NOT_REVEALED
from scrip.adapters.tables import ConditionFailed, Table
from scrip.domain.line import Line, Swap
from scrip.domain.order import Order


class DeliveredOrders:
    def __init__(self, table: Table) -> None:
        self.table = table

    def find(self, merchant_id: str, order_id: str, *, consistent: bool = False) -> Order | None:
        item = self.table.get(order_key(merchant_id, order_id), consistent=consistent)
        return order_of(item) if item else None

    def several(self, merchant_id: str, order_ids: Sequence[str]) -> Mapping[str, Order]:
        """The orders that exist, by id."""
        keys = [order_key(merchant_id, each) for each in order_ids]
        found = map(order_of, self.table.get_many(keys))
        return {order.order_id: order for order in found}

    def reveal(self, order: Order, at_ms: int) -> Order:
        """Record that its codes are about to be shown, unless it is frozen; the order as it stands
        then."""
        try:
            after = self.table.update(
                order_key(order.merchant_id, order.order_id),
                "SET revealed_at_ms = :at",
                values={":at": at_ms, ":never": NOT_REVEALED},
                condition=(
                    f"attribute_exists(pk) AND attribute_not_exists({FROZEN_BY}) AND "
                    "(attribute_not_exists(revealed_at_ms) OR revealed_at_ms = :never)"
                ),
                returns="ALL_NEW",
            )
        except ConditionFailed as error:
            if error.item is None:
                raise LookupError(f"order {order.order_id} is gone") from error
            after = error.item
        return order_of(after)

    def begin_swap(self, order: Order, line: Line, swap: Swap) -> bool:
        """Point a line at the chunk of its new code. False when the line is no longer so."""
        at = f"order_lines[{line.number}]"
        return self._change(
            order,
            f"SET {at}.swap = :new",
            f"{at}.picks = :picks AND attribute_not_exists({at}.swap)",
            {":new": swap_item(swap), ":picks": line_item(line)["picks"]},
        )

    def move_swap(self, order: Order, line: Line, old: Swap, new: Swap) -> bool:
        at = f"order_lines[{line.number}].swap"
        values = {":old": swap_item(old), ":new": swap_item(new)}
        return self._change(order, f"SET {at} = :new", f"{at} = :old", values)

    def withdraw_swap(self, order: Order, line: Line, old: Swap) -> bool:
        at = f"order_lines[{line.number}].swap"
        return self._change(order, f"REMOVE {at}", f"{at} = :old", {":old": swap_item(old)})

    def _change(
        self, order: Order, expression: str, condition: str, values: Mapping[str, Any]
    ) -> bool:
        try:
            self.table.update(
                order_key(order.merchant_id, order.order_id),
                expression,
                values=values,
                condition=condition,
            )
        except ConditionFailed:
            return False
        return True
