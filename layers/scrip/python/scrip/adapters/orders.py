"""Orders: the truth and the outbox. One item each, moved by conditional writes only.

The item stays within one write unit (1 KB) for an order of a few lines, and the indexes hold
nothing that a payment changes: closing an order costs one write, and the stream carries it on.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from scrip.adapters.follow_ups import PLACE, named, sets, to_follow_up
from scrip.adapters.order_items import (
    BESIDE,
    FROZEN_BY,
    SHARDS,
    letters,
    line_item,
    new_item,
    order_key,
    order_of,
    payment_item,
    pointer,
    record_of,
    stray_item,
    stray_name,
)
from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.chase import Span
from scrip.domain.follow_up import SAFETY_NET_MS
from scrip.domain.line import Line
from scrip.domain.order import (
    ClosedOrder,
    DeliveredOrder,
    ExpiredOrder,
    FulfillingOrder,
    Order,
    OrderMoved,
    OrderRecord,
    OwingOrder,
    Payable,
    PendingOrder,
    SettledOrder,
    listing_place,
)
from scrip.domain.outcome import Action, Case, Stray

BY_MERCHANT = "by_merchant"
BY_PLACE = (BY_MERCHANT, "listing", "placed")
BY_DUE = "by_due"
KEEP_EXPIRED_MS = 400 * 86_400_000
NOT_REVEALED = 0
BEGINNING = listing_place(0)
"""Before every order. Not an empty text: an index refuses to be asked for one."""


NOT_BESIDE = "(attribute_not_exists(#stray) OR #stray.#action = :deliver)"
"""Money may settle an order if it does not stand beside it, or if a person said it shall."""

DELIVERS = {":deliver": Action.DELIVER.value}


class Write(NamedTuple):
    """An update of one order, to be done alone or within a transaction."""

    expression: str
    condition: str
    values: dict[str, Any]
    names: dict[str, str] = {"#state": "state"}  # noqa: RUF012 - never changed


class Orders:
    def __init__(self, table: Table) -> None:
        self.table = table

    def place(self, order: PendingOrder) -> Order:
        """The order as it stands: this one, or the one placed before under the same id."""
        try:
            self.table.put(new_item(order), condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item is None:
                raise
            return order_of(error.item)
        return order

    def find(self, merchant_id: str, order_id: str, *, consistent: bool = False) -> Order | None:
        item = self.table.get(order_key(merchant_id, order_id), consistent=consistent)
        return order_of(item) if item else None

    def find_record(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> OrderRecord | None:
        item = self.table.get(order_key(merchant_id, order_id), consistent=consistent)
        return record_of(item) if item else None

    def point(self, order: Payable, moved: Line) -> None:
        """Point a line at another chunk, with what it picked so far. Raises OrderMoved."""
        old = next(line for line in order.lines if line.number == moved.number)
        self._move(
            order,
            Write(
                f"SET order_lines[{moved.number}] = :line",
                f"#state = :seen AND order_lines[{moved.number}].chunk = :chunk",
                {":line": line_item(moved), ":chunk": pointer(old), ":seen": order.state},
            ),
        )

    def hold(self, order: PendingOrder) -> None:
        """Record what was claimed before payment. Raises OrderMoved."""
        self._move(order, move(order, order))

    def close(self, seen: Payable, closed: ClosedOrder) -> None:
        """Write what payment and claims made of the order. Raises OrderMoved."""
        self._move(seen, move(seen, closed, closed.delivered_at_ms))

    def end_unit(
        self, seen: SettledOrder, ended: SettledOrder, now_ms: int, look_ms: int = 0
    ) -> None:
        """Write what became of top-ups. Whoever ended one of them, or came to owe more, meanwhile
        is in the way: raises OrderMoved.

        An order that is delivered thereby leaves the worklist where settling put it, or moves on
        there if this end is to be looked at in `look_ms`. If it stands elsewhere there it stays:
        somebody is at it, an end before this one is to be looked at, or something else to be done.
        """
        write = end_of_units(seen, ended, now_ms, look_ms)
        if not (isinstance(seen, FulfillingOrder) and isinstance(ended, DeliveredOrder)):
            return self._move(seen, write)
        due = to_follow_up(seen.order_id, seen.delivered_at_ms, SAFETY_NET_MS)
        still = " AND ".join(f"{name} = :{name}" for name in PLACE)
        after = {":look_at": now_ms + look_ms, ":look_since": now_ms} if look_ms else {}
        moves = ", follow_up_at = :look_at, follow_up_since = :look_since"
        leaving = Write(
            write.expression + (moves if look_ms else f" REMOVE {', '.join(PLACE)}"),
            f"{write.condition} AND {still}",
            write.values | named(due) | after,
        )
        try:
            self._move(seen, leaving)
        except OrderMoved:
            self._move(seen, write)  # it stands elsewhere there, or the order itself moved

    def expire(self, seen: PendingOrder, expired: ExpiredOrder) -> None:
        """Raises OrderMoved."""
        self._move(seen, move(seen, expired))

    def set_closed(self, order: ExpiredOrder) -> None:
        """Write down that its provider takes no money for it any more, unless late money that came
        at this moment said so already."""
        try:
            self._move(order, Write("REMOVE unclosed", "#state = :seen", {":seen": order.state}))
        except OrderMoved:
            return

    def add_stray(self, order: Order, stray: Stray, now_ms: int) -> None:
        """Set money beside an order, once, or there again if it was to be delivered. Raises
        OrderMoved when it is there, or when the order is no longer in the state it was seen in."""
        refunded = stray.action is Action.REFUND
        due = BESIDE | (to_follow_up(order.order_id, now_ms) if refunded else {})
        self._move(
            order,
            Write(
                f"SET #stray = :stray{sets(due)} REMOVE delete_at",
                f"#state = :seen AND {NOT_BESIDE}",
                {":stray": stray_item(stray), ":seen": order.state, **DELIVERS} | named(due),
                {"#state": "state", "#action": "action"}
                | {"#stray": stray_name(stray.payment, stray.case)},
            ),
        )

    def decide(self, order: Order, stray: Stray, action: Action, now_ms: int) -> None:
        """A person decided of money that is held; the order is followed up. Raises OrderMoved when
        it is not held any more."""
        due = to_follow_up(order.order_id, now_ms)
        self._move(
            order,
            Write(
                f"SET #stray.#action = :action{sets(due)}",
                "#stray.#action = :hold",
                {":action": action.value, ":hold": Action.HOLD.value} | named(due),
                {"#stray": stray_name(stray.payment, stray.case), "#action": "action"},
            ),
        )

    def listed(
        self, merchant_id: str, since: str, until: str, limit: int, *, newest_first: bool
    ) -> list[OrderRecord]:
        """Orders whose place lies in [since, until], sorted by place."""
        return self._listed(
            BY_PLACE,
            merchant_id,
            since,
            until,
            limit,
            newest_first=newest_first,
        )

    def placed_within(self, merchant_id: str, spans: Sequence[Span]) -> list[OrderRecord]:
        """Orders placed in one of these spans, sorted by place, by one reading of the index."""
        places = [(listing_place(each.since_ms), listing_place(each.until_ms)) for each in spans]
        first, last = min(since for since, _ in places), max(until for _, until in places)
        keys = (
            key
            for key in self._keys(BY_PLACE, merchant_id, first, last)
            if any(since <= key["placed"] < until for since, until in places)
        )
        return self._records(keys, "placed")

    def due(self, merchant_id: str, since: str, until: str, limit: int) -> list[OrderRecord]:
        """Orders with holds that end in [since, until], whatever became of them, by that time."""
        return self._listed(
            (BY_DUE, "holding", "due"),
            merchant_id,
            since,
            until,
            limit,
            newest_first=False,
            consistent=True,
        )

    def _listed(
        self,
        index: tuple[str, str, str],
        merchant_id: str,
        since: str,
        until: str,
        limit: int,
        *,
        newest_first: bool,
        consistent: bool = False,
    ) -> list[OrderRecord]:
        keys = self._keys(index, merchant_id, since, until, limit, newest_first=newest_first)
        return self._records(islice(keys, limit), index[2], consistent=consistent)

    def _keys(
        self,
        index: tuple[str, str, str],
        merchant_id: str,
        since: str,
        until: str,
        limit: int | None = None,
        *,
        newest_first: bool = False,
    ) -> Iterator[Item]:
        name, shard_name, place = index
        shards = (
            self.table.query(
                f"{shard_name} = :shard AND {place} BETWEEN :since AND :until",
                {":shard": f"{merchant_id}#{shard}", ":since": since, ":until": until},
                index=name,
                newest_first=newest_first,
                limit=limit,
            )
            for shard in range(SHARDS)
        )
        return heapq.merge(*shards, key=lambda key: str(key[place]), reverse=newest_first)

    def _records(
        self, keys: Iterable[Item], place: str, *, consistent: bool = False
    ) -> list[OrderRecord]:
        wanted = [{"pk": key["pk"]} for key in keys]
        items = {item["pk"]: item for item in self.table.get_many(wanted, consistent=consistent)}
        return [record_of(items[key["pk"]], place) for key in wanted if key["pk"] in items]

    def mark(self, merchant_id: str, sweep: str) -> str:
        """The place up to which a sweep has left nothing to expire."""
        item = self.table.get(_mark_key(merchant_id, sweep), consistent=True)
        return item["place"] if item else BEGINNING

    def set_mark(self, merchant_id: str, sweep: str, old: str, new: str) -> None:
        """Move the mark on, unless another run did."""
        try:
            self.table.update(
                _mark_key(merchant_id, sweep),
                "SET place = :new",
                condition="attribute_not_exists(pk) OR place = :old",
                values={":new": new, ":old": old},
            )
        except ConditionFailed:
            return

    def _move(self, seen: Order, write: Write) -> None:
        try:
            self.table.update(
                order_key(seen.merchant_id, seen.order_id),
                write.expression,
                names=write.names,
                values=write.values,
                condition=write.condition,
            )
        except ConditionFailed as error:
            if error.item is None:
                raise LookupError(f"order {seen.order_id} is gone") from error
            raise OrderMoved(order_of(error.item)) from error


def move(seen: Order, moved: Order, now_ms: int = 0) -> Write:
    """The write that makes the one of the other. `now_ms`: for one that comes to owe money.

    No line may have been pointed elsewhere meanwhile: whoever did that may hold a claim there. Of a
    settled order no line may have changed at all, nobody may have seen its codes, and it must be
    frozen or not as it was, and owe what it owed. Money that settles it must not stand beside it,
    where it is perhaps being given back.
    """
    names = {"#state": "state"}
    changed: dict[str, Any] = {"#state": moved.state}
    gone = ""
    match moved:
        case ExpiredOrder():
            changed["expired_at_ms"] = moved.expired_at_ms
            changed["delete_at"] = (moved.expired_at_ms + KEEP_EXPIRED_MS) // 1000
            if moved.unclosed:
                changed["unclosed"] = True
                changed |= to_follow_up(moved.order_id, moved.expired_at_ms)
        case SettledOrder():
            changed["payment"] = payment_item(moved.payment)
            changed["delivered_at_ms"] = moved.delivered_at_ms
            changed["revealed_at_ms"] = NOT_REVEALED
            gone = " REMOVE delete_at, unclosed"
    if isinstance(moved, OwingOrder):
        changed["refund_due_minor"] = moved.owed_minor
        due_at_once = moved.owed_minor or isinstance(seen, SettledOrder)
        changed |= to_follow_up(moved.order_id, now_ms, 0 if due_at_once else SAFETY_NET_MS)
    changed["order_lines"] = [line_item(line) for line in moved.lines]
    if isinstance(seen, SettledOrder):
        as_frozen = "attribute_exists" if seen.frozen else "attribute_not_exists"
        same = [
            "order_lines = :lines",
            "revealed_at_ms = :unseen",
            f"{as_frozen}({FROZEN_BY})",
        ]
        before: dict[str, Any] = {
            ":lines": [line_item(line) for line in seen.lines],
            ":unseen": NOT_REVEALED,
        }
        if isinstance(seen, OwingOrder):
            same.append("refund_due_minor = :owed")
            before[":owed"] = seen.owed_minor
    else:
        same = [f"order_lines[{line.number}].chunk = :chunk{line.number}" for line in seen.lines]
        before = {f":chunk{line.number}": pointer(line) for line in seen.lines}
        if isinstance(moved, SettledOrder):
            names |= {"#stray": stray_name(moved.payment, Case.EXACT), "#action": "action"}
            before |= DELIVERS
            same.append(NOT_BESIDE)
            gone += ", #stray"
    return Write(
        "SET " + ", ".join(f"{name} = :set{n}" for n, name in enumerate(changed)) + gone,
        " AND ".join(["#state = :seen", *same]),
        {f":set{n}": value for n, value in enumerate(changed.values())}
        | before
        | {":seen": seen.state},
        names,
    )


def end_of_units(seen: SettledOrder, ended: SettledOrder, now_ms: int, look_ms: int) -> Write:
    """Every top-up must be as it was seen: whoever ends the last one closes the order. One to be
    looked at again keeps the order on the worklist then: its place is not as settling left it."""
    before: dict[str, Any] = {"#state": seen.state}
    after: dict[str, Any] = {"#state": ended.state}
    for line in seen.lines:
        if line.fates:
            name = f"order_lines[{line.number}].fates"
            after_it = ended.line(line.number)
            before[name], after[name] = letters(line), letters(after_it)
            if after_it.receipts != line.receipts:
                after[f"order_lines[{line.number}].receipts"] = list(after_it.receipts)
    if isinstance(seen, OwingOrder):
        before["refund_due_minor"] = seen.owed_minor
    if ended.settled_at_ms != seen.settled_at_ms:
        after["settled_at_ms"] = ended.settled_at_ms
        after["delivered_at_ms"] = ended.delivered_at_ms
    if isinstance(ended, OwingOrder):
        after["refund_due_minor"] = ended.owed_minor
    if look_ms and ended.in_progress:
        after["follow_up_since"] = now_ms
    if ended.doubtful > seen.doubtful:
        after |= BESIDE | to_follow_up(ended.order_id, now_ms)
    if ended.owed_minor > seen.owed_minor:
        after |= to_follow_up(ended.order_id, now_ms)
    return Write(
        "SET " + ", ".join(f"{name} = :after{n}" for n, name in enumerate(after)),
        " AND ".join(f"{name} = :before{n}" for n, name in enumerate(before)),
        {f":after{n}": value for n, value in enumerate(after.values())}
        | {f":before{n}": value for n, value in enumerate(before.values())},
    )


def _mark_key(merchant_id: str, sweep: str) -> Item:
    return {"pk": f"{merchant_id}#{sweep}"}
