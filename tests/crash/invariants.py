"""What must hold whatever died and whatever came twice (stock.md, "What must hold")."""

from collections import Counter
from typing import Any

from scrip.adapters.stock import batch_of
from scrip.adapters.tables import Item
from scrip.domain.order import DeliveredOrder, ExpiredOrder, Order, RefundDueOrder
from scrip.domain.stock import unit_key
from tests.crash.world import World

SOLD = (DeliveredOrder, RefundDueOrder)
MOVES = {
    ("", "pending"),
    ("pending", "expired"),
    ("pending", "delivered"),
    ("pending", "refund_due"),
    ("expired", "delivered"),
    ("expired", "refund_due"),
}


def check(world: World) -> None:
    """Once all senders are done."""
    stock = {item["pk"]: item for item in world.items("stock")}
    chunks = {pk: item for pk, item in stock.items() if "free" in item}
    orders = world.orders()
    every_code_is_somewhere_once(world, stock, chunks)
    every_claim_belongs_to_a_sold_order(chunks, orders)
    for order in orders:
        nobody_got_more_or_less_than_told(order)
        sold_out_is_true(world, order, stock, chunks)
        one_payment_was_opened(world, order)
    orders_moved_legally(world)


def every_code_is_somewhere_once(
    world: World, stock: dict[str, Item], chunks: dict[str, Item]
) -> None:
    """In one chunk, free or claimed: none lost, none doubled, none from nowhere."""
    batches = {pk: item for pk, item in stock.items() if "#batch#" in pk}
    held: dict[str, list[bytes]] = {pk: [] for pk in batches}
    for pk, chunk in chunks.items():
        merchant, variant, batch_id, _ = pk.split("#")
        held[f"{merchant}#{variant}#batch#{batch_id}"] += [
            *chunk["free"],
            *chunk["claimed"].values(),
        ]
    total: Counter[str] = Counter()
    for pk, batch in batches.items():
        assert batch["published"], pk
        places = sorted(int.from_bytes(packed[:4], "big") for packed in held[pk])
        merchant, variant, _, batch_id = pk.split("#")
        known = batch_of(merchant, variant, batch_id, batch).known
        assert places == sorted({*range(batch["codes"] + len(known))} - known), pk
        total[variant] += batch["codes"]
    assert total == Counter({v: len(codes) for v, codes in world.imported.items() if codes})
    for variant, codes in total.items():
        directory = stock[f"{world.shop.merchant_id}#{variant}#directory"]
        assert directory["codes"] == codes
        assert directory["chunks"] == sum(1 for pk in chunks if pk.split("#")[1] == variant)


def every_claim_belongs_to_a_sold_order(chunks: dict[str, Item], orders: list[Order]) -> None:
    """Chunks and orders tell the same story, from both ends."""
    claimed = {(pk, unit) for pk, chunk in chunks.items() for unit in chunk["claimed"]}
    picked = [
        (
            f"{order.merchant_id}#{line.variant_id}#{pick.chunk.batch_id}#{pick.chunk.number}",
            unit_key(order.order_id, line.number, unit),
        )
        for order in orders
        if isinstance(order, SOLD)
        for line in order.lines
        for pick in line.picks
        for unit in range(pick.first_unit, pick.first_unit + pick.units)
    ]
    assert len(picked) == len(set(picked))
    assert claimed == set(picked)


def nobody_got_more_or_less_than_told(order: Order) -> None:
    for line in order.lines:
        assert 0 <= line.units_claimed <= line.quantity
        if isinstance(order, DeliveredOrder):
            assert line.units_claimed == line.quantity
    if isinstance(order, RefundDueOrder):
        owed = sum(line.unit_price.amount_minor * line.units_missing for line in order.lines)
        assert order.refund_due.amount_minor == owed > 0


def sold_out_is_true(
    world: World, order: Order, stock: dict[str, Item], chunks: dict[str, Item]
) -> None:
    """Nothing is free where somebody was refused; nothing on sale is hidden from the others."""
    for line in order.lines:
        name = f"{order.merchant_id}#{line.variant_id}#"
        free = {pk: len(chunk["free"]) for pk, chunk in chunks.items() if pk.startswith(name)}
        if isinstance(order, RefundDueOrder) and line.units_missing and not world.restocked:
            assert not sum(free.values())
        directory = stock[f"{name}directory"]
        hidden = {*directory.get("closed", ()), *range(directory["low"])}
        positions = {
            f"{name}{batch}#{number}": start + number
            for batch, start, count, *_ in directory["ranges"]
            for number in range(count)
        }
        assert not [pk for pk, count in free.items() if count and positions[pk] in hidden]


def one_payment_was_opened(world: World, order: Order) -> None:
    """Exactly one, under an idempotency key of the order's own, and the order knows it."""
    opened = [
        answer["id"]
        for key, (_, answer) in world.stripe.answers.items()
        if key.startswith(f"{order.order_id}-")
    ]
    assert opened == [order.payment_ref]


def orders_moved_legally(world: World) -> None:
    """Every state in the outbox followed from the one before, and each was told once."""
    told: Counter[str] = Counter()
    for record in world.stream():
        change = record["dynamodb"]
        old, new = _state(change.get("OldImage")), _state(change.get("NewImage"))
        if new and new != old:
            assert (old, new) in MOVES
            told[change["NewImage"]["pk"]["S"]] += new in ("delivered", "refund_due")
    for order in world.orders():
        pk = f"{order.merchant_id}#{order.order_id}"
        assert told[pk] == isinstance(order, SOLD), pk
        assert isinstance(order, (*SOLD, ExpiredOrder)) or order.state == "pending"


def _state(image: dict[str, Any] | None) -> str:
    return image["state"]["S"] if image and "state" in image else ""
