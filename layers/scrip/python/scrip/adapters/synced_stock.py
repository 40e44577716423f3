"""Units that follow a supplier's level: put on sale and taken off again.

Synced     pk `<merchant>#<variant>#synced`: the fields of `domain.synced_level.Synced`, level as
           [units, as_of_ms, counted_until_ms], marks as a list of [at_ms, claimed]

Each change is one transaction: chunks, batches and the directory, whose `codes` is the sum that a
pull corrects; on condition that the directory is as it was seen and that no other run has pulled
since. So nothing is ever half done, and a change that was made cannot be made again.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from scrip.adapters.aws import BUSY_REASONS, ask, code_of
from scrip.adapters.batches import update_part
from scrip.adapters.stock import Stock
from scrip.adapters.stock_items import (
    batch_item,
    batch_key,
    check_part,
    chunk_key,
    directory_key,
    directory_write,
    new_chunk,
    pack,
    put_part,
    sells,
    unchanged,
)
from scrip.adapters.tables import Item
from scrip.domain.blind_index import BATCH_ID_LENGTH
from scrip.domain.chunk_range import Lane
from scrip.domain.directory import COMPACT_AFTER, Directory
from scrip.domain.errors import StoreUnavailable
from scrip.domain.offer import in_stock
from scrip.domain.stock import NEVER_MS, Batch, ChunkRef, SealedCode, chunk_capacity, lane_of
from scrip.domain.synced_level import (
    Failure,
    Mark,
    SupplierLevel,
    Synced,
    SyncSuperseded,
    take_away,
)

BLANK = b""
PER_CHUNK = chunk_capacity(0)
CHUNKS_ADDED = 90
CHUNKS_TAKEN_FROM = 48
"""At once, each of its own batch at worst: DynamoDB takes 100 items."""


class SyncedStock:
    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.table = stock.table

    def find(self, merchant_id: str, variant_id: str) -> Synced:
        item = self.table.get(_key(merchant_id, variant_id), consistent=True)
        return _synced(item) if item else Synced()

    def free(self, merchant_id: str, variant_id: str, directory: Directory) -> int:
        """Units that could be sold, on offer or kept."""
        chunks = directory.pointed_at(NEVER_MS)
        items = self.stock.chunks(merchant_id, variant_id, chunks)
        return in_stock(directory, {ref: _free(item) for ref, item in items.items()}, NEVER_MS)

    def keep(
        self, merchant_id: str, variant_id: str, old: Synced, new: Synced, directory: Directory
    ) -> bool:
        """False when another run kept something since, or the directory is not as it was seen:
        then what was counted by it may be wrong."""
        same = "version = :old" if old.version else "attribute_not_exists(pk)"
        values = {":old": old.version} if old.version else {}
        item = {**_key(merchant_id, variant_id), **_item(new)}
        return self._write(
            [
                put_part(self.table.name, item, same, values),
                unchanged(self.table.name, merchant_id, variant_id, directory),
            ]
        )

    def add(
        self,
        merchant_id: str,
        variant_id: str,
        directory: Directory,
        units: int,
        pull: Synced,
        now_ms: int,
    ) -> int:
        """Put up to so many units on sale, as a batch of their own. 0: the directory was not as it
        was seen. Raises SyncSuperseded."""
        table, units = self.table.name, min(units, CHUNKS_ADDED * PER_CHUNK)
        # A version of a directory is written over once: no other batch has this name.
        batch_id = f"{directory.version:0{BATCH_ID_LENGTH}x}"
        lane = lane_of(batch_id)
        blanks = [pack(SealedCode(index, BLANK)) for index in range(units)]
        chunks = [blanks[at : at + PER_CHUNK] for at in range(0, units, PER_CHUNK)]
        added = Lane(lane, 0, len(chunks), units, PER_CHUNK)
        batch = Batch(
            merchant_id=merchant_id,
            variant_id=variant_id,
            batch_id=batch_id,
            sealed_key=b"",
            fingerprint=units.to_bytes(16, "big"),
            codes=units,
            known=frozenset(),
            published=True,
            created_at_ms=now_ms,
        )
        new = directory.with_lanes([added], new_codes=units)
        done = self._write(
            [
                *(
                    put_part(
                        table,
                        new_chunk(
                            merchant_id, variant_id, ChunkRef(lane, number, 0), free, NEVER_MS
                        ),
                    )
                    for number, free in enumerate(chunks)
                ),
                put_part(table, {**batch_item(batch), "lanes": [list(added)]}),
                directory_write(table, merchant_id, variant_id, directory, new),
            ],
            pull=(merchant_id, variant_id, pull),
        )
        return units if done else 0

    def take(
        self, merchant_id: str, variant_id: str, directory: Directory, units: int, pull: Synced
    ) -> int | None:
        """Take up to so many units off sale for good; how many. 0: none is left. None: something
        was not as it was seen. Raises SyncSuperseded.

        Who is pointed at a chunk that is emptied finds it exhausted, as if others had bought all.
        """
        table = self.table.name
        items = self.stock.chunks(merchant_id, variant_id, directory.pointed_at(NEVER_MS))
        open_ = [ref for ref, item in items.items() if _free(item)]
        # What is kept goes first: it was not promised to anybody.
        kept = directory.kept_back()
        open_ = [ref for ref in open_ if kept.lists(ref)] or open_
        free = [_free(items[ref]) for ref in open_]
        taken = [
            (open_[each.place], each.left) for each in take_away(free, units, CHUNKS_TAKEN_FROM)
        ]
        less: dict[str, int] = defaultdict(int)
        for ref, left in taken:
            less[ref.batch_id] += _free(items[ref]) - left
        emptied = {ref.position for ref, item in items.items() if not _free(item)}
        emptied |= {ref.position for ref, left in taken if not left}
        if not emptied and not taken:
            return 0
        done = self._write(
            [
                *(
                    _left_in(table, chunk_key(merchant_id, variant_id, ref), items[ref], left)
                    for ref, left in taken
                ),
                *(
                    update_part(
                        table,
                        batch_key(merchant_id, variant_id, batch_id),
                        "SET codes = codes - :less",
                        "attribute_not_exists(recall)",
                        {":less": count},
                    )
                    for batch_id, count in less.items()
                ),
                _fewer(table, merchant_id, variant_id, directory, sum(less.values()), emptied),
            ],
            pull=(merchant_id, variant_id, pull),
        )
        if not done or not taken:
            return None  # behind what was exhausted there may be more
        if len(directory.closed) + len(emptied) >= COMPACT_AFTER:
            self._compact(merchant_id, variant_id)
        return sum(less.values())

    def _compact(self, merchant_id: str, variant_id: str) -> None:
        """As who closes the last chunk of many does."""
        seen = self.stock.directory(merchant_id, variant_id, consistent=True)
        compacted = seen.compacted()
        if compacted:
            self.stock.rewrite(merchant_id, variant_id, seen, compacted)

    def _write(self, actions: Sequence[Item], pull: tuple[str, str, Synced] | None = None) -> bool:
        """Whether it was done. Raises SyncSuperseded unless `pull` is the last one."""
        last = []
        if pull:
            merchant_id, variant_id, synced = pull
            key = _key(merchant_id, variant_id)
            last.append(check_part(self.table.name, key, synced.version))
        try:
            ask(self.table.client.transact_write_items, TransactItems=[*last, *actions])
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            reasons = [each.get("Code") for each in error.response.get("CancellationReasons", ())]
            if pull and reasons[:1] == ["ConditionalCheckFailed"]:
                raise SyncSuperseded from error
            if BUSY_REASONS & {*reasons} and "ConditionalCheckFailed" not in reasons:
                raise StoreUnavailable("TransactionConflict") from error
            return False
        return True


def _free(chunk: Item) -> int:
    return len(chunk["free"]) if sells(chunk) else 0


def _left_in(table: str, key: Item, chunk: Item, left: int) -> Item:
    """A transaction's part: the chunk with its first free units only, if they are as seen."""
    part = update_part(
        table,
        key,
        "SET #free = :left",
        "#free = :seen AND attribute_not_exists(shut)",
        {":seen": chunk["free"], ":left": chunk["free"][:left]},
    )
    part["Update"]["ExpressionAttributeNames"] = {"#free": "free"}
    return part


