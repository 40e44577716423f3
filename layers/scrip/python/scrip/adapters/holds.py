"""Letting go of claimed units: their codes go into new chunks, in one transaction with the orders.

Lane       pk `<merchant>#<variant>#<batch>.r`, chunks: how many chunks came back so far;
           shut: nothing of this batch goes on sale again

Each code moves from its chunk's `claimed` map into a new chunk that the directory lists from then
on, together with the move of its order: there is no moment at which a payment could still count on
a code that somebody else may buy. In its place stays a mark, so that an invocation which saw the
order before cannot claim for it again.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from scrip.adapters.aws import BUSY_REASONS, ask, code_of
from scrip.adapters.order_items import order_key
from scrip.adapters.orders import move
from scrip.adapters.stock import Stock
from scrip.adapters.stock_items import LET_GO, directory_write, new_chunk, put_part, unpack
from scrip.adapters.tables import Item, Table, encode_item
from scrip.domain.chunk_range import Lane
from scrip.domain.errors import StoreUnavailable
from scrip.domain.let_go import LetGo, LetGoContended
from scrip.domain.order import Payable
from scrip.domain.stock import NEVER_MS, ChunkRef, Shut, chunk_capacity, return_lane


class _Home(NamedTuple):
    """What codes must share to share a chunk. `cap`: under which they were on offer."""

    variant_id: str
    batch_id: str
    until_ms: int
    cap: int = 0


_Ended = dict[str, list[tuple[ChunkRef, int]]]
"""By variant: chunks past their end, and how many codes came back into each."""


class _Returns(NamedTuple):
    """What came back of a batch so far: how many chunks; whether nothing of it may sell again."""

    chunks: int
    shut: bool


@dataclass
class _Change:
    """What happens to a chunk: units that let go of a code, units that must never take one."""

    chunk: ChunkRef
    item: Item
    home: _Home
    gone: dict[str, bytes] = field(default_factory=dict)
    caps: dict[str, int] = field(default_factory=dict)
    fenced: list[str] = field(default_factory=list)
    stays: Shut | None = None
    """Why its codes do not go on sale again."""


class Holds:
    def __init__(self, stock: Stock, orders: Table) -> None:
        self.stock = stock
        self.orders = orders

    def let_go(self, merchant_id: str, moves: Sequence[LetGo], now_ms: int) -> None:
        """Move these orders and put back on sale what their lines let go, all or nothing.

        Raises LetGoContended when anything is no longer as it was seen, StoreUnavailable.
        """
        changes = self._changes(merchant_id, moves)
        returns = {
            (home.variant_id, home.batch_id): self._returns(merchant_id, home)
            for home in {change.home for change in changes}
        }
        coming: dict[_Home, list[bytes]] = defaultdict(list)
        ended: _Ended = defaultdict(list)
        for change in changes:
            home = change.home
            if 0 < home.until_ms <= now_ms:
                change.stays = Shut.EXPIRED
                if change.gone and not returns[home.variant_id, home.batch_id].shut:
                    ended[home.variant_id].append((change.chunk, len(change.gone)))
            elif "shut" in change.item or returns[home.variant_id, home.batch_id].shut:
                change.stays = Shut.RECALLED
            else:
                for unit, code in change.gone.items():
                    coming[home._replace(cap=change.caps[unit])].append(code)
        actions = [
            *(self._order_write(each, now_ms) for each in moves),
            *(self._chunk_write(change) for change in changes if change.gone or change.fenced),
            *self._arrivals(merchant_id, coming, returns, ended),
        ]
        try:
            ask(self.orders.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            reasons = {each.get("Code") for each in error.response.get("CancellationReasons", ())}
            if reasons & BUSY_REASONS:
                raise StoreUnavailable("TransactionConflict") from error
            raise LetGoContended("an order or a chunk moved") from error

    def _changes(self, merchant_id: str, moves: Sequence[LetGo]) -> list[_Change]:
        lines = [(each, line) for each in moves for line in each.lines]
        wanted: dict[str, set[ChunkRef]] = defaultdict(set)
        for _, line in lines:
            wanted[line.variant_id] |= line.chunks
        changes = {
            (variant_id, ref): _Change(
                ref, item, _Home(variant_id, ref.batch_id, item.get("until_ms", NEVER_MS))
            )
            for variant_id, refs in wanted.items()
            for ref, item in self.stock.chunks(merchant_id, variant_id, refs).items()
        }
        for each, line in lines:
            gone = each.units(line)
            for ref in line.chunks:
                change = changes[line.variant_id, ref]
                claimed = change.item["claimed"]
                units = [unit for unit in gone if unit in claimed]
                change.gone |= {unit: claimed[unit] for unit in units}
                change.caps |= dict.fromkeys(units, line.cap)
                if ref == line.chunk and not units and isinstance(each.seen, Payable):
                    change.fenced += line.missing_units(each.seen.order_id)[:1]
        return list(changes.values())

    def _returns(self, merchant_id: str, home: _Home) -> _Returns:
        key = lane_key(merchant_id, home.variant_id, home.batch_id)
        item = self.stock.table.get(key, consistent=True) or {}
        return _Returns(item.get("chunks", 0), "shut" in item)

    def _arrivals(
        self,
        merchant_id: str,
        coming: dict[_Home, list[bytes]],
        returns: dict[tuple[str, str], _Returns],
        ended: _Ended,
    ) -> Iterator[Item]:
        """New chunks for these codes; lanes and directories that count them.

        A directory is written for what ended, too: who counts it at this moment must count anew.
        """
        table, numbered = self.stock.table.name, {key: each.chunks for key, each in returns.items()}
        lanes: dict[str, list[Lane]] = defaultdict(list)
        for home, codes in coming.items():
            batch, lane = (home.variant_id, home.batch_id), return_lane(home.batch_id)
            size = chunk_capacity(max(len(unpack(code).ciphertext) for code in codes))
            parts = [codes[at : at + size] for at in range(0, len(codes), size)]
            for number, part in enumerate(parts, numbered[batch]):
                ref = ChunkRef(lane, number, 0)
                chunk = new_chunk(merchant_id, home.variant_id, ref, part, home.until_ms)
                yield put_part(table, chunk)
            lanes[home.variant_id].append(
                Lane(lane, numbered[batch], len(parts), len(codes), size, home.until_ms, home.cap)
            )
            numbered[batch] += len(parts)
        for batch, count in numbered.items():
            if count > returns[batch].chunks:
                key = lane_key(merchant_id, *batch)
                yield count_part(table, key, returns[batch].chunks, count)
        for variant_id in sorted({*lanes, *ended}):
            old = self.stock.directory(merchant_id, variant_id, consistent=True)
            late = old.came_back_late(ended[variant_id])
            whole = late.with_lanes(lanes[variant_id], new_codes=0)
            yield directory_write(table, merchant_id, variant_id, old, whole)

    def _order_write(self, each: LetGo, now_ms: int) -> Item:
        write = move(each.seen, each.moved, now_ms)
        return {
            "Update": {
                "TableName": self.orders.name,
                "Key": encode_item(order_key(each.seen.merchant_id, each.seen.order_id)),
                "UpdateExpression": write.expression,
                "ConditionExpression": write.condition,
                "ExpressionAttributeNames": write.names,
                "ExpressionAttributeValues": encode_item(write.values),
            }
        }

    def _chunk_write(self, change: _Change) -> Item:
        """What the units held must still be there. A chunk that sells no more takes them back."""
        names = {f"#u{n}": unit for n, unit in enumerate([*change.gone, *change.fenced])}
        sets = [f"claimed.{name} = :let_go" for name in names]
        values: dict[str, Any] = {":let_go": LET_GO}
        same = []
        for name, unit in names.items():
            if unit in change.gone:
                values[f":{name[1:]}"] = change.gone[unit]
                same.append(f"claimed.{name} = :{name[1:]}")
            else:
                same.append(f"attribute_not_exists(claimed.{name})")
        if change.stays:
            names["#free"] = "free"
            sets += ["#free = list_append(#free, :back)", "shut = if_not_exists(shut, :why)"]
            values |= {":back": [*change.gone.values()], ":why": change.stays.value}
        else:
            same.append("attribute_not_exists(shut)")
        return {
            "Update": {
                "TableName": self.stock.table.name,
                "Key": encode_item({"pk": change.item["pk"]}),
                "UpdateExpression": "SET " + ", ".join(sets),
                "ConditionExpression": " AND ".join(same),
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": encode_item(values),
            }
        }


def lane_key(merchant_id: str, variant_id: str, batch_id: str) -> Item:
    return {"pk": f"{merchant_id}#{variant_id}#{return_lane(batch_id)}"}


def count_part(table: str, key: Item, old: int, new: int) -> Item:
    """A transaction's part: more chunks came back, unless others did or the lane was shut."""
    same = "chunks = :old" if old else "attribute_not_exists(chunks)"
    return {
        "Update": {
            "TableName": table,
            "Key": encode_item(key),
            "UpdateExpression": "SET chunks = :new",
            "ConditionExpression": f"{same} AND attribute_not_exists(shut)",
            "ExpressionAttributeValues": encode_item(
                {":new": new} | ({":old": old} if old else {})
            ),
        }
    }
