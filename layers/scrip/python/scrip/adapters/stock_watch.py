"""What is kept of a variant between two looks at its stock, and how far the looking went.

Watched    pk `<merchant>#<variant>#watched`, levels: a list of [at_ms, available, imported,
           expired, recalls, kept], oldest first, at most one a day for a month; and what else
           `Watched` has
Mark       pk `watch` or `sync`, done_merchant, done_variant: where a run over all variants
           stopped that had no more time
"""

from collections.abc import Sequence

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.stock_level import Level
from scrip.domain.stock_warning import About, Place, Watched


class Progress:
    """How far a run over all merchants went; `name` is the mark's key."""

    def __init__(self, table: Table, name: str) -> None:
        self.table = table
        self.key = {"pk": name}

    def mark(self) -> Place:
        item = self.table.get(self.key)
        return Place(item["done_merchant"], item["done_variant"]) if item else Place()

    def set_mark(self, place: Place) -> None:
        """Two runs at once may each set it: at worst some variants are looked at twice or a run
        later."""
        self.table.put({**self.key, "done_merchant": place.merchant_id, "done_variant": place.name})


class StockWatch(Progress):
    def __init__(self, table: Table) -> None:
        super().__init__(table, "watch")

    def watched(self, merchant_id: str, variant_id: str) -> Watched:
        item = self.table.get(_key(merchant_id, variant_id))
        return _watched(item) if item else Watched()

    def all_watched(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Watched]:
        """By variant id."""
        keys = {_key(merchant_id, each)["pk"]: each for each in variant_ids}
        found = self.table.get_many([{"pk": pk} for pk in keys])
        known = {keys[item["pk"]]: _watched(item) for item in found}
        return {each: known.get(each, Watched()) for each in variant_ids}

    def keep(self, merchant_id: str, variant_id: str, old: Watched, new: Watched) -> None:
        """Unless another run kept something since."""
        item = {
            **_key(merchant_id, variant_id),
            "levels": [list(each) for each in new.levels],
            "day": new.day,
            "directory_version": new.directory_version,
            "warned": sorted(each.value for each in new.warned),
            "ends_warned": sorted(new.ends_warned),
            "warnings": new.warnings,
            "version": new.version,
        }
        condition = "version = :old" if old.version else "attribute_not_exists(pk)"
        values = {":old": old.version} if old.version else None
        try:
            self.table.put(item, condition=condition, values=values)
        except ConditionFailed:
            return


def _key(merchant_id: str, variant_id: str) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#watched"}


def _watched(item: Item) -> Watched:
    return Watched(
        levels=tuple(Level(*each) for each in item["levels"]),
        day=item["day"],
        directory_version=item["directory_version"],
        warned=frozenset(map(About, item["warned"])),
        ends_warned=frozenset(item["ends_warned"]),
        warnings=item["warnings"],
        version=item["version"],
    )
