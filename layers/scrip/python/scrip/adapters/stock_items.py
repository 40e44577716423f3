"""How chunks, directories and batches are kept.

Chunk      pk `<merchant>#<variant>#<lane>#<number>`, free: list of sealed codes, claimed: map of
           unit key to sealed code; until_ms: when its codes end; shut: why it sells no more.
           A sealed code is 4 bytes of index and the ciphertext.
Directory  pk `<merchant>#<variant>#directory`
Batch      pk `<merchant>#<variant>#batch#<batch>`; lanes: where its codes are, once published;
           recall: see `adapters/batches.py`
"""

from collections.abc import Iterable

from scrip.adapters.tables import Item, encode_item
from scrip.domain.chunk_range import Range
from scrip.domain.directory import Directory
from scrip.domain.stock import Batch, ChunkRef, SealedCode

INDEX_BYTES = 4
LET_GO = b"-"
"""In place of a claimed code: the line had it, and let it go. Nobody claims under that name again,
so an invocation that still believes in the hold cannot take a code for it."""


def chunk_key(merchant_id: str, variant_id: str, chunk: ChunkRef) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#{chunk.lane}#{chunk.number}"}


def new_chunk(
    merchant_id: str, variant_id: str, chunk: ChunkRef, free: list[bytes], until_ms: int
) -> Item:
    ends = {"until_ms": until_ms} if until_ms else {}
    return {**chunk_key(merchant_id, variant_id, chunk), "free": free, "claimed": {}, **ends}


def directory_key(merchant_id: str, variant_id: str) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#directory"}


def directory_write(
    table: str, merchant_id: str, variant_id: str, old: Directory, new: Directory
) -> Item:
    """A transaction's part: the directory's ranges as new, unless somebody else changed them."""
    same = "version = :old" if old.version else "attribute_not_exists(pk)"
    values = {
        ":ranges": [list(each) for each in new.ranges],
        ":chunks": new.chunks,
        ":codes": new.codes,
        ":expired": new.expired,
        ":recalls": new.recalls,
        ":cap": new.cap,
        ":new": new.version,
    }
    return {
        "Update": {
            "TableName": table,
            "Key": encode_item(directory_key(merchant_id, variant_id)),
            "UpdateExpression": (
                "SET ranges = :ranges, chunks = :chunks, codes = :codes, expired = :expired, "
                "recalls = :recalls, cap = :cap, version = :new"
            ),
            "ConditionExpression": same,
            "ExpressionAttributeValues": encode_item(
                values | ({":old": old.version} if old.version else {})
            ),
        }
    }


def put_part(
    table: str, item: Item, condition: str = "attribute_not_exists(pk)", values: Item | None = None
) -> Item:
    """A transaction's part: an item, in whose place nothing may be unless `condition` says so."""
    return {
        "Put": {
            "TableName": table,
            "Item": encode_item(item),
            "ConditionExpression": condition,
            **({"ExpressionAttributeValues": encode_item(values)} if values else {}),
        }
    }


def unchanged(table: str, merchant_id: str, variant_id: str, directory: Directory) -> Item:
    """A transaction's part: the directory's ranges are still as they were seen."""
    return check_part(table, directory_key(merchant_id, variant_id), directory.version)


def check_part(table: str, key: Item, version: int) -> Item:
    """A transaction's part: an item still has this version; 0: there is none."""
    same = "version = :seen" if version else "attribute_not_exists(pk)"
    values = {"ExpressionAttributeValues": encode_item({":seen": version})} if version else {}
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": encode_item(key),
            "ConditionExpression": same,
            **values,
        }
    }


def variant_key(merchant_id: str, variant_id: str) -> str:
    """Batches are listed by it, in the index `by_variant`. Nothing else in the table has it."""
    return f"{merchant_id}#{variant_id}"


def batch_key(merchant_id: str, variant_id: str, batch_id: str) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#batch#{batch_id}"}


def pack(code: SealedCode) -> bytes:
    return code.index.to_bytes(INDEX_BYTES, "big") + code.ciphertext


def unpack(packed: bytes) -> SealedCode:
    return SealedCode(int.from_bytes(packed[:INDEX_BYTES], "big"), packed[INDEX_BYTES:])


def sells(chunk: Item) -> bool:
    return "shut" not in chunk


def directory_of(item: Item) -> Directory:
    return Directory(
        ranges=tuple(Range(*each) for each in item["ranges"]),
        closed=frozenset(item.get("closed", ())),
        chunks=item["chunks"],
        codes=item["codes"],
        version=item["version"],
        expired=item.get("expired", 0),
        recalls=item.get("recalls", 0),
        cap=item.get("cap", 0),
    )


def batch_item(batch: Batch) -> Item:
    return {
        **batch_key(batch.merchant_id, batch.variant_id, batch.batch_id),
        **({"sealed_key": batch.sealed_key} if batch.sealed_key else {}),  # blanks have none
        "fingerprint": batch.fingerprint,
        "codes": batch.codes,
        "known": _pack_indexes(batch.known),
        "published": batch.published,
        "created_at_ms": batch.created_at_ms,
        "variant": variant_key(batch.merchant_id, batch.variant_id),
    }


def batch_of(merchant_id: str, variant_id: str, batch_id: str, item: Item) -> Batch:
    return Batch(
        merchant_id=merchant_id,
        variant_id=variant_id,
        batch_id=batch_id,
        sealed_key=item.get("sealed_key", b""),
        fingerprint=item["fingerprint"],
        codes=item["codes"],
        known=_unpack_indexes(item["known"]),
        published=item["published"],
        created_at_ms=item["created_at_ms"],
        recalled="recall" in item,
    )


def _pack_indexes(indexes: Iterable[int]) -> bytes:
    """A bit for each index: 5000 of them fit into 625 bytes, whichever they are."""
    bits = sum(1 << index for index in indexes)
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _unpack_indexes(packed: bytes) -> frozenset[int]:
    bits = int.from_bytes(packed, "little")
    return frozenset(index for index in range(bits.bit_length()) if bits >> index & 1)
