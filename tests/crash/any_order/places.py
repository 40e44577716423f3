"""Where each code is: in exactly one place, as the tables say."""

from enum import Enum
from typing import NamedTuple

from scrip.adapters.stock_items import LET_GO, unpack
from scrip.adapters.tables import Item
from scrip.domain.order import Order, SettledOrder
from scrip.domain.stock import batch_of_lane, parse_unit_key
from tests.crash.world import World


class Kind(Enum):
    NOWHERE = "nowhere"
    ON_SALE = "on sale"
    HELD = "held"
    SOLD = "sold"
    BAD = "bad"
    """Its buyer got another one."""

    EXPORTED = "exported"
    ENDED = "ended"
    RECALLED = "recalled"
    SHREDDED = "shredded"
    """With its whole batch, unsold."""


class Place(NamedTuple):
    """`owner`: the order or export whose unit it is."""

    kind: Kind
    owner: str = ""
    line: int = 0
    unit: int = 0


class Code(NamedTuple):
    """`number`: its index in its batch."""

    variant: str
    batch_id: str
    number: int


Places = dict[Code, Place]


def where_codes_are(world: World) -> Places:
    stock = {item["pk"]: item for item in world.items("stock")}
    orders = {order.order_id: order for order in world.orders()}
    found: Places = {}
    for pk, chunk in stock.items():
        if "free" not in chunk:
            continue
        merchant, variant, lane, _ = pk.split("#")
        batch_id = batch_of_lane(lane)
        batch = stock[f"{merchant}#{variant}#batch#{batch_id}"]
        places = [(packed, _unsold(batch, chunk, world.clock.at_ms)) for packed in chunk["free"]]
        places += [
            (packed, _taken(unit, orders))
            for unit, packed in chunk["claimed"].items()
            if packed != LET_GO
        ]
        for packed, place in places:
            code = Code(variant, batch_id, unpack(packed).index)
            assert code not in found, "a code is in two places"
            found[code] = place
    return found


def _unsold(batch: Item, chunk: Item, now_ms: int) -> Place:
    if "shredded_at_ms" in batch:
        return Place(Kind.SHREDDED)
    if "recall" in batch:
        return Place(Kind.RECALLED)
    if 0 < chunk.get("until_ms", 0) <= now_ms:
        return Place(Kind.ENDED)
    assert "shut" not in chunk, "a code that nobody can buy, for no reason"
    return Place(Kind.ON_SALE)


def _taken(unit_key: str, orders: dict[str, Order]) -> Place:
    order_id, number, unit, swapped = parse_unit_key(unit_key)
    order = orders.get(order_id)
    if order is None:
        return Place(Kind.EXPORTED, order_id, number, unit)
    if not isinstance(order, SettledOrder):
        return Place(Kind.HELD, order_id, number, unit)
    bad = order.line(number).swapped(unit) and not swapped
    return Place(Kind.BAD if bad else Kind.SOLD, order_id, number, unit)
