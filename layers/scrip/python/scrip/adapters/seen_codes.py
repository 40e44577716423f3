"""Marks of every code a merchant ever imported, so that none goes on sale twice.

Segment    pk `<merchant>#seen#<number>`, marks: the marks of one batch, never changed
Head       pk `<merchant>#seen`, segment_count: how many there are

A batch and its marks are recorded in one transaction that moves the head from what was read. So two
imports that share a code cannot both take it, and a batch that has begun keeps its codes for itself
until it is finished under its own Idempotency-Key. A mark costs 24 bytes of writes.
"""

from botocore.exceptions import ClientError

from scrip.adapters.aws import ask, code_of
from scrip.adapters.stock import batch_item, batch_key, batch_of
from scrip.adapters.tables import Item, Table, encode_item
from scrip.domain.blind_index import NOTHING_SEEN, Seen, pack_marks, unpack_marks
from scrip.domain.stock import Batch


class SeenCodes:
    """Segments never change: those of the merchant asked last are kept, and only new ones read."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._kept: tuple[str, Seen] = ("", NOTHING_SEEN)

    def load(self, merchant_id: str) -> Seen:
        head = self.table.get(_head_key(merchant_id), consistent=True)
        segments = head["segment_count"] if head else 0
        kept = self._kept[1] if self._kept[0] == merchant_id else NOTHING_SEEN
        if segments > kept.segments:
            keys = [_segment_key(merchant_id, n) for n in range(kept.segments, segments)]
            found = self.table.get_many(keys, consistent=True)
            new = (mark for item in found for mark in unpack_marks(item["marks"]))
            kept = Seen(segments, kept.marks.union(new))
            self._kept = (merchant_id, kept)
        return kept

    def record(self, batch: Batch, marks: list[bytes], seen: Seen) -> Batch | None:
        """The batch as recorded, by this run or an earlier one; None when `seen` is out of date."""
        head, number = _head_key(batch.merchant_id), seen.segments
        actions = [
            {
                "Update": {
                    "TableName": self.table.name,
                    "Key": encode_item(head),
                    "UpdateExpression": "SET segment_count = :new",
                    "ConditionExpression": (
                        "segment_count = :old" if number else "attribute_not_exists(pk)"
                    ),
                    "ExpressionAttributeValues": encode_item(
                        {":new": number + 1} | ({":old": number} if number else {})
                    ),
                }
            },
            self._put({**_segment_key(batch.merchant_id, number), "marks": pack_marks(marks)}),
            self._put(batch_item(batch)),
        ]
        try:
            ask(self.table.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            key = batch_key(batch.merchant_id, batch.variant_id, batch.batch_id)
            item = self.table.get(key, consistent=True)
            if item is None:
                return None
            return batch_of(batch.merchant_id, batch.variant_id, batch.batch_id, item)
        return batch

    def _put(self, item: Item) -> Item:
        return {
            "Put": {
                "TableName": self.table.name,
                "Item": encode_item(item),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }


def _head_key(merchant_id: str) -> Item:
    return {"pk": f"{merchant_id}#seen"}


def _segment_key(merchant_id: str, number: int) -> Item:
    return {"pk": f"{merchant_id}#seen#{number}"}
