"""Orders: the truth and the outbox. One item each, moved by conditional writes only.

The item stays within one write unit (1 KB) for an order of a few lines, and the index holds nothing
that a payment changes: closing an order costs one write, and the stream carries it on.
"""

import heapq
from itertools import islice
from typing import Any

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.money import Money
from scrip.domain.order import (
    DeliveredOrder,
    ExpiredOrder,
    Line,
    Order,
    OrderMoved,
    OrderRecord,
    Payable,
    PendingOrder,
    RefundDueOrder,
    listing_place,
)
from scrip.domain.order_access import CROCKFORD
from scrip.domain.payment import Payment
from scrip.domain.stock import ChunkRef, Pick

INDEX = "by_merchant"
SHARDS = 4
"""Index partitions a merchant: 4000 orders a second before the index could hold the table back."""

KEEP_EXPIRED_MS = 400 * 86_400_000
STRAY = "stray#"
BEGINNING = listing_place(0)
"""Before every order. Not an empty text: an index refuses to be asked for one."""


class Orders:
    def __init__(self, table: Table) -> None:
        self.table = table

    def place(self, order: PendingOrder) -> Order:
        """The order as it stands: this one, or the one placed before under the same id."""
        try:
            self.table.put(_new_item(order), condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item is None:
                raise
            return order_of(error.item)
        return order

    def find(self, merchant_id: str, order_id: str, *, consistent: bool = False) -> Order | None:
        item = self.table.get(_key(merchant_id, order_id), consistent=consistent)
        return order_of(item) if item else None

    def find_record(self, merchant_id: str, order_id: str) -> OrderRecord | None:
        item = self.table.get(_key(merchant_id, order_id))
        return _record(item) if item else None

    def point(self, order: Payable, moved: Line) -> None:
        """Point a line at another chunk, with what it picked so far. Raises OrderMoved."""
        old = next(line for line in order.lines if line.number == moved.number)
        self._move(
            order,
            f"SET order_lines[{moved.number}] = :line",
            {":line": _line_item(moved), ":chunk": list(old.chunk)},
            [f"order_lines[{moved.number}].chunk = :chunk"],
        )

    def close(self, seen: Payable, closed: DeliveredOrder | RefundDueOrder) -> None:
        """Write what payment and claims made of the order. Raises OrderMoved.

        No line may have been pointed elsewhere meanwhile: whoever did that may hold a claim there.
        """
        values: dict[str, Any] = {
            ":state": closed.state,
            ":payment": _payment_item(closed.payment),
            ":at": closed.delivered_at_ms,
            ":lines": [_line_item(line) for line in closed.lines],
        }
        sets = "#state = :state, payment = :payment, delivered_at_ms = :at, order_lines = :lines"
        if isinstance(closed, RefundDueOrder):
            sets += ", refund_due_minor = :due"
            values[":due"] = closed.refund_due.amount_minor
        values |= {f":chunk{line.number}": list(line.chunk) for line in closed.lines}
        self._move(
            seen,
            f"SET {sets} REMOVE delete_at",
            values,
            [f"order_lines[{line.number}].chunk = :chunk{line.number}" for line in closed.lines],
        )

    def expire(self, seen: PendingOrder, expired: ExpiredOrder) -> None:
        """Raises OrderMoved."""
        self._move(
            seen,
            "SET #state = :state, expired_at_ms = :at, delete_at = :delete",
            {
                ":state": expired.state,
                ":at": expired.expired_at_ms,
                ":delete": (expired.expired_at_ms + KEEP_EXPIRED_MS) // 1000,
            },
            [],
        )

    def add_stray(self, order: Order, payment: Payment) -> bool:
        """Record a second payment of an order. False when it was recorded before."""
        old = self.table.update(
            _key(order.merchant_id, order.order_id),
            "SET #stray = if_not_exists(#stray, :payment)",
            names={"#stray": STRAY + payment.transaction_id},
            values={":payment": _payment_item(payment)},
            condition="attribute_exists(pk)",
            returns="ALL_OLD",
        )
        return STRAY + payment.transaction_id not in old

    def listed(
        self, merchant_id: str, since: str, until: str, limit: int, *, newest_first: bool
    ) -> list[OrderRecord]:
        """Orders whose place lies in [since, until], sorted by place."""
        shards = (
            self.table.query(
                "listing = :listing AND placed BETWEEN :since AND :until",
                {":listing": f"{merchant_id}#{shard}", ":since": since, ":until": until},
                index=INDEX,
                newest_first=newest_first,
                limit=limit,
            )
            for shard in range(SHARDS)
        )
        merged = heapq.merge(*shards, key=lambda key: key["placed"], reverse=newest_first)
        keys = [{"pk": key["pk"]} for key in islice(merged, limit)]
        items = {item["pk"]: item for item in self.table.get_many(keys)}
        return [_record(items[key["pk"]]) for key in keys if key["pk"] in items]

    def mark(self, merchant_id: str) -> str:
        """The place up to which nothing is left to expire."""
        item = self.table.get(_mark_key(merchant_id), consistent=True)
        return item["place"] if item else BEGINNING

    def set_mark(self, merchant_id: str, old: str, new: str) -> None:
        """Move the mark on, unless another run did."""
        try:
            self.table.update(
                _mark_key(merchant_id),
                "SET place = :new",
                condition="attribute_not_exists(pk) OR place = :old",
                values={":new": new, ":old": old},
            )
        except ConditionFailed:
            return

    def _move(
        self, seen: Order, expression: str, values: dict[str, Any], conditions: list[str]
    ) -> None:
        try:
            self.table.update(
                _key(seen.merchant_id, seen.order_id),
                expression,
                names={"#state": "state"},
                values={**values, ":seen": seen.state},
                condition=" AND ".join(["#state = :seen", *conditions]),
            )
        except ConditionFailed as error:
            if error.item is None:
                raise LookupError(f"order {seen.order_id} is gone") from error
            raise OrderMoved(order_of(error.item)) from error


def order_of(item: Item) -> Order:
    """The order an item or a stream image holds."""
    merchant_id, order_id = item["pk"].split("#")
    facts: dict[str, Any] = {
        "merchant_id": merchant_id,
        "order_id": order_id,
        "lines": tuple(
            _line(number, line, item["currency"]) for number, line in enumerate(item["order_lines"])
        ),
        "email": item["email"],
        "locale": item["locale"],
        "payment_ref": item["payment_ref"],
        "fingerprint": item["fingerprint"],
        "trace_id": item["trace_id"].hex(),
        "placed_at_ms": item["placed_at_ms"],
        "expires_at_ms": item["expires_at_ms"],
    }
    match item["state"]:
        case PendingOrder.state:
            return PendingOrder(**facts)
        case ExpiredOrder.state:
            return ExpiredOrder(**facts, expired_at_ms=item["expired_at_ms"])
        case DeliveredOrder.state:
            return DeliveredOrder(
                **facts,
                payment=_payment(item["payment"]),
                delivered_at_ms=item["delivered_at_ms"],
            )
        case RefundDueOrder.state:
            return RefundDueOrder(
                **facts,
                payment=_payment(item["payment"]),
                delivered_at_ms=item["delivered_at_ms"],
                refund_due=Money(item["refund_due_minor"], item["currency"]),
            )
    raise ValueError(f"order {order_id} is in unknown state {item['state']!r}")


def _record(item: Item) -> OrderRecord:
    strays = (_payment(item[name]) for name in sorted(item) if name.startswith(STRAY))
    return OrderRecord(order_of(item), item["placed"], tuple(strays))


def _key(merchant_id: str, order_id: str) -> Item:
    return {"pk": f"{merchant_id}#{order_id}"}


def _mark_key(merchant_id: str) -> Item:
    return {"pk": f"{merchant_id}#expiry"}


def _new_item(order: PendingOrder) -> Item:
    shard = CROCKFORD.index(order.order_id[0]) % SHARDS
    return {
        **_key(order.merchant_id, order.order_id),
        "state": order.state,
        "order_lines": [_line_item(line) for line in order.lines],
        "currency": order.total.currency,
        "email": order.email,
        "locale": order.locale,
        "payment_ref": order.payment_ref,
        "fingerprint": order.fingerprint,
        "trace_id": bytes.fromhex(order.trace_id),
        "placed_at_ms": order.placed_at_ms,
        "expires_at_ms": order.expires_at_ms,
        "listing": f"{order.merchant_id}#{shard}",
        "placed": listing_place(order.placed_at_ms, order.order_id),
    }


def _line_item(line: Line) -> Item:
    return {
        "variant": line.variant_id,
        "quantity": line.quantity,
        "price": line.unit_price.amount_minor,
        "chunk": list(line.chunk),
        "picks": [[*pick.chunk, pick.first_unit, pick.units] for pick in line.picks],
    }


def _line(number: int, item: Item, currency: str) -> Line:
    return Line(
        number=number,
        variant_id=item["variant"],
        quantity=item["quantity"],
        unit_price=Money(item["price"], currency),
        chunk=ChunkRef(*item["chunk"]),
        picks=tuple(Pick(ChunkRef(*pick[:3]), *pick[3:]) for pick in item["picks"]),
    )


def _payment_item(payment: Payment) -> Item:
    return {
        "provider": payment.provider,
        "transaction": payment.transaction_id,
        "amount": payment.money.amount_minor,
        "currency": payment.money.currency,
        "live": payment.live,
        "at_ms": payment.succeeded_at_ms,
    }


def _payment(item: Item) -> Payment:
    return Payment(
        provider=item["provider"],
        transaction_id=item["transaction"],
        money=Money(item["amount"], item["currency"]),
        live=item["live"],
        succeeded_at_ms=item["at_ms"],
    )
