"""Chunks and directories: claimed from, closed, shut, published. `domain/stock.py` says what must
hold, `stock_items.py` how it is kept."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile

from botocore.exceptions import ClientError

from scrip.adapters.aws import ask, code_of
from scrip.adapters.stock_items import (
    LET_GO,
    batch_item,
    batch_key,
    batch_of,
    chunk_key,
    directory_key,
    directory_of,
    directory_write,
    new_chunk,
    pack,
    sells,
    unpack,
)
from scrip.adapters.tables import ConditionFailed, Item, Table, encode_item
from scrip.domain.chunk_range import Lane
from scrip.domain.directory import Directory
from scrip.domain.errors import BatchRecalled, StoreUnavailable
from scrip.domain.stock import (
    NEVER_MS,
    Batch,
    ChunkRef,
    Claim,
    ClaimLetGo,
    SealedCode,
    Shut,
)

WRITERS = 8
MAX_SEEN = 200
"""Directories remembered."""

CLAIMABLE = (
    "attribute_not_exists(claimed.#u0) AND attribute_not_exists(shut) "
    "AND (attribute_not_exists(until_ms) OR until_ms > :now)"
)


class Stock:
    def __init__(self, table: Table) -> None:
        self.table = table
        self._seen: dict[str, Directory] = {}

    def claim(
        self,
        merchant_id: str,
        variant_id: str,
        chunk: ChunkRef,
        units: Sequence[str],
        now_ms: int,
    ) -> Claim:
        """Move codes of a chunk to these units (unit keys), in their order, as far as they go.

        Repeating it finds the units of the first time. Fewer than asked means that the chunk has
        nothing for this line, for good. Raises ClaimLetGo.
        """
        key, take = chunk_key(merchant_id, variant_id, chunk), len(units)
        # Where nothing can be left a look is enough: a refused write costs ten times as much.
        item = self._last_word(key, units) if self._knows_closed(key, chunk) else None
        while True:
            if item is None:
                popped = self._pop(key, units[:take], now_ms)
                if isinstance(popped, Claim):
                    return popped
                item = popped
            if sells(item) and 0 < item.get("until_ms", NEVER_MS) <= now_ms:
                # Shut before anybody turns away from it: clocks differ, a shut chunk does not.
                item = self.shut(merchant_id, variant_id, chunk, Shut.EXPIRED)
            ours, left = _units_of(item, units), len(item["free"]) if sells(item) else 0
            if ours or not left:
                return Claim(ours, left)
            take, item = min(len(units), left), None

    def _last_word(self, key: Item, units: Sequence[str]) -> Item | None:
        """The chunk, if it has nothing for these units and never will; else only a claim can tell.

        An old copy will do: nobody claims from a chunk any more once it is empty or shut, so a copy
        that shows that shows every claim.
        """
        seen = self.table.get(key)
        if seen is None or any(unit in seen["claimed"] for unit in units):
            return None
        return None if sells(seen) and seen["free"] else seen

    def _pop(self, key: Item, units: Sequence[str], now_ms: int) -> Claim | Item:
        """What was claimed, or the chunk as it stood in the way."""
        count = range(len(units))
        # Removed from the back, so that engines that renumber while removing agree with those
        # that do not.
        moves = ", ".join(f"claimed.#u{n} = #free[{n}]" for n in count)
        gone = ", ".join(f"#free[{n}]" for n in reversed(count))
        try:
            after = self.table.update(
                key,
                f"SET {moves} REMOVE {gone}",
                condition=f"attribute_exists(#free[{count[-1]}]) AND {CLAIMABLE}",
                names={"#free": "free"} | {f"#u{n}": units[n] for n in count},
                values={":now": now_ms},
                returns="ALL_NEW",
            )
        except ConditionFailed as error:
            if error.item is None:
                raise LookupError(f"chunk {key['pk']} is gone") from error
            return error.item
        return Claim(len(units), len(after["free"]))

    def _knows_closed(self, key: Item, chunk: ChunkRef) -> bool:
        """Whether the directory as it was last seen says so. What was closed stays so, however old
        that is."""
        seen = self._seen.get(key["pk"].removesuffix(f"#{chunk.lane}#{chunk.number}"))
        return seen is not None and chunk.position < seen.chunks and not seen.lists(chunk)

    def _see(self, merchant_id: str, variant_id: str, directory: Directory) -> Directory:
        if len(self._seen) >= MAX_SEEN:
            self._seen.clear()
        self._seen[f"{merchant_id}#{variant_id}"] = directory
        return directory

    def shut(self, merchant_id: str, variant_id: str, chunk: ChunkRef, why: Shut) -> Item:
        """Take a chunk off sale for good; the chunk after that. The first reason stays."""
        return self.table.update(
            chunk_key(merchant_id, variant_id, chunk),
            "SET shut = if_not_exists(shut, :why)",
            values={":why": why.value},
            condition="attribute_exists(pk)",
            returns="ALL_NEW",
        )

    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory:
        item = self.table.get(directory_key(merchant_id, variant_id), consistent=consistent)
        return self._see(merchant_id, variant_id, directory_of(item) if item else Directory())

    def directories(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Directory]:
        """Directories by variant id; a variant that never had a code has an empty one."""
        keys = {directory_key(merchant_id, each)["pk"]: each for each in variant_ids}
        found = self.table.get_many([{"pk": pk} for pk in keys])
        known = {keys[item["pk"]]: directory_of(item) for item in found}
        return {each: known.get(each, Directory()) for each in variant_ids}

    def close_chunk(self, merchant_id: str, variant_id: str, chunk: ChunkRef) -> Directory:
        """Take an exhausted chunk off sale; the directory after that. Safe to repeat."""
        key = directory_key(merchant_id, variant_id)
        after = self.table.update(
            key, "ADD closed :position", values={":position": {chunk.position}}, returns="ALL_NEW"
        )
        directory = self._see(merchant_id, variant_id, directory_of(after))
        compacted = directory.compacted()
        if compacted and self.rewrite(merchant_id, variant_id, directory, compacted):
            return compacted
        return directory

    def rewrite(self, merchant_id: str, variant_id: str, old: Directory, new: Directory) -> bool:
        """List chunks as `new` does; False when somebody rewrote the list since `old` was read."""
        gone = old.closed - new.closed
        values = {
            ":ranges": [list(each) for each in new.ranges],
            ":expired": new.expired,
            ":new": new.version,
            ":old": old.version,
        }
        try:
            self.table.update(
                directory_key(merchant_id, variant_id),
                "SET ranges = :ranges, expired = :expired, version = :new"
                + (" DELETE closed :gone" if gone else ""),
                condition="version = :old",
                values=values | ({":gone": gone} if gone else {}),
            )
        except ConditionFailed:
            return False
        return True

    def claimed_codes(
        self, merchant_id: str, variant_id: str, places: Sequence[tuple[ChunkRef, str]]
    ) -> list[tuple[ChunkRef, SealedCode]]:
        """The sealed codes at these places: chunk and unit key of each."""
        items = self.chunks(merchant_id, variant_id, {chunk for chunk, _ in places})
        return [(chunk, unpack(items[chunk]["claimed"][unit])) for chunk, unit in places]

    def free_codes(
        self,
        merchant_id: str,
        variant_id: str,
        chunks: Sequence[ChunkRef],
        *,
        consistent: bool = True,
    ) -> int:
        """Codes on sale in these chunks."""
        items = self.chunks(merchant_id, variant_id, chunks, consistent=consistent)
        return sum(len(item["free"]) for item in items.values() if sells(item))

    def chunks(
        self,
        merchant_id: str,
        variant_id: str,
        refs: Iterable[ChunkRef],
        *,
        consistent: bool = True,
    ) -> Mapping[ChunkRef, Item]:
        keys = {chunk_key(merchant_id, variant_id, ref)["pk"]: ref for ref in refs}
        found = self.table.get_many([{"pk": pk} for pk in keys], consistent=consistent)
        return {keys[item["pk"]]: item for item in found}

    def find_batch(self, merchant_id: str, variant_id: str, batch_id: str) -> Batch | None:
        item = self.table.get(batch_key(merchant_id, variant_id, batch_id), consistent=True)
        return batch_of(merchant_id, variant_id, batch_id, item) if item else None

    def begin_batch(self, batch: Batch) -> Batch:
        """The batch as it was first written, by this run or an earlier one."""
        try:
            self.table.put(batch_item(batch), condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item is None:
                raise
            return batch_of(batch.merchant_id, batch.variant_id, batch.batch_id, error.item)
        return batch

    def add_chunks(
        self,
        batch: Batch,
        lane: str,
        chunks: Mapping[int, Sequence[SealedCode]],
        until_ms: int = NEVER_MS,
    ) -> None:
        """Write chunks of an unpublished batch by number. Those of an earlier run stay as are."""

        def add(number: int) -> None:
            ref = ChunkRef(lane, number, 0)
            item = new_chunk(
                batch.merchant_id, batch.variant_id, ref, [*map(pack, chunks[number])], until_ms
            )
            try:
                self.table.put(item, condition="attribute_not_exists(pk)")
            except ConditionFailed:
                return

        with ThreadPoolExecutor(WRITERS) as pool:
            for _ in pool.map(add, chunks):
                pass

    def publish(self, batch: Batch, lanes: Sequence[Lane]) -> None:
        """Put a batch on sale, once. Directory and batch move together. Raises BatchRecalled."""
        old = self.directory(batch.merchant_id, batch.variant_id, consistent=True)
        new = old.with_lanes(lanes, new_codes=batch.codes)
        actions = [
            directory_write(self.table.name, batch.merchant_id, batch.variant_id, old, new),
            {
                "Update": {
                    "TableName": self.table.name,
                    "Key": encode_item(
                        batch_key(batch.merchant_id, batch.variant_id, batch.batch_id)
                    ),
                    "UpdateExpression": "SET published = :yes, lanes = :lanes",
                    "ConditionExpression": "published = :no AND attribute_not_exists(recall)",
                    "ExpressionAttributeValues": encode_item(
                        {":yes": True, ":no": False, ":lanes": [list(each) for each in lanes]}
                    ),
                }
            },
        ]
        try:
            ask(self.table.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            done = self.find_batch(batch.merchant_id, batch.variant_id, batch.batch_id)
            if done is not None and done.recalled:
                raise BatchRecalled(batch.batch_id) from error
            if done is None or not done.published:
                raise StoreUnavailable("another import was published at the same moment") from error


def _units_of(chunk: Item, units: Sequence[str]) -> int:
    """How many of these units, from the first on, hold a code here. Raises ClaimLetGo."""
    held = [chunk["claimed"][unit] for unit in takewhile(chunk["claimed"].__contains__, units)]
    if LET_GO in held:
        raise ClaimLetGo(units[0])
    return len(held)
