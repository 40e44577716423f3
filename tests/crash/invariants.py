"""What must hold whatever died and whatever came twice (stock.md, "What must hold")."""

from collections import Counter
from typing import Any

from scrip.adapters.exports import export_of
from scrip.adapters.stock_items import LET_GO, batch_of
from scrip.adapters.tables import Item
from scrip.domain.chunk_range import Range
from scrip.domain.goods import BY_SUPPLIERS
from scrip.domain.order import (
    DeliveredOrder,
    ExpiredOrder,
    FulfillingOrder,
    Order,
    OwingOrder,
    PendingOrder,
    RefundDueOrder,
)
from scrip.domain.stock import batch_of_lane
from tests.crash.world import World

SOLD = (DeliveredOrder, FulfillingOrder, RefundDueOrder)
MOVES = {
    ("", "pending"),
    ("pending", "expired"),
    ("pending", "delivered"),
    ("pending", "refund_due"),
    ("pending", "fulfilling"),
    ("expired", "delivered"),
    ("expired", "refund_due"),
    ("expired", "fulfilling"),
    ("fulfilling", "delivered"),
    ("fulfilling", "refund_due"),
    ("delivered", "refund_due"),
}
SETTLED = {order.state for order in SOLD}


def check(world: World) -> None:
    """Once all senders are done."""
    stock = {item["pk"]: item for item in world.items("stock")}
    chunks = {pk: item for pk, item in stock.items() if "free" in item}
    orders = world.orders()
    every_code_is_somewhere_once(world, stock, chunks)
    every_claim_belongs_to_an_order(world, chunks, orders)
    what_expired_was_counted(stock, chunks)
    for order in orders:
        nobody_got_more_or_less_than_told(world, order)
        sold_out_is_true(world, order, stock, chunks)
        if order.provider == "stripe":  # others keep no keys: their stand-ins refuse a second one
            one_payment_was_opened(world, order)
    what_was_recalled_sells_no_more(stock, chunks)
    orders_moved_legally(world)


def every_code_is_somewhere_once(
    world: World, stock: dict[str, Item], chunks: dict[str, Item]
) -> None:
    """In one chunk, free or claimed: none lost, none doubled, none from nowhere."""
    batches = {pk: item for pk, item in stock.items() if "#batch#" in pk}
    held: dict[str, list[bytes]] = {pk: [] for pk in batches}
    for pk, chunk in chunks.items():
        merchant, variant, lane, _ = pk.split("#")
        held[f"{merchant}#{variant}#batch#{batch_of_lane(lane)}"] += [
            *chunk["free"],
            *(packed for packed in chunk["claimed"].values() if packed != LET_GO),
        ]
    total: Counter[str] = Counter()
    on_sale: Counter[str] = Counter()
    for pk, batch in batches.items():
        assert batch["published"] or "recall" in batch, pk
        places = sorted(int.from_bytes(packed[:4], "big") for packed in held[pk])
        merchant, variant, _, batch_id = pk.split("#")
        known = batch_of(merchant, variant, batch_id, batch).known
        every = sorted({*range(batch["codes"] + len(known))} - known)
        # An import that was recalled may have been on its way still.
        # Places of a file are the numbers of its rows; units are alike, and some may be withdrawn.
        loose = "terms" in batch or "sealed_key" not in batch
        assert (
            (loose and len({*places}) == len(places) == batch["codes"])
            or (not loose and places == every)
            or (not batch["published"] and len({*places}) == len(places) and {*places} <= {*every})
        ), pk
        total[variant] += batch["codes"]
        on_sale[variant] += batch["codes"] if batch["published"] else 0
    assert total == Counter({v: len(codes) for v, codes in world.imported.items() if codes})
    for variant, codes in (+on_sale).items():
        directory = stock[f"{world.shop.merchant_id}#{variant}#directory"]
        assert directory["codes"] == codes
        assert directory["chunks"] == sum(1 for pk in chunks if pk.split("#")[1] == variant)


def every_claim_belongs_to_an_order(
    world: World, chunks: dict[str, Item], orders: list[Order]
) -> None:
    """Chunks and orders tell the same story, from both ends: sold, held for a while, exported."""
    claimed = {
        (pk, unit)
        for pk, chunk in chunks.items()
        for unit, packed in chunk["claimed"].items()
        if packed != LET_GO
    }
    picked = [
        (f"{order.merchant_id}#{line.variant_id}#{chunk.lane}#{chunk.number}", unit)
        for order in orders
        for line in order.lines
        if isinstance(order, SOLD) or (line.held and isinstance(order, PendingOrder))
        for chunk, unit in {
            *line.picked_units(order.order_id),  # a bad code stays where it is
            *line.claimed_units(order.order_id),
        }
    ]
    picked += [
        (f"{export.merchant_id}#{export.variant_id}#{chunk.lane}#{chunk.number}", unit)
        for export in map(export_of, world.items("exports"))
        for chunk, unit in export.places()
    ]
    assert len(picked) == len(set(picked))
    assert claimed == set(picked)


