"""The worklist of orders to follow up, in a sparse index: an order with nothing to follow up has
none of these attributes, and its moves cost the index nothing.

Order      follow_up: a shard of the worklist, over all merchants
           follow_up_at: when the next try is due (ms)
           follow_up_since: when it was put here, or again (ms)

Whoever writes that something is to be done puts the order here in the same write (`to_follow_up`).
"""

import heapq
from itertools import islice

from scrip.adapters.order_items import order_key
from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.follow_up import FollowUp
from scrip.domain.order_access import CROCKFORD

BY_FOLLOW_UP = "by_follow_up"
PLACE = ("follow_up", "follow_up_at", "follow_up_since")
SHARDS = 4
"""Looked at every minute, whether anything is there or not. A shard takes 1000 orders a second."""


def to_follow_up(order_id: str, now_ms: int, wait_ms: int = 0) -> Item:
    """Attributes that put an order here, due at once or after a while."""
    shard = CROCKFORD.index(order_id[0]) % SHARDS
    due = {"follow_up_at": now_ms + wait_ms, "follow_up_since": now_ms}
    return {"follow_up": f"{shard}", **due}


def sets(attributes: Item) -> str:
    """As the end of a SET expression, with the values that `named` gives."""
    return "".join(f", {name} = :{name}" for name in attributes)


def named(attributes: Item) -> Item:
    return {f":{name}": value for name, value in attributes.items()}


class FollowUps:
    def __init__(self, table: Table) -> None:
        self.table = table

    def due(self, now_ms: int, limit: int) -> list[FollowUp]:
        """The oldest first. The index may be a moment behind: taking one says whether it is so."""
        shards = (
            self.table.query(
                "follow_up = :shard AND follow_up_at <= :now",
                {":shard": f"{shard}", ":now": now_ms},
                index=BY_FOLLOW_UP,
                limit=limit,
            )
            for shard in range(SHARDS)
        )
        merged = heapq.merge(*shards, key=lambda key: key["follow_up_at"])
        return [_seen(key) for key in islice(merged, limit)]

    def add(self, merchant_id: str, order_id: str, now_ms: int) -> bool:
        """Put an order here by itself. False if there is no such order."""
        due = to_follow_up(order_id, now_ms)
        return self._write(
            FollowUp(merchant_id, order_id, now_ms),
            "SET " + sets(due).removeprefix(", "),
            "attribute_exists(pk)",
            named(due),
        )

    def move(self, seen: FollowUp, at_ms: int) -> FollowUp | None:
        """To another time. None if it is no longer there as it was seen: somebody else has it, or
        something new is to be done."""
        try:
            after = self.table.update(
                order_key(seen.merchant_id, seen.order_id),
                "SET follow_up_at = :at",
                values={":at": at_ms, ":seen": seen.at_ms},
                condition="follow_up_at = :seen",
                returns="ALL_NEW",
            )
        except ConditionFailed:
            return None
        return _seen(after)

    def drop(self, seen: FollowUp) -> bool:
        """Nothing is left to do. False, and it stays, unless it is as it was seen."""
        return self._write(
            seen,
            f"REMOVE {', '.join(PLACE)}",
            "follow_up_at = :seen",
            {":seen": seen.at_ms},
        )

    def _write(self, place: FollowUp, expression: str, condition: str, values: Item) -> bool:
        try:
            self.table.update(
                order_key(place.merchant_id, place.order_id),
                expression,
                values=values,
                condition=condition,
            )
        except ConditionFailed:
            return False
        return True


def _seen(item: Item) -> FollowUp:
    merchant_id, order_id = item["pk"].split("#")
    return FollowUp(merchant_id, order_id, item["follow_up_at"], item.get("follow_up_since", 0))
