"""Codes that suppliers sold for units of orders, each sealed under a data key of its own.

Bought code   pk `<merchant>#<order>#<line>#<unit>`, reference: of the attempt that bought it,
              sealed_key, ciphertext, kept_at_ms, rewrapped_at_ms

A unit has one code, for ever: it is written on condition that there is none. What is shredded
leaves a mark in its place, as a code from stock does.
"""

from scrip.adapters.keys import Context, Keys, context_of
from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.adapters.vault import mark_named, open_named, seal_named
from scrip.domain.code import Code, DataKey
from scrip.domain.errors import CodesShredded, SealBroken, StoreUnavailable
from scrip.domain.line import Line
from scrip.domain.order import Order
from scrip.domain.top_up import Unit


class BoughtCodes:
    def __init__(self, table: Table, keys: Keys) -> None:
        self.table = table
        self.keys = keys

    def keep(self, unit: Unit, code: Code, reference: str, now_ms: int) -> bool:
        """Whether it is the unit's code now, or was: False if the unit has another one. Raises
        SealBroken."""
        key = self.keys.new_data_key(context_of_unit(unit))
        item = {
            **_key(unit),
            "reference": reference,
            "sealed_key": key.sealed,
            "ciphertext": seal_named(key, _name(unit), code),
            "kept_at_ms": now_ms,
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item is None:
                raise
            try:
                return self._open(unit, error.item) == code
            except CodesShredded:
                return True  # nobody knows any more which one it was
        return True

    def has(self, unit: Unit) -> bool:
        return self.table.get(_key(unit), consistent=True) is not None

    def open_line(self, order: Order, line: Line) -> list[Code | None]:
        """The codes of a line, one for each of its `units_with_codes`; None for one that was
        shredded. Raises SealBroken."""
        units = [
            Unit(order.merchant_id, order.order_id, line.number, unit)
            for unit in line.units_with_codes
        ]
        items = self.table.get_many([_key(unit) for unit in units], consistent=True)
        found = {item["pk"]: item for item in items}
        return [self._shown(unit, found.get(_key(unit)["pk"])) for unit in units]

    def shred(self, unit: Unit) -> None:
        """Destroy its ciphertext. Safe to repeat. Raises SealBroken where there is none."""
        item = self.table.get(_key(unit), consistent=True)
        if item is None:
            raise SealBroken("a bought code is gone")
        mark = mark_named(self._data_key(unit, item), _name(unit))
        try:
            self.table.update(
                _key(unit),
                "SET ciphertext = :mark",
                condition="ciphertext = :seen",
                values={":mark": mark, ":seen": item["ciphertext"]},
            )
        except ConditionFailed as error:
            raise StoreUnavailable("the code changed meanwhile") from error

    def _shown(self, unit: Unit, item: Item | None) -> Code | None:
        if item is None:
            raise SealBroken("a bought code is gone")
        try:
            return self._open(unit, item)
        except CodesShredded:
            return None

    def _open(self, unit: Unit, item: Item) -> Code:
        return open_named(self._data_key(unit, item), _name(unit), item["ciphertext"])

    def _data_key(self, unit: Unit, item: Item) -> DataKey:
        sealed: bytes = item["sealed_key"]
        return DataKey(sealed, self.keys.open(sealed, context_of_unit(unit)))


def context_of_unit(unit: Unit) -> Context:
    """A purpose of its own: who buys codes can open none from stock."""
    return context_of(
        "bought", unit.merchant_id, order=unit.order_id, line=str(unit.line), unit=str(unit.unit)
    )


def unit_of_item(item: Item) -> Unit:
    merchant_id, order_id, line, unit = item["pk"].split("#")
    return Unit(merchant_id, order_id, int(line), int(unit))


def _key(unit: Unit) -> Item:
    return {"pk": f"{unit.merchant_id}#{unit.order_id}#{unit.line}#{unit.unit}"}


def _name(unit: Unit) -> bytes:
    return "|".join(("bought", *map(str, unit))).encode()
