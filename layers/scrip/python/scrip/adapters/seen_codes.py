"""Marks of every code a merchant ever imported, so that none goes on sale twice.

Segment    pk `<merchant>#seen#<number>`, marks: those of a batch or a part of it, never changed;
           batch: whose they are
Head       pk `<merchant>#seen`, segment_count: how many there are

What is imported and its marks are recorded in one transaction that moves the head from what was
read. So two imports that share a code cannot both take it, and a batch that has begun keeps its
codes for itself until it is finished under its own Idempotency-Key. A mark costs 24 bytes written.
"""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from scrip.adapters.aws import ask, code_of
from scrip.adapters.mark_file import MarkFile
from scrip.adapters.stock_items import batch_item, batch_key, batch_of
from scrip.adapters.tables import Item, Table, encode_item
from scrip.domain.blind_index import Seen, pack_marks, unpack_marks
from scrip.domain.stock import Batch

SEGMENTS_AT_ONCE = 20
"""Read in one request: a megabyte, where segments are full."""


class SeenCodes:
    """Segments never change: those of the merchant asked last are kept, and only new ones read."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._merchant_id = ""
        self._segments = 0
        self._batches: list[str] = []
        self._marks = MarkFile()

    def find(self, merchant_id: str, marks: Sequence[bytes]) -> Seen:
        """Which of these marks are taken, as of now."""
        head = self.table.get(_head_key(merchant_id), consistent=True)
        self._read(merchant_id, head["segment_count"] if head else 0)
        found = self._marks.find(marks)
        return Seen(self._segments, {mark: self._batches[n] for mark, n in found.items()})

    def staging(self) -> MarkFile:
        """A place for the marks of a file that is only looked at."""
        return MarkFile()

    def _read(self, merchant_id: str, segments: int) -> None:
        if merchant_id != self._merchant_id or segments < self._segments:
            self._marks.close()
            self._merchant_id, self._segments, self._batches = merchant_id, 0, []
            self._marks = MarkFile()
        for first in range(self._segments, segments, SEGMENTS_AT_ONCE):
            numbers = range(first, min(segments, first + SEGMENTS_AT_ONCE))
            keys = [_segment_key(merchant_id, number) for number in numbers]
            for item in self.table.get_many(keys, consistent=True):
                self._keep(item["batch"], unpack_marks(item["marks"]))
            self._segments = numbers.stop

    def _keep(self, batch_id: str, marks: Sequence[bytes]) -> None:
        if batch_id not in self._batches[-SEGMENTS_AT_ONCE:]:
            self._batches.append(batch_id)
        number = len(self._batches) - 1 - self._batches[::-1].index(batch_id)
        self._marks.add(marks, number)

    def remember(self, merchant_id: str, batch_id: str, marks: Sequence[bytes], seen: Seen) -> None:
        """What was just recorded behind `seen` need not be read again."""
        if (self._merchant_id, self._segments) == (merchant_id, seen.segments):
            self._keep(batch_id, marks)
            self._segments += 1

    def record(self, batch: Batch, marks: list[bytes], seen: Seen) -> Batch | None:
        """The batch as recorded, by this run or an earlier one; None when `seen` is out of date."""
        actions = [
            *self.new_segment(batch.merchant_id, batch.batch_id, marks, seen),
            put_new(self.table, batch_item(batch)),
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

    def new_segment(
        self, merchant_id: str, batch_id: str, marks: Sequence[bytes], seen: Seen
    ) -> list[Item]:
        """A transaction's part: one more segment, if nobody else recorded one since `seen`."""
        head, number = _head_key(merchant_id), seen.segments
        return [
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
            put_new(
                self.table,
                {
                    **_segment_key(merchant_id, number),
                    "batch": batch_id,
                    "marks": pack_marks(marks),
                },
            ),
        ]


def put_new(table: Table, item: Item) -> Item:
    """A transaction's part: an item that is not there yet."""
    return {
        "Put": {
            "TableName": table.name,
            "Item": encode_item(item),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def _head_key(merchant_id: str) -> Item:
    return {"pk": f"{merchant_id}#seen"}


def _segment_key(merchant_id: str, number: int) -> Item:
    return {"pk": f"{merchant_id}#seen#{number}"}
