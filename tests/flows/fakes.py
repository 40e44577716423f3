"""Stores that keep what they are given, for flows that are tested without tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scrip.domain.blind_index import NOTHING_SEEN, Seen
from scrip.domain.chunk_range import Lane
from scrip.domain.code import Code, DataKey
from scrip.domain.let_go import LetGo
from scrip.domain.line import Line
from scrip.domain.merchant import Merchant
from scrip.domain.order import (
    DeliveredOrder,
    ExpiredOrder,
    Order,
    OrderMoved,
    OrderRecord,
    PendingOrder,
    SettledOrder,
)
from scrip.domain.stock import Batch, SealedCode
from tests.domain.making import NOW_MS, line, payment, pending

DEMO = Merchant(
    merchant_id="demo",
    name="Demo",
    order_url="https://shop.example/orders/{order_id}#{token}",
    locale="en",
    mail_codes=False,
    sealed_order_key=b"sealed",
    created_at_ms=NOW_MS,
)
ORDER_KEY = bytes(range(32))


@dataclass
class Journal:
    """What happened, in order. Shared by the fakes of a test."""

    lines: list[str] = field(default_factory=list)

    def tell(self, line: str) -> None:
        self.lines.append(line)


@dataclass
class Places:
    """Orders by their places, as the index lists them, with the expiry mark."""

    records: list[OrderRecord]
    marks: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    def listed(
        self, merchant_id: str, since: str, until: str, limit: int, *, newest_first: bool
    ) -> Sequence[OrderRecord]:
        assert since, "an index refuses an empty text"
        self.asked.append((since, until, limit))
        found = [
            record
            for record in self.records
            if record.order.merchant_id == merchant_id and since <= record.place <= until
        ]
        return sorted(found, key=lambda record: record.place, reverse=newest_first)[:limit]

    def find_record(self, merchant_id: str, order_id: str) -> OrderRecord | None:
        for record in self.records:
            if (record.order.merchant_id, record.order.order_id) == (merchant_id, order_id):
                return record
        return None

    def due(self, merchant_id: str, since: str, until: str, limit: int) -> Sequence[OrderRecord]:
        return []

    def find(self, merchant_id: str, order_id: str, *, consistent: bool = False) -> Order | None:
        record = self.find_record(merchant_id, order_id)
        return record.order if record else None

    def mark(self, merchant_id: str, sweep: str) -> str:
        return self.marks.get(f"{merchant_id} {sweep}", "0")

    def set_mark(self, merchant_id: str, sweep: str, old: str, new: str) -> None:
        assert self.mark(merchant_id, sweep) == old
        self.marks[f"{merchant_id} {sweep}"] = new

    def expire(self, seen: PendingOrder, expired: ExpiredOrder) -> None:
        for number, record in enumerate(self.records):
            if record.order.order_id == seen.order_id:
                if record.order != seen:
                    raise OrderMoved(record.order)
                self.records[number] = record._replace(order=expired)
                return
        raise AssertionError("expired an order that is not there")

    def let_go(self, merchant_id: str, moves: Sequence[LetGo], now_ms: int) -> None:
        raise AssertionError("nothing here is held")


@dataclass
class Shelves:
    """A vault and a stock that remember what an import wrote."""

    batches: dict[str, Batch] = field(default_factory=dict)
    chunks: dict[tuple[str, int], Sequence[SealedCode]] = field(default_factory=dict)
    published: dict[str, tuple[int, int]] = field(default_factory=dict)
    seen: Seen = NOTHING_SEEN
    keys_made: int = 0
    die_at: str = ""

    def _step(self, name: str) -> None:
        if self.die_at == name:
            self.die_at = ""
            raise KeyboardInterrupt(name)

    def new_key(self, merchant_id: str, variant_id: str, batch_id: str) -> DataKey:
        self.keys_made += 1
        return DataKey(f"key {self.keys_made}".encode(), bytes([self.keys_made]) * 32)

    def key_of(self, batch: Batch) -> DataKey:
        number = int(batch.sealed_key.split()[1])
        return DataKey(batch.sealed_key, bytes([number]) * 32)

    def fingerprint(self, key: DataKey, codes: Sequence[Code]) -> bytes:
        content = "|".join(f"{code.code} {code.pin}" for code in codes)
        return key.plain[:1] + content.encode()

    def seal(self, key: DataKey, batch: Batch, codes: Sequence[Code]) -> list[SealedCode]:
        return [SealedCode(n, key.plain[:1] + code.code.encode()) for n, code in enumerate(codes)]

    def find_batch(self, merchant_id: str, variant_id: str, batch_id: str) -> Batch | None:
        return self.batches.get(batch_id)

    def of(self, merchant_id: str) -> bytes:
        return merchant_id.encode()

    def find(self, merchant_id: str, marks: Sequence[bytes]) -> Seen:
        return self.seen

    def record(self, batch: Batch, marks: list[bytes], seen: Seen) -> Batch | None:
        self._step("before record")
        if batch.batch_id in self.batches:
            return self.batches[batch.batch_id]
        if seen != self.seen:
            return None
        self.batches[batch.batch_id] = batch
        taken = {**seen.batches, **dict.fromkeys(marks, batch.batch_id)}
        self.seen = Seen(seen.segments + 1, taken)
        self._step("after record")
        return batch

    def add_chunks(
        self, batch: Batch, lane: str, chunks: Mapping[int, Sequence[SealedCode]]
    ) -> None:
        for number, chunk in chunks.items():
            self._step(f"chunk {number}")
            self.chunks.setdefault((lane, number), chunk)

    def publish(self, batch: Batch, lanes: Sequence[Lane]) -> None:
        self._step("before publish")
        assert batch.batch_id not in self.published
        [lane] = lanes
        self.published[batch.batch_id] = (lane.chunks, lane.per_chunk)
        kept = self.batches[batch.batch_id]
        self.batches[batch.batch_id] = Batch(
            **{name: getattr(kept, name) for name in Batch.__slots__ if name != "published"},
            published=True,
        )
        self._step("after publish")


@dataclass
class Opened:
    """Codes of a line, told in the journal when they are opened."""

    journal: Journal

    def open_line(self, order: Order, line: Line) -> list[Code | None]:
        self.journal.tell(f"open {line.number}")
        return [Code(f"CODE-{line.number}-{n}") for n in range(line.units_claimed)]


@dataclass
class Trail:
    journal: Journal
    broken: Exception | None = None
    revealed_at: list[int] = field(default_factory=list)
    anomalies: set[tuple[str, int]] = field(default_factory=set)

    def acted(self, merchant_id: str, about: str, act: str, **entry: Any) -> None:
        who = f"{entry['by']} {entry['source']} {entry['at_ms']} {entry['event_id']}"
        self.journal.tell(f"{act} {who}")

    def anomaly(self, merchant_id: str, actor: str, hour: int, **entry: Any) -> bool:
        if (actor, hour) in self.anomalies:
            return False
        self.anomalies.add((actor, hour))
        self.journal.tell(f"anomaly {actor} {hour} {entry['codes']}")
        return True

    def reveals(self, merchant_id: str, order_id: str) -> list[int]:
        return self.revealed_at

    def revealed(
        self, merchant_id: str, order_id: str, *, at_ms: int, event_id: str, by: str, source: str
    ) -> None:
        if self.broken:
            raise self.broken
        self.journal.tell(f"audit {by} {source} {at_ms} {event_id}")


@dataclass
class Counts:
    """How many codes the one actor has read; each look is of another order."""

    codes: int = 0
    told: bool = False
    fault: Exception | None = None

    def add(self, merchant_id: str, actor: str, hour: int, order_id: str, codes: int) -> "Counts":
        if self.fault:
            raise self.fault
        self.codes += codes
        return replace(self)

    def tell(self, merchant_id: str, actor: str, hour: int, at_ms: int) -> None:
        self.told = True


class Gaps(Opened):
    """The first code of each line was shredded."""

    def open_line(self, order: Order, line: Line) -> list[Code | None]:
        return [None, *super().open_line(order, line)[1:]]


def delivered() -> DeliveredOrder:
    order = pending(line(0, 2).picked(2), line(1, variant="card-1").picked(1))
    closed = order.pay(payment(13_500)).settle(NOW_MS)
    assert isinstance(closed, DeliveredOrder)
    return closed


def refund_due(units: int = 0) -> Order:
    first = line(0, 2).picked(units) if units else line(0, 2)
    return pending(first).pay(payment(9000)).settle(NOW_MS)


@dataclass
class Shops:
    """One merchant, and one order whatever is asked for."""

    merchant: Merchant = DEMO
    order: Order | None = None

    def get(self, merchant_id: str) -> Merchant:
        return self.merchant

    def find(self, merchant_id: str, order_id: str, *, consistent: bool = False) -> Order | None:
        assert consistent
        return self.order


@dataclass
class Looks:
    """Remembers first looks in the journal, as the order would."""

    journal: Journal

    def reveal(self, order: Order, at_ms: int) -> Order:
        assert isinstance(order, SettledOrder)
        self.journal.tell("first look")
        return replace(order, revealed_at_ms=at_ms)
