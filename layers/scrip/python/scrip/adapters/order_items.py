"""How an order is kept: one item, with short facts of each line in it."""

from typing import Any

from scrip.adapters.tables import Item
from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.goods import Kind
from scrip.domain.line import Fate, Line, Swap
from scrip.domain.money import Money
from scrip.domain.order import (
    DeliveredOrder,
    ExpiredOrder,
    FulfillingOrder,
    Order,
    OrderRecord,
    PendingOrder,
    RefundDueOrder,
    listing_place,
)
from scrip.domain.order_access import CROCKFORD
from scrip.domain.outcome import Action, Case, Stray, stray_id_of
from scrip.domain.payment import Payment
from scrip.domain.refund import Refund, RefundState
from scrip.domain.stock import ChunkRef, Pick

SHARDS = 4
"""Index partitions a merchant: 4000 orders a second before the index could hold the table back."""


STRAY, DISPUTE, REFUND = "stray#", "dispute#", "refund#"
BESIDE: Item = {"beside": "yes"}
"""Set with the first stray, dispute or refund, so that the stream's filter sees such orders: it
cannot look for names that differ. A usual order does not have it. Text, which filters are sure to
match: what they do with booleans is not documented."""

FROZEN_BY = "frozen_by"
"""The set of all that hold an order frozen. DynamoDB takes an empty set away."""

USUAL_PROVIDER = "stripe"
UNSAID = {Kind.CODE_POOL: ""}
LETTERS = {
    Fate.OPEN: "o",
    Fate.DONE: "d",
    Fate.FAILED: "f",
    Fate.REVERSED: "r",
    Fate.CONTRADICTED: "c",
    Fate.TWICE: "t",
}
FATES = {letter: fate for fate, letter in LETTERS.items()}


def order_key(merchant_id: str, order_id: str) -> Item:
    return {"pk": f"{merchant_id}#{order_id}"}


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
        "whole": item.get("whole", False),
        "tags": tuple(item.get("tags", ())),
        "provider": item.get("provider", USUAL_PROVIDER),
        "frozen": FROZEN_BY in item,
    }
    match item["state"]:
        case PendingOrder.state:
            return PendingOrder(**facts)
        case ExpiredOrder.state:
            return ExpiredOrder(
                **facts,
                expired_at_ms=item["expired_at_ms"],
                unclosed=item.get("unclosed", False),
            )
        case DeliveredOrder.state:
            return DeliveredOrder(**facts, **_settled(item))
        case FulfillingOrder.state:
            return FulfillingOrder(**facts, **_settled(item), refund_due=_refund_due(item))
        case RefundDueOrder.state:
            return RefundDueOrder(**facts, **_settled(item), refund_due=_refund_due(item))
    raise ValueError(f"order {order_id} is in unknown state {item['state']!r}")


def _settled(item: Item) -> dict[str, Any]:
    return {
        "payment": payment_of(item["payment"]),
        "delivered_at_ms": item["delivered_at_ms"],
        "revealed_at_ms": item.get("revealed_at_ms"),
        "settled_at_ms": item.get("settled_at_ms", 0),
    }


def _refund_due(item: Item) -> Money:
    return Money(item["refund_due_minor"], item["currency"])


def new_item(order: PendingOrder) -> Item:
    shard = CROCKFORD.index(order.order_id[0]) % SHARDS
    return {
        **order_key(order.merchant_id, order.order_id),
        "state": order.state,
        "order_lines": [line_item(line) for line in order.lines],
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
        **({"whole": True} if order.whole else {}),
        **({"tags": list(order.tags)} if order.tags else {}),
        **({"provider": order.provider} if order.provider != USUAL_PROVIDER else {}),
        **(_due(order, shard) if order.held else {}),
    }


def _due(order: PendingOrder, shard: int) -> Item:
    """Its place in the index of holds, which a payment leaves alone."""
    return {
        "holding": f"{order.merchant_id}#{shard}",
        "due": listing_place(order.expires_at_ms, order.order_id),
    }


def line_item(line: Line) -> Item:
    """What is as usual is left out: an order must fit into a kilobyte."""
    unusual = {
        "held": line.held,
        "kind": UNSAID.get(line.kind, line.kind.value),
        "returned": line.returned,
        "swap": swap_item(line.swap) if line.swap else None,
        "cap": line.cap,
        "filled": [list(pair) for pair in line.filled],
        "fates": letters(line),
        "receipts": list(line.receipts),
    }
    return {
        "variant": line.variant_id,
        "quantity": line.quantity,
        "price": line.unit_price.amount_minor,
        "chunk": pointer(line),
        "picks": [[*pick.chunk, pick.first_unit, pick.units] for pick in line.picks],
        **{name: value for name, value in unusual.items() if value},
    }


def letters(line: Line) -> str:
    """The fates of its units, a letter each."""
    return "".join(LETTERS[fate] for fate in line.fates)


def swap_item(swap: Swap) -> list[Any]:
    return [swap.unit, *swap.chunk, swap.at_ms, swap.claimed]


