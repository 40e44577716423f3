"""Stock to test with: batches on sale, and every code in them accounted for."""

from collections.abc import Sequence
from dataclasses import dataclass

from scrip.adapters.seen_codes import SeenCodes
from scrip.adapters.stock import Stock
from scrip.adapters.tables import Item
from scrip.domain.chunk_range import Lane
from scrip.domain.stock import NEVER_MS, Batch, ChunkRef, SealedCode, lane_of, unit_key
from tests.domain.making import NOW_MS

SHOP, VARIANT = "demo", "card-50"
BATCH = "0a1b2c3d4e"


def batch(batch_id: str = BATCH, *, codes: int = 6, variant: str = VARIANT) -> Batch:
    return Batch(
        merchant_id=SHOP,
        variant_id=variant,
        batch_id=batch_id,
        sealed_key=b"sealed key",
        fingerprint=bytes(16),
        codes=codes,
        known=frozenset(),
        published=False,
        created_at_ms=NOW_MS,
    )


def sealed(count: int, size: int = 36) -> list[SealedCode]:
    return [SealedCode(n, n.to_bytes(2, "big") * (size // 2)) for n in range(count)]


def chunked(codes: list[SealedCode], per_chunk: int) -> list[list[SealedCode]]:
    return [codes[at : at + per_chunk] for at in range(0, len(codes), per_chunk)]


def recorded(stock: Stock, new: Batch) -> Batch:
    """A batch as an import begins it, of codes nobody imported before."""
    seen_codes = SeenCodes(stock.table)
    kept = seen_codes.record(new, [], seen_codes.find(new.merchant_id, []))
    assert kept is not None
    return kept


def put_on_sale(
    stock: Stock, new: Batch, chunks: Sequence[Sequence[SealedCode]], until_ms: int = NEVER_MS
) -> None:
    lane, codes = lane_of(new.batch_id), sum(map(len, chunks))
    stock.add_chunks(new, lane, dict(enumerate(chunks)), until_ms)
    stock.publish(new, [Lane(lane, 0, len(chunks), codes, len(chunks[0]), until_ms)])


def stocked(
    stock: Stock, count: int, per_chunk: int, batch_id: str = BATCH, until_ms: int = NEVER_MS
) -> list[ChunkRef]:
    """Codes on sale; their chunks, oldest first."""
    new = batch(batch_id, codes=count)
    chunks = chunked(sealed(count), per_chunk)
    recorded(stock, new)
    put_on_sale(stock, new, chunks, until_ms)
    directory = stock.directory(SHOP, VARIANT, consistent=True)
    return [directory.ref(p) for p in range(directory.chunks - len(chunks), directory.chunks)]


@dataclass(frozen=True)
class Buyer:
    """Claims for one line of one order."""

    stock: Stock
    order_id: str
    line: int = 0
    now_ms: int = NOW_MS

    def claim(self, chunk: ChunkRef, wanted: int = 1, first: int = 0) -> tuple[int, int]:
        """Units now ours, codes left."""
        units = [unit_key(self.order_id, self.line, first + n) for n in range(wanted)]
        return self.stock.claim(SHOP, VARIANT, chunk, units, self.now_ms)


def chunk_item(stock: Stock, chunk: ChunkRef) -> Item:
    item = stock.table.get({"pk": f"{SHOP}#{VARIANT}#{chunk.lane}#{chunk.number}"})
    assert item is not None
    return item


def all_codes(stock: Stock, chunks: list[ChunkRef]) -> list[bytes]:
    """Every sealed code of the chunks, free or claimed, as often as it is there."""
    items = [chunk_item(stock, chunk) for chunk in chunks]
    return [code for item in items for code in [*item["free"], *item["claimed"].values()]]
