"""Chunks, directories and batches of sealed codes. `domain/stock.py` says what must hold.

Chunk      pk `<merchant>#<variant>#<batch>#<number>`, free: list of sealed codes, claimed: map of
           unit key to sealed code. A sealed code is 4 bytes of index and the ciphertext.
Directory  pk `<merchant>#<variant>#directory`
Batch      pk `<merchant>#<variant>#batch#<batch>`
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from scrip.adapters.aws import ask, code_of
from scrip.adapters.tables import ConditionFailed, Item, Table, encode_item
from scrip.domain.errors import StoreUnavailable
from scrip.domain.stock import (
    Batch,
    BatchRange,
    ChunkRef,
    Claim,
    Directory,
    Pick,
    SealedCode,
    unit_key,
)

INDEX_BYTES = 4
WRITERS = 8


class Stock:
    def __init__(self, table: Table) -> None:
        self.table = table

    def claim(
        self,
        merchant_id: str,
        variant_id: str,
        chunk: ChunkRef,
        order_id: str,
        line: int,
        first_unit: int,
        wanted: int,
    ) -> Claim:
        """Move up to `wanted` codes of a chunk to units of an order line, once.

        Repeating it finds the units of the first time. Fewer than `wanted` means that the chunk
        is exhausted, for good.
        """
        key = _chunk_key(merchant_id, variant_id, chunk.batch_id, chunk.number)
        take = wanted
        while True:
            units = [unit_key(order_id, line, first_unit + n) for n in range(take)]
            # Removed from the back, so that engines that renumber while removing agree with those
            # that do not.
            moves = ", ".join(f"claimed.#u{n} = #free[{n}]" for n in range(take))
            gone = ", ".join(f"#free[{n}]" for n in reversed(range(take)))
            try:
                after = self.table.update(
                    key,
                    f"SET {moves} REMOVE {gone}",
                    condition=(
                        f"attribute_exists(#free[{take - 1}]) AND attribute_not_exists(claimed.#u0)"
                    ),
                    names={"#free": "free"} | {f"#u{n}": unit for n, unit in enumerate(units)},
                    values={},
                    returns="ALL_NEW",
                )
                return Claim(take, len(after["free"]))
            except ConditionFailed as error:
                if error.item is None:
                    raise LookupError(f"chunk {chunk} of {variant_id} is gone") from error
                ours = _units_of(error.item, order_id, line, first_unit)
                left = len(error.item["free"])
                if ours or not left:
                    return Claim(ours, left)
                take = min(wanted, left)

    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory:
        item = self.table.get(_directory_key(merchant_id, variant_id), consistent=consistent)
        return _directory(item) if item else Directory()

    def directories(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Directory]:
        """Directories by variant id; a variant that never had a code has an empty one."""
        keys = {_directory_key(merchant_id, each)["pk"]: each for each in variant_ids}
        found = self.table.get_many([{"pk": pk} for pk in keys])
        known = {keys[item["pk"]]: _directory(item) for item in found}
        return {each: known.get(each, Directory()) for each in variant_ids}

    def close_chunk(self, merchant_id: str, variant_id: str, chunk: ChunkRef) -> Directory:
        """Take an exhausted chunk off sale; the directory after that. Safe to repeat."""
        key = _directory_key(merchant_id, variant_id)
        after = self.table.update(
            key, "ADD closed :position", values={":position": {chunk.position}}, returns="ALL_NEW"
        )
        directory = _directory(after)
        compacted = directory.compacted()
        return self._compact(key, directory, compacted) if compacted else directory

    def _compact(self, key: Item, old: Directory, new: Directory) -> Directory:
        gone = old.closed - new.closed
        try:
            self.table.update(
                key,
                "SET low = :new_low, ranges = :ranges DELETE closed :gone",
                condition="low = :old_low AND chunks = :chunks",
                values={
                    ":new_low": new.low,
                    ":old_low": old.low,
                    ":chunks": old.chunks,
                    ":ranges": [list(each) for each in new.ranges],
                    ":gone": gone,
                },
            )
        except ConditionFailed:
            return old
        return new

    def claimed_codes(
        self, merchant_id: str, variant_id: str, order_id: str, line: int, picks: Sequence[Pick]
    ) -> list[tuple[ChunkRef, SealedCode]]:
        """The sealed codes of an order line, in the order of its units."""
        items = self._chunks(merchant_id, variant_id, [pick.chunk for pick in picks])
        return [
            (pick.chunk, _unpack(items[pick.chunk]["claimed"][unit_key(order_id, line, unit)]))
            for pick in picks
            for unit in range(pick.first_unit, pick.first_unit + pick.units)
        ]

    def free_codes(self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]) -> int:
        """Unsold codes in these chunks."""
        items = self._chunks(merchant_id, variant_id, chunks)
        return sum(len(item["free"]) for item in items.values())

    def _chunks(
        self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]
    ) -> dict[ChunkRef, Item]:
        keys = {
            _chunk_key(merchant_id, variant_id, ref.batch_id, ref.number)["pk"]: ref
            for ref in chunks
        }
        found = self.table.get_many([{"pk": pk} for pk in keys], consistent=True)
        return {keys[item["pk"]]: item for item in found}

    def find_batch(self, merchant_id: str, variant_id: str, batch_id: str) -> Batch | None:
        item = self.table.get(batch_key(merchant_id, variant_id, batch_id), consistent=True)
        return batch_of(merchant_id, variant_id, batch_id, item) if item else None

    def add_chunks(self, batch: Batch, chunks: Sequence[Sequence[SealedCode]]) -> None:
        """Write the chunks of an unpublished batch. Those of an earlier run stay as they are."""

        def add(number: int) -> None:
            item = {
                **_chunk_key(batch.merchant_id, batch.variant_id, batch.batch_id, number),
                "free": [_pack(code) for code in chunks[number]],
                "claimed": {},
            }
            try:
                self.table.put(item, condition="attribute_not_exists(pk)")
            except ConditionFailed:
                return

        with ThreadPoolExecutor(WRITERS) as pool:
            for _ in pool.map(add, range(len(chunks))):
                pass

    def publish(self, batch: Batch, chunks: int, per_chunk: int) -> None:
        """Put a batch on sale, once. Directory and batch move together."""
        key = _directory_key(batch.merchant_id, batch.variant_id)
        old = self.directory(batch.merchant_id, batch.variant_id, consistent=True)
        new = BatchRange(batch.batch_id, old.chunks, chunks, batch.codes, per_chunk)
        unchanged = "chunks = :old" if old.chunks else "attribute_not_exists(chunks)"
        actions = [
            {
                "Update": {
                    "TableName": self.table.name,
                    "Key": encode_item(key),
                    "UpdateExpression": (
                        "SET ranges = list_append(if_not_exists(ranges, :none), :new), "
                        "chunks = :chunks, low = if_not_exists(low, :zero) ADD codes :codes"
                    ),
                    "ConditionExpression": unchanged,
                    "ExpressionAttributeValues": encode_item(
                        {
                            ":none": [],
                            ":new": [list(new)],
                            ":chunks": old.chunks + chunks,
                            ":zero": 0,
                            ":codes": batch.codes,
                        }
                        | ({":old": old.chunks} if old.chunks else {})
                    ),
                }
            },
            {
                "Update": {
                    "TableName": self.table.name,
                    "Key": encode_item(
                        batch_key(batch.merchant_id, batch.variant_id, batch.batch_id)
                    ),
                    "UpdateExpression": "SET published = :yes",
                    "ConditionExpression": "published = :no",
                    "ExpressionAttributeValues": encode_item({":yes": True, ":no": False}),
                }
            },
        ]
        try:
            ask(self.table.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            done = self.find_batch(batch.merchant_id, batch.variant_id, batch.batch_id)
            if done is None or not done.published:
                raise StoreUnavailable("another import was published at the same moment") from error


def _chunk_key(merchant_id: str, variant_id: str, batch_id: str, number: int) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#{batch_id}#{number}"}


def _directory_key(merchant_id: str, variant_id: str) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#directory"}


def batch_key(merchant_id: str, variant_id: str, batch_id: str) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#batch#{batch_id}"}


def _pack(code: SealedCode) -> bytes:
    return code.index.to_bytes(INDEX_BYTES, "big") + code.ciphertext


def _unpack(packed: bytes) -> SealedCode:
    return SealedCode(int.from_bytes(packed[:INDEX_BYTES], "big"), packed[INDEX_BYTES:])


def _units_of(item: Item, order_id: str, line: int, first_unit: int) -> int:
    """Consecutive units from `first_unit` on that this chunk holds for the order line."""
    units = 0
    while unit_key(order_id, line, first_unit + units) in item["claimed"]:
        units += 1
    return units


def _directory(item: Item) -> Directory:
    return Directory(
        ranges=tuple(BatchRange(*each) for each in item["ranges"]),
        closed=frozenset(item.get("closed", ())),
        low=item["low"],
        chunks=item["chunks"],
        codes=item["codes"],
    )


def batch_item(batch: Batch) -> Item:
    return {
        **batch_key(batch.merchant_id, batch.variant_id, batch.batch_id),
        "sealed_key": batch.sealed_key,
        "fingerprint": batch.fingerprint,
        "codes": batch.codes,
        "known": _pack_indexes(batch.known),
        "published": batch.published,
        "created_at_ms": batch.created_at_ms,
    }


def batch_of(merchant_id: str, variant_id: str, batch_id: str, item: Item) -> Batch:
    return Batch(
        merchant_id=merchant_id,
        variant_id=variant_id,
        batch_id=batch_id,
        sealed_key=item["sealed_key"],
        fingerprint=item["fingerprint"],
        codes=item["codes"],
        known=_unpack_indexes(item["known"]),
        published=item["published"],
        created_at_ms=item["created_at_ms"],
    )


def _pack_indexes(indexes: Iterable[int]) -> bytes:
    """A bit for each index: 5000 of them fit into 625 bytes, whichever they are."""
    bits = sum(1 << index for index in indexes)
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _unpack_indexes(packed: bytes) -> frozenset[int]:
    bits = int.from_bytes(packed, "little")
    return frozenset(index for index in range(bits.bit_length()) if bits >> index & 1)
