"""Exports: who asked for codes, who approved, and where they were claimed.

pk merchant, sk `export#<id>`. Every move is made from what was read: `version` says which.
"""

from collections.abc import Iterator

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.errors import StoreUnavailable
from scrip.domain.export import Export
from scrip.domain.stock import ChunkRef, Pick

PREFIX = "export#"


class Exports:
    def __init__(self, table: Table) -> None:
        self.table = table

    def add(self, export: Export) -> Export:
        """The export of that id: this one, or the one that was there first."""
        try:
            self.table.put(_item(export), condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item is None:
                raise
            return export_of(error.item)
        return export

    def find(self, merchant_id: str, export_id: str) -> Export | None:
        item = self.table.get(_key(merchant_id, export_id), consistent=True)
        return export_of(item) if item else None

    def all(self, merchant_id: str) -> Iterator[Export]:
        values = {":pk": merchant_id, ":sk": PREFIX}
        for item in self.table.query("pk = :pk AND begins_with(sk, :sk)", values):
            yield export_of(item)

    def move(self, seen: Export, moved: Export) -> Export:
        """How the export stands now: as moved, or as somebody else moved it since it was seen."""
        try:
            self.table.put(
                _item(moved), condition="version = :seen", values={":seen": seen.version}
            )
        except ConditionFailed as error:
            if error.item is None:
                raise StoreUnavailable("the export is gone") from error
            return export_of(error.item)
        return moved


def _key(merchant_id: str, export_id: str) -> Item:
    return {"pk": merchant_id, "sk": PREFIX + export_id}


def _item(export: Export) -> Item:
    return {
        **_key(export.merchant_id, export.export_id),
        "variant_id": export.variant_id,
        "codes": export.codes,
        "reason": export.reason,
        "stands": export.state,
        "requested_by": export.requested_by,
        "requested_at_ms": export.requested_at_ms,
        "approved_by": export.approved_by,
        "downloads_until_ms": export.downloads_until_ms,
        "chunk": list(export.chunk) if export.chunk else None,
        "picks": [[*pick.chunk, pick.first_unit, pick.units] for pick in export.picks],
        "version": export.version,
    }


def export_of(item: Item) -> Export:
    return Export(
        merchant_id=item["pk"],
        export_id=item["sk"].removeprefix(PREFIX),
        variant_id=item["variant_id"],
        codes=item["codes"],
        reason=item["reason"],
        state=item["stands"],
        requested_by=item["requested_by"],
        requested_at_ms=item["requested_at_ms"],
        approved_by=item["approved_by"],
        downloads_until_ms=item["downloads_until_ms"],
        chunk=ChunkRef(*item["chunk"]) if item["chunk"] else None,
        picks=tuple(Pick(ChunkRef(*pick[:3]), *pick[3:]) for pick in item["picks"]),
        version=item["version"],
    )
