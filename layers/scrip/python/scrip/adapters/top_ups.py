"""Units that suppliers deliver, one item each, written on condition that it is as it was seen.

TopUp   pk `<merchant>#<order>#<line>#<unit>`, supplier, sku, worth as [amount, currency], the
        attempt's fields, tried as lists of [reference, supplier, sku, reason], closed,
        waited_at_ms, waits_for, done_at_ms, earlier_at_ms, kind unless it is `top_up`, version,
        writer: who wrote this version

What the buyer filled in is not here: it stays with the order.
"""

from dataclasses import replace
from secrets import token_hex

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.attempt import Attempt, AttemptState
from scrip.domain.goods import Kind
from scrip.domain.money import Money
from scrip.domain.route import Barred, Route
from scrip.domain.top_up import TopUp, TopUpMoved, Tried, Unit

NUMBERS = ("since_ms", "sends", "sent_at_ms", "asked", "asked_at_ms", "missing")
TIMES = ("waited_at_ms", "done_at_ms", "earlier_at_ms")
TEXTS = ("ref", "receipt", "code", "reason")


class TopUps:
    def __init__(self, table: Table) -> None:
        self.table = table

    def find(self, unit: Unit) -> TopUp | None:
        item = self.table.get(_key(unit), consistent=True)
        return _top_up(item) if item else None

    def find_many(self, units: list[Unit]) -> dict[Unit, TopUp]:
        items = self.table.get_many([_key(unit) for unit in units], consistent=True)
        found = [_top_up(item) for item in items]
        return {each.unit: each for each in found}

    def save(self, top_up: TopUp) -> TopUp:
        """As it is kept now. Raises TopUpMoved when it was not as it was seen."""
        kept, writer = replace(top_up, version=top_up.version + 1), token_hex(8)
        seen = {":seen": top_up.version} if top_up.version else None
        try:
            self.table.put(
                _item(kept) | {"writer": writer},
                condition="version = :seen" if seen else "attribute_not_exists(pk)",
                values=seen,
            )
        except ConditionFailed as error:
            if error.item is None:
                raise
            # This very write, its answer lost and repeated. Not by what it says: two who send at
            # one moment write the same, and only one of them may send.
            if error.item["writer"] == writer:
                return kept
            raise TopUpMoved(_top_up(error.item)) from error
        return kept


def _key(unit: Unit) -> Item:
    return {"pk": f"{unit.merchant_id}#{unit.order_id}#{unit.line}#{unit.unit}"}


def _item(top_up: TopUp) -> Item:
    attempt, route = top_up.attempt, top_up.route
    item = {
        **_key(top_up.unit),
        "reference": attempt.reference,
        "supplier": attempt.supplier,
        "sku": route.sku,
        "state": attempt.state.value,
        "version": top_up.version,
    }
    if route.worth:
        item["worth"] = [route.worth.amount_minor, route.worth.currency]
    if top_up.closed:
        item["closed"] = True
    if top_up.kind is not Kind.TOP_UP:
        item["kind"] = top_up.kind.value
    for name in TIMES:
        if at_ms := getattr(top_up, name):
            item[name] = at_ms
    if top_up.waits_for:
        item["waits_for"] = [each.value for each in top_up.waits_for]
    if top_up.tried:
        item["tried"] = [list(each) for each in top_up.tried]
    item |= {name: getattr(attempt, name) for name in (*NUMBERS, *TEXTS) if getattr(attempt, name)}
    return item


def _top_up(item: Item) -> TopUp:
    merchant_id, order_id, line, unit = item["pk"].split("#")
    facts = {name: item.get(name, 0) for name in NUMBERS}
    facts |= {name: item.get(name, "") for name in TEXTS}
    return TopUp(
        unit=Unit(merchant_id, order_id, int(line), int(unit)),
        route=Route(
            item["supplier"], item["sku"], Money(*item["worth"]) if "worth" in item else None
        ),
        attempt=Attempt(
            reference=item["reference"],
            supplier=item["supplier"],
            state=AttemptState(item["state"]),
            **facts,
        ),
        tried=tuple(Tried(*each) for each in item.get("tried", ())),
        version=item["version"],
        closed=item.get("closed", False),
        **{name: item.get(name, 0) for name in TIMES},
        kind=Kind(item.get("kind", Kind.TOP_UP.value)),
        waits_for=tuple(map(Barred, item.get("waits_for", ()))),
    )
