"""What of a variant is on offer: written into its directory, in one transaction with the codes that
change their chunk for it.

Those codes come into a chunk of the lane of what came back (`adapters/holds.py`), out of the front
of the chunk that they were in, if nobody claimed there since it was read.
"""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from scrip.adapters.aws import BUSY_REASONS, ask, code_of
from scrip.adapters.holds import count_part, lane_key
from scrip.adapters.stock import Stock
from scrip.adapters.stock_items import (
    chunk_key,
    directory_write,
    new_chunk,
    put_part,
    sells,
    unpack,
)
from scrip.adapters.tables import Item, encode_item
from scrip.domain.chunk_range import Lane
from scrip.domain.directory import Directory
from scrip.domain.errors import StoreUnavailable
from scrip.domain.offer import Excess
from scrip.domain.stock import ChunkRef, chunk_capacity, return_lane


class Offers:
    def __init__(self, stock: Stock) -> None:
        self.stock = stock

    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory:
        return self.stock.directory(merchant_id, variant_id, consistent=consistent)

    def free(
        self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]
    ) -> dict[ChunkRef, int]:
        """Codes that can be claimed in each of these chunks."""
        found = self.stock.chunks(merchant_id, variant_id, chunks)
        return {ref: len(item["free"]) if sells(item) else 0 for ref, item in found.items()}

    def rewrite(
        self,
        merchant_id: str,
        variant_id: str,
        seen: Directory,
        new: Directory,
        excess: Excess | None,
    ) -> bool:
        """False when anything is no longer as it was seen."""
        table, moves = self.stock.table.name, list[Item]()
        if excess is not None:
            chunk = excess.chunk
            item = self.stock.chunks(merchant_id, variant_id, [chunk])[chunk]
            free = item["free"]
            if not sells(item) or len(free) <= excess.codes:
                return False
            key = lane_key(merchant_id, variant_id, chunk.batch_id)
            number = (self.stock.table.get(key, consistent=True) or {}).get("chunks", 0)
            lane, until_ms = return_lane(chunk.batch_id), excess.until_ms
            codes, ref = free[: excess.codes], ChunkRef(lane, number, 0)
            size = chunk_capacity(max(len(unpack(code).ciphertext) for code in codes))
            new = new.with_lanes([Lane(lane, number, 1, len(codes), size, until_ms)], new_codes=0)
            moves = [
                _move_out(table, chunk_key(merchant_id, variant_id, chunk), free, excess.codes),
                put_part(table, new_chunk(merchant_id, variant_id, ref, codes, until_ms)),
                count_part(table, key, number, number + 1),
            ]
        moves.append(directory_write(table, merchant_id, variant_id, seen, new))
        try:
            ask(self.stock.table.client.transact_write_items, TransactItems=moves)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            reasons = {each.get("Code") for each in error.response.get("CancellationReasons", ())}
            if reasons & BUSY_REASONS:
                raise StoreUnavailable("TransactionConflict") from error
            return False
        return True


def _move_out(table: str, key: Item, free: list[bytes], codes: int) -> Item:
    """A transaction's part: the first codes leave a chunk that still has just these."""
    return {
        "Update": {
            "TableName": table,
            "Key": encode_item(key),
            "UpdateExpression": "SET #free = :left",
            "ConditionExpression": "#free = :free AND attribute_not_exists(shut)",
            "ExpressionAttributeNames": {"#free": "free"},
            "ExpressionAttributeValues": encode_item({":free": free, ":left": free[codes:]}),
        }
    }