def _swap(kept: list[Any] | None) -> Swap | None:
    return Swap(kept[0], ChunkRef(*kept[1:4]), *kept[4:]) if kept else None


def pointer(line: Line) -> list[str | int] | None:
    """Where the line claims, and in which round if not the first. Who finds it unchanged knows
    that nobody moved the line or let its units go."""
    if line.chunk is None:
        return None
    return [*line.chunk, line.round_] if line.round_ else [*line.chunk]


def _line(number: int, item: Item, currency: str) -> Line:
    place = item["chunk"]
    return Line(
        number=number,
        variant_id=item["variant"],
        quantity=item["quantity"],
        unit_price=Money(item["price"], currency),
        chunk=ChunkRef(*place[:3]) if place is not None else None,
        picks=tuple(Pick(ChunkRef(*pick[:3]), *pick[3:]) for pick in item["picks"]),
        held=item.get("held", False),
        round_=place[3] if place and place[3:] else 0,
        kind=Kind(item.get("kind", Kind.CODE_POOL.value)),
        returned=item.get("returned", 0),
        swap=_swap(item.get("swap")),
        cap=item.get("cap", 0),
        filled=tuple((name, value) for name, value in item.get("filled", ())),
        fates=tuple(FATES[letter] for letter in item.get("fates", "")),
        receipts=tuple(item.get("receipts", ())),
    )


def stray_name(payment: Payment, case: Case) -> str:
    """The attribute that holds a stray."""
    return f"{STRAY}{stray_id_of(payment, case)}"


def stray_item(stray: Stray) -> Item:
    return payment_item(stray.payment) | {"case": stray.case.value, "action": stray.action.value}


def strays_of(item: Item) -> tuple[Stray, ...]:
    return tuple(
        Stray(payment_of(item[name]), Case(item[name]["case"]), Action(item[name]["action"]))
        for name in sorted(item)
        if name.startswith(STRAY)
    )


def dispute_name(dispute: Dispute) -> str:
    return f"{DISPUTE}{dispute.holder}"


def dispute_item(dispute: Dispute) -> Item:
    return {
        "transaction": dispute.transaction_id,
        "state": dispute.state.value,
        "amount": dispute.money.amount_minor,
        "currency": dispute.money.currency,
        "reason": dispute.reason,
        "at_ms": dispute.at_ms,
    }


def disputes_of(item: Item) -> tuple[Dispute, ...]:
    """Oldest news first."""
    found = [_dispute(name, item[name]) for name in item if name.startswith(DISPUTE)]
    return tuple(sorted(found, key=lambda each: (each.at_ms, each.holder)))


def _dispute(name: str, kept: Item) -> Dispute:
    _, provider, dispute_id = name.split("#", 2)
    return Dispute(
        provider=provider,
        dispute_id=dispute_id,
        transaction_id=kept["transaction"],
        state=DisputeState(kept["state"]),
        money=Money(kept["amount"], kept["currency"]),
        reason=kept["reason"],
        at_ms=kept["at_ms"],
    )


def refund_name(refund_id: str) -> str:
    return f"{REFUND}{refund_id}"


def refund_item(refund: Refund) -> Item:
    return {
        "provider": refund.provider,
        "transaction": refund.transaction_id,
        "amount": refund.money.amount_minor,
        "currency": refund.money.currency,
        "begun_at_ms": refund.begun_at_ms,
        "state": refund.state.value,
        "told_at_ms": refund.told_at_ms,
        "ref": refund.provider_ref,
        **({"foreign": True} if refund.foreign else {}),
    }


def refunds_of(item: Item) -> tuple[Refund, ...]:
    """In the order in which they were begun."""
    found = (_refund(name, item[name]) for name in sorted(item) if name.startswith(REFUND))
    return tuple(sorted(found, key=lambda each: each.begun_at_ms))


def _refund(name: str, kept: Item) -> Refund:
    return Refund(
        refund_id=name.removeprefix(REFUND),
        provider=kept["provider"],
        transaction_id=kept["transaction"],
        money=Money(kept["amount"], kept["currency"]),
        begun_at_ms=kept["begun_at_ms"],
        state=RefundState(kept["state"]),
        told_at_ms=kept["told_at_ms"],
        provider_ref=kept["ref"],
        foreign=kept.get("foreign", False),
    )


def record_of(item: Item, place: str = "placed") -> OrderRecord:
    """An order's item with all that is kept of it. `place`: the attribute it is listed by."""
    return OrderRecord(
        order_of(item),
        item[place],
        strays_of(item),
        disputes_of(item),
        refunds_of(item),
        item.get("disputed_at_ms", 0),
    )


def payment_item(payment: Payment) -> Item:
    return {
        "provider": payment.provider,
        "transaction": payment.transaction_id,
        "amount": payment.money.amount_minor,
        "currency": payment.money.currency,
        "live": payment.live,
        "at_ms": payment.succeeded_at_ms,
    }


def payment_of(item: Item) -> Payment:
    return Payment(
        provider=item["provider"],
        transaction_id=item["transaction"],
        money=Money(item["amount"], item["currency"]),
        live=item["live"],
        succeeded_at_ms=item["at_ms"],
    )