def _fewer(
    table: str, merchant_id: str, variant_id: str, seen: Directory, units: int, closed: set[int]
) -> Item:
    """A transaction's part: the directory with fewer units, and these chunks closed."""
    values: dict[str, Any] = {
        ":seen": seen.version,
        ":new": seen.version + 1,
        ":codes": seen.codes - units,
    }
    return update_part(
        table,
        directory_key(merchant_id, variant_id),
        "SET codes = :codes, version = :new" + (" ADD closed :closed" if closed else ""),
        "version = :seen",
        values | ({":closed": closed} if closed else {}),
    )


def _key(merchant_id: str, variant_id: str) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#synced"}


def _item(synced: Synced) -> Item:
    return {
        "began_at_ms": synced.began_at_ms,
        "asked_at_ms": synced.asked_at_ms,
        "level": list(synced.level) if synced.level else None,
        "counted": synced.counted,
        "marks": [list(each) for each in synced.marks],
        "failure": synced.failure.value if synced.failure else None,
        "off_sale": synced.off_sale,
        "version": synced.version,
    }


def _synced(item: Item) -> Synced:
    return Synced(
        began_at_ms=item["began_at_ms"],
        asked_at_ms=item["asked_at_ms"],
        level=SupplierLevel(*item["level"]) if item["level"] else None,
        counted=item["counted"],
        marks=tuple(Mark(*each) for each in item["marks"]),
        failure=Failure(item["failure"]) if item["failure"] else None,
        off_sale=item["off_sale"],
        version=item["version"],
    )
