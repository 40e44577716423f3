"""Records of batches: listed, recalled, and what became of their codes.

Batch      pk `<merchant>#<variant>#batch#<batch>`, recall: who, why, when, and the chunks that
           orders may point to
Lane       pk `<merchant>#<variant>#<batch>.r`, shut: nothing of it comes back on sale

A recall takes the batch out of the directory in one transaction with its record and its lane. That
fails when more chunks have closed meanwhile than its reach allows for.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from botocore.exceptions import ClientError

from scrip.adapters.aws import BUSY_REASONS, ask, code_of
from scrip.adapters.holds import lane_key
from scrip.adapters.stock import WRITERS, Stock
from scrip.adapters.stock_items import LET_GO, batch_key, batch_of, directory_write, variant_key
from scrip.adapters.tables import ConditionFailed, Item, encode_item
from scrip.domain.batch_record import SLACK, BatchRecord, Recall
from scrip.domain.chunk_range import Lane, Reach
from scrip.domain.directory import Directory
from scrip.domain.errors import StoreUnavailable
from scrip.domain.stock import Batch, ChunkRef, Shut, UnitKey, parse_unit_key

BY_VARIANT = "by_variant"


class Looked(NamedTuple):
    """What a chunk holds: codes for somebody, and codes for nobody yet."""

    claimed: list[UnitKey]
    free: int


class Batches:
    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.table = stock.table

    def find(self, merchant_id: str, variant_id: str, batch_id: str) -> BatchRecord | None:
        item = self.table.get(batch_key(merchant_id, variant_id, batch_id), consistent=True)
        return _record(item) if item else None

    def listed(
        self, merchant_id: str, variant_id: str, until_ms: int, limit: int
    ) -> list[BatchRecord]:
        """Batches of a variant begun at `until_ms` or before, newest first."""
        keys = self.table.query(
            "variant = :variant AND created_at_ms <= :until",
            {":variant": variant_key(merchant_id, variant_id), ":until": until_ms},
            index=BY_VARIANT,
            newest_first=True,
            limit=limit,
        )
        found = self.table.get_many([{"pk": key["pk"]} for key in keys])
        records = [_record(item) for item in found]
        return sorted(records, key=lambda each: each.batch.created_at_ms, reverse=True)

    def recall(self, seen: BatchRecord, directory: Directory, recall: Recall) -> bool:
        """Take a batch off sale. False when anything is no longer as it was seen."""
        batch, table = seen.batch, self.table.name
        shop, variant = batch.merchant_id, batch.variant_id
        actions = [
            update_part(
                table,
                batch_key(shop, variant, batch.batch_id),
                "SET recall = :recall",
                "published = :published AND attribute_not_exists(recall)",
                {":recall": _recall_item(recall), ":published": batch.published},
            ),
            update_part(
                table,
                lane_key(shop, variant, batch.batch_id),
                "SET shut = if_not_exists(shut, :why)",  # it was, if the batch was shredded
                "",
                {":why": Shut.RECALLED.value},
            ),
        ]
        if directory.version:
            gone = directory_write(
                table, shop, variant, directory, directory.without(batch.batch_id)
            )
            # Each chunk that closes moves a window on by one: no further than the reach foresaw.
            write = gone["Update"]
            write["ConditionExpression"] += (
                " AND (attribute_not_exists(closed) OR size(closed) < :most)"
            )
            write["ExpressionAttributeValues"] |= encode_item(
                {":most": len(directory.closed) + SLACK}
            )
            actions.append(gone)
        try:
            ask(self.table.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            reasons = {each.get("Code") for each in error.response.get("CancellationReasons", ())}
            if reasons & BUSY_REASONS:
                raise StoreUnavailable("TransactionConflict") from error
            return False
        return True

    def shut(self, batch: Batch, chunks: Sequence[ChunkRef]) -> int:
        """Take these chunks off sale for good; unsold codes in them. Safe to repeat."""

        def shut(chunk: ChunkRef) -> int:
            after = self.stock.shut(batch.merchant_id, batch.variant_id, chunk, Shut.RECALLED)
            return len(after["free"])

        with ThreadPoolExecutor(WRITERS) as pool:
            return sum(pool.map(shut, chunks))

    def went_on(self, batch: Batch, seen: Recall, now: Recall) -> Recall:
        """Record how far a recall went, unless another run did; how far it went then."""
        try:
            self.table.update(
                batch_key(batch.merchant_id, batch.variant_id, batch.batch_id),
                "SET recall = :now",
                condition="recall.shut = :seen",
                values={":seen": seen.shut, ":now": _recall_item(now)},
            )
        except ConditionFailed as error:
            return recall_of(error.item or {}) or now
        return now

    def returned(self, batch: Batch) -> int:
        """How many chunks of codes came back."""
        key = lane_key(batch.merchant_id, batch.variant_id, batch.batch_id)
        item = self.table.get(key, consistent=True)
        return int(item.get("chunks", 0)) if item else 0

    def left_over(self, batch: Batch, chunks: Sequence[ChunkRef], now_ms: int) -> int:
        """Unsold codes in those of these chunks that are past their end."""
        items = self.stock.chunks(batch.merchant_id, batch.variant_id, chunks).values()
        return sum(len(each["free"]) for each in items if 0 < each.get("until_ms", 0) <= now_ms)

    def look(self, batch: Batch, chunks: Sequence[ChunkRef]) -> dict[ChunkRef, Looked]:
        """What these chunks hold; a chunk that is not there is left out."""
        items = self.stock.chunks(batch.merchant_id, batch.variant_id, chunks)
        return {
            ref: Looked(
                [parse_unit_key(unit) for unit, code in item["claimed"].items() if code != LET_GO],
                len(item["free"]),
            )
            for ref, item in items.items()
        }


def update_part(
    table: str, key: Item, expression: str, condition: str, values: Item
) -> dict[str, Item]:
    """A transaction's part: an update, under a condition if there is one."""
    return {
        "Update": {
            "TableName": table,
            "Key": encode_item(key),
            "UpdateExpression": expression,
            **({"ConditionExpression": condition} if condition else {}),
            "ExpressionAttributeValues": encode_item(values),
        }
    }


def _record(item: Item) -> BatchRecord:
    merchant_id, variant_id, _, batch_id = item["pk"].split("#")
    return BatchRecord(
        batch_of(merchant_id, variant_id, batch_id, item),
        tuple(Lane(*each) for each in item.get("lanes", ())),
        recall_of(item),
    )


def recall_of(item: Item) -> Recall | None:
    """The recall that a batch's item holds."""
    kept = item.get("recall")
    if kept is None:
        return None
    reach = tuple(Reach(*each) for each in kept["reach"])
    return Recall(**(kept | {"reach": reach}))


def _recall_item(recall: Recall) -> Item:
    return {
        "by": recall.by,
        "reason": recall.reason,
        "at_ms": recall.at_ms,
        "reach": [list(each) for each in recall.reach],
        "shut": recall.shut,
        "codes": recall.codes,
    }