def nobody_got_more_or_less_than_told(world: World, order: Order) -> None:
    for line in order.lines:
        assert 0 <= line.units_claimed <= line.quantity
        assert len(line.fates) == (line.quantity if line.kind in BY_SUPPLIERS else 0)
        if isinstance(order, DeliveredOrder) and line.has_codes:
            assert line.units_claimed == line.quantity or order.frozen  # a lost dispute's
            assert line.units_claimed + line.returned == line.quantity
        assert not (isinstance(order, ExpiredOrder) and line.held and line.picks)
    assert isinstance(order, FulfillingOrder) == (isinstance(order, SOLD) and order.in_progress)
    if isinstance(order, OwingOrder):
        missing = sum(
            line.unit_price.amount_minor * (line.units_missing + line.units_failed)
            for line in order.lines
        )
        paid = order.payment.money.amount_minor
        owed = missing + paid - order.total.amount_minor
        due = order.refund_due.amount_minor
        assert due > 0 or isinstance(order, FulfillingOrder)
        assert due == owed or (world.wished and owed <= due <= paid)
        returned = any(line.returned for line in order.lines)
        assert not order.whole or not missing or returned or owed == paid


def sold_out_is_true(
    world: World, order: Order, stock: dict[str, Item], chunks: dict[str, Item]
) -> None:
    """Nothing is free where somebody was refused; nothing on sale is hidden from the others."""
    for line in (each for each in order.lines if each.chunk):
        name = f"{order.merchant_id}#{line.variant_id}#"
        free = {
            pk: len(chunk["free"])
            for pk, chunk in chunks.items()
            if pk.startswith(name) and "shut" not in chunk and not recalled(stock, pk)
        }
        directory = stock[f"{name}directory"]
        listed = {
            f"{name}{each.lane}#{each.first + n}": each.kept
            for each in (Range(*listed) for listed in directory["ranges"])
            for n in range(max(each.low - each.start, 0), each.chunks)
            if each.start + n not in directory.get("closed", ())
        }
        assert {pk for pk, count in free.items() if count} <= listed.keys()
        refused = isinstance(order, RefundDueOrder) and line.units_missing > line.returned
        if refused and not order.whole and not world.restocked:
            assert not sum(count for pk, count in free.items() if count and not listed[pk])


def recalled(stock: dict[str, Item], chunk_pk: str) -> bool:
    merchant, variant, lane, _ = chunk_pk.split("#")
    return "recall" in stock[f"{merchant}#{variant}#batch#{batch_of_lane(lane)}"]


def what_was_recalled_sells_no_more(stock: dict[str, Item], chunks: dict[str, Item]) -> None:
    """Nobody finds it, and who was pointed at it before is turned away."""
    for pk, batch in stock.items():
        if "recall" not in batch:
            continue
        merchant, variant, _, batch_id = pk.split("#")
        recall, name = batch["recall"], f"{merchant}#{variant}#"
        ranges = stock[f"{name}directory"]["ranges"] if batch["published"] else ()
        assert not [each for each in ranges if batch_of_lane(each[0]) == batch_id]
        reach = [
            f"{name}{lane}#{first + n}"
            for lane, first, count, *_ in recall["reach"]
            for n in range(count)
        ]
        assert recall["shut"] == len(reach)
        assert all("shut" in chunks[each] for each in reach)
        unsold = sum(len(chunk["free"]) for at, chunk in chunks.items() if at in reach)
        # What holds let go afterwards comes back into these chunks.
        assert recall["codes"] <= unsold or not batch["published"]


def what_expired_was_counted(stock: dict[str, Item], chunks: dict[str, Item]) -> None:
    """Exactly the codes in chunks that ended and are listed no more. Of a batch that was recalled
    since, those that had ended before: what comes back to it later is not counted."""
    for pk, directory in stock.items():
        if not pk.endswith("#directory"):
            continue
        name = pk.removesuffix("directory")
        listed = {
            f"{name}{each.lane}#{each.first + n}"
            for each in (Range(*kept) for kept in directory["ranges"])
            for n in range(each.chunks)
        }
        ended = {
            place: len(chunk["free"])
            for place, chunk in chunks.items()
            if place.startswith(name) and place not in listed and chunk.get("shut") == "expired"
        }
        left = sum(count for place, count in ended.items() if not recalled(stock, place))
        at_most = left + sum(count for place, count in ended.items() if recalled(stock, place))
        assert left <= directory.get("expired", 0) <= at_most


def one_payment_was_opened(world: World, order: Order) -> None:
    """Exactly one, under an idempotency key of the order's own, and the order knows it."""
    opened = [
        answered.answer["id"]
        for key, answered in world.stripe.answers.items()
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
            told[change["NewImage"]["pk"]["S"]] += new in SETTLED and old not in SETTLED
    for order in world.orders():
        pk = f"{order.merchant_id}#{order.order_id}"
        assert told[pk] == isinstance(order, SOLD), pk
        assert isinstance(order, (*SOLD, ExpiredOrder)) or order.state == "pending"


def _state(image: dict[str, Any] | None) -> str:
    return image["state"]["S"] if image and "state" in image else ""
