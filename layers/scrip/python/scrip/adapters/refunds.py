"""Refunds of an order, kept in its item: each begun once, then told of in one direction.

Order      refund#<id>: one refund; see `order_items.refund_item`
           refunds: how many were begun

Who begins one has decided by all that were begun before: the write is on condition that there are
still so many. So two at once never give back twice, whatever each of them saw.
"""

from typing import Any

from scrip.adapters.follow_ups import named, sets, to_follow_up
from scrip.adapters.order_items import BESIDE, FROZEN_BY, order_key, refund_item, refund_name
from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.order import Order, OwingOrder, SettledOrder
from scrip.domain.refund import Refund, RefundReport, RefundState


class Refunds:
    def __init__(self, table: Table) -> None:
        self.table = table

    def begin(self, order: Order, refund: Refund, begun: int) -> bool:
        """Write a refund down before it is sent. False when no longer `begun` were before it, or
        when its order was frozen."""
        return self._add(order, refund, begun, {}, f" AND attribute_not_exists({FROZEN_BY})")

    def keep(self, order: Order, refund: Refund, begun: int, now_ms: int) -> bool:
        """Write down one that was begun elsewhere. False when no longer `begun` were before it."""
        return self._add(order, refund, begun, self._news(order, refund.state, now_ms), "")

    def report(self, order: Order, report: RefundReport, now_ms: int | None = None) -> bool:
        """Write down how far a refund is. False when as much was known. `now_ms`: when its order
        is to be followed up if something is left to do; None: it is already."""
        due = self._news(order, report.state, now_ms) if now_ms else {}
        told = "#refund.#state = :state, #refund.told_at_ms = :at, #refund.#ref = :ref"
        return self._move(
            order,
            report.refund_id,
            report.state.earlier,
            f"SET {told}{sets(due)}",
            {"#ref": "ref"},
            {":state": report.state.value, ":at": report.at_ms, ":ref": report.provider_ref}
            | named(due),
        )

    def decide(self, order: Order, refund: Refund, state: RefundState, now_ms: int) -> bool:
        """A person moved a refund, which is followed up again. False when it is no longer so."""
        due = to_follow_up(order.order_id, now_ms)
        return self._move(
            order,
            refund.refund_id,
            (refund.state,),
            f"SET #refund.#state = :state{sets(due)}",
            {},
            {":state": state.value} | named(due),
        )

    def owe(self, seen: SettledOrder, owing: OwingOrder, now_ms: int) -> bool:
        """Let an order owe more. False when it does not owe what it owed, or was frozen."""
        due = to_follow_up(owing.order_id, now_ms)
        same, values = "", {}
        if isinstance(seen, OwingOrder):
            same, values = " AND refund_due_minor = :before", {":before": seen.owed_minor}
        return self._update(
            seen,
            f"SET #state = :owing, refund_due_minor = :owed{sets(due)}",
            f"#state = :seen AND attribute_not_exists({FROZEN_BY}){same}",
            {"#state": "state"},
            {":owing": owing.state, ":seen": seen.state, ":owed": owing.owed_minor}
            | named(due)
            | values,
        )

    def _news(self, order: Order, state: RefundState, now_ms: int) -> Item:
        """What was given back is owed again, or a person must look."""
        left = state in (RefundState.STUCK, RefundState.FAILED)
        return to_follow_up(order.order_id, now_ms) if left else {}

    def _add(self, order: Order, refund: Refund, begun: int, due: Item, unless: str) -> bool:
        same = "refunds = :begun" if begun else "attribute_not_exists(refunds)"
        due = BESIDE | due
        return self._update(
            order,
            f"SET #refund = :refund, refunds = :next{sets(due)} REMOVE delete_at",
            f"attribute_exists(pk) AND {same}{unless}",
            {"#refund": refund_name(refund.refund_id)},
            {":refund": refund_item(refund), ":next": begun + 1}
            | named(due)
            | ({":begun": begun} if begun else {}),
        )

    def _move(
        self,
        order: Order,
        refund_id: str,
        earlier: tuple[RefundState, ...],
        expression: str,
        names: dict[str, str],
        values: dict[str, Any],
    ) -> bool:
        if not earlier:
            return False
        before = {f":earlier{n}": each.value for n, each in enumerate(earlier)}
        return self._update(
            order,
            expression,
            f"#refund.#state IN ({', '.join(before)})",
            {"#refund": refund_name(refund_id), "#state": "state", **names},
            before | values,
        )

    def _update(
        self,
        order: Order,
        expression: str,
        condition: str,
        names: dict[str, str],
        values: dict[str, Any],
    ) -> bool:
        try:
            self.table.update(
                order_key(order.merchant_id, order.order_id),
                expression,
                names=names,
                values=values,
                condition=condition,
            )
        except ConditionFailed:
            return False
        return True
