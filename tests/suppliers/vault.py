"""Codes that were bought, sealed as in production, in a table and under keys that are in memory."""

from itertools import count
from typing import Any

from scrip.adapters.bought_codes import BoughtCodes
from scrip.adapters.keys import Context
from scrip.adapters.tables import ConditionFailed, Item
from scrip.domain.code import DataKey
from scrip.domain.errors import SealBroken


class MemoryTable:
    """As much of a table as codes need."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}

    def get(self, key: Item, *, consistent: bool = False) -> Item | None:
        return self.items.get(key["pk"])

    def get_many(self, keys: list[Item], *, consistent: bool = False) -> list[Item]:
        return [self.items[key["pk"]] for key in keys if key["pk"] in self.items]

    def put(self, item: Item, *, condition: str) -> None:
        assert condition == "attribute_not_exists(pk)"
        if item["pk"] in self.items:
            raise ConditionFailed(self.items[item["pk"]])
        self.items[item["pk"]] = item


class MemoryKeys:
    def __init__(self) -> None:
        self._plain: dict[tuple[bytes, str], bytes] = {}
        self._numbers = count(1)

    def new_data_key(self, context: Context) -> DataKey:
        number = next(self._numbers)
        key = DataKey(b"sealed %d" % number, b"%032d" % number)
        self._plain[key.sealed, str(context)] = key.plain
        return key

    def open(self, sealed: bytes, context: Context) -> bytes:
        try:
            return self._plain[sealed, str(context)]
        except KeyError:
            raise SealBroken(context["purpose"]) from None


def bought_codes() -> BoughtCodes:
    table: Any = MemoryTable()
    keys: Any = MemoryKeys()
    return BoughtCodes(table, keys)
