"""Gates to suppliers: whose turn it is to call, counted in one item an account.

Gate   pk `<merchant>#gate#<account>`, send_next_ms, ask_next_ms, check_next_ms: the next free
       turn; troubles, closings, rests, rests_until_ms: see `domain.gate.Gate`; leases: a set of
       `<ends at, ms>#<random>`, one for each call on its way, where their number is limited

A turn is reserved by one write that needs no look before it, so that many functions at once never
make each other try again. A reserved turn that is not used is lost, and so is one second of the
supplier's; nothing is called because of it.
"""

from secrets import token_hex

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.gate import (
    FARTHEST_MS,
    LEASE_MS,
    PROBE_MS,
    TROUBLES,
    Gate,
    Lane,
    Turn,
    Wait,
    interval_ms,
)
from scrip.domain.supplier_terms import Terms

OPEN = "attribute_not_exists(rests_until_ms)"
QUIET = (
    "(attribute_not_exists(send_next_ms) OR send_next_ms <= :now) AND "
    "(attribute_not_exists(check_next_ms) OR check_next_ms <= :now) AND "
    "(attribute_not_exists(leases) OR size(leases) < :half)"
)
MANY = 1_000_000
TRIES = 4
"""A lane that is idle for one is busy for the next: they meet no more than this often in a row."""


class SupplierGates:
    def __init__(self, table: Table) -> None:
        self.table = table

    def take(
        self,
        merchant_id: str,
        account: str,
        lane: Lane,
        per_second: float,
        now_ms: int,
        luck: float,
    ) -> Turn | Wait:
        """The next turn, reserved."""
        key, every = _key(merchant_id, account), interval_ms(per_second)
        busy = False
        for _ in range(TRIES):
            try:
                return self._reserve(key, f"{lane.value}_next_ms", every, now_ms, busy=busy)
            except ConditionFailed as error:
                item = error.item or {}
                gate = _gate(item)
                if gate.closed:
                    return self._probe(key, gate, now_ms, luck)
                next_ms = item.get(f"{lane.value}_next_ms", 0)
                if next_ms > now_ms + FARTHEST_MS:
                    return Wait(now_ms + FARTHEST_MS)
                busy = next_ms > now_ms
        return Wait(now_ms + every + int(luck * 1_000))

    def spare(self, merchant_id: str, account: str, terms: Terms, now_ms: int) -> bool:
        """Whether one more call may be made now that no order is to wait for: the supplier is well,
        no order waits for its turn, less than half of the calls that may be are on their way, and
        the last such call is a turn ago. It takes nobody's turn."""
        try:
            self.table.update(
                _key(merchant_id, account),
                "SET check_next_ms = :next",
                condition=f"{OPEN} AND attribute_not_exists(troubles) AND {QUIET}",
                values={
                    ":next": now_ms + interval_ms(terms.per_second),
                    ":now": now_ms,
                    ":half": (terms.at_once + 1) // 2 or MANY,
                },
            )
        except ConditionFailed:
            return False
        return True

    def holds(self, merchant_id: str, account: str, turn: Turn) -> Gate | None:
        """The gate as it is, if a turn reserved before still counts."""
        item = self.table.get(_key(merchant_id, account))
        gate = _gate(item or {})
        return gate if not gate.closed and gate.closings == turn.closings else None

    def enter(self, merchant_id: str, account: str, at_once: int, now_ms: int) -> str | None:
        """A lease for one call, empty where any number may be on its way; None: none is free. One
        whose holder died ends by itself."""
        if not at_once:
            return ""
        key = _key(merchant_id, account)
        lease = f"{now_ms + LEASE_MS:013}#{token_hex(4)}"
        for _ in range(2):
            try:
                self.table.update(
                    key,
                    "ADD leases :lease",
                    condition="attribute_not_exists(leases) OR size(leases) < :most",
                    values={":lease": {lease}, ":most": at_once},
                )
            except ConditionFailed as error:
                held: set[str] = (error.item or {}).get("leases", set())
                ended = {each for each in held if int(each[:13]) <= now_ms}
                if not ended:
                    return None
                self._end(key, ended)
            else:
                return lease
        return None

    def leave(self, merchant_id: str, account: str, lease: str) -> None:
        if lease:
            self._end(_key(merchant_id, account), {lease})

    def _end(self, key: Item, leases: set[str]) -> None:
        self.table.update(key, "DELETE leases :ended", values={":ended": leases})

    def trouble(self, merchant_id: str, account: str, now_ms: int) -> bool:
        """The supplier answered nothing sensible. Whether that closed its gate."""
        key = _key(merchant_id, account)
        after = self.table.update(key, "ADD troubles :one", values={":one": 1}, returns="ALL_NEW")
        gate = _gate(after)
        if gate.troubles < TROUBLES or gate.rests_until_ms > now_ms + PROBE_MS:
            return False
        try:
            self.table.update(
                key,
                "SET rests_until_ms = :until ADD rests :one, closings :one "
                "REMOVE send_next_ms, ask_next_ms",
                condition=OPEN if not gate.closed else "rests_until_ms = :seen",
                values={":until": now_ms + gate.rest_ms(), ":one": 1}
                | ({":seen": gate.rests_until_ms} if gate.closed else {}),
            )
        except ConditionFailed:
            return False
        return not gate.closed

    def sense(self, merchant_id: str, account: str) -> None:
        """It answered something sensible: whatever was counted is forgotten, and it is open."""
        self.table.update(
            _key(merchant_id, account),
            "REMOVE troubles, rests, rests_until_ms",
            values={},
        )

    def _reserve(self, key: Item, lane: str, every: int, now_ms: int, *, busy: bool) -> Turn:
        """Raises ConditionFailed."""
        if busy:
            after = self.table.update(
                key,
                f"SET {lane} = {lane} + :every",
                condition=f"{lane} BETWEEN :now AND :farthest AND {OPEN}",
                values={":every": every, ":now": now_ms, ":farthest": now_ms + FARTHEST_MS},
                returns="ALL_NEW",
            )
        else:
            after = self.table.update(
                key,
                f"SET {lane} = :next",
                condition=f"(attribute_not_exists({lane}) OR {lane} <= :now) AND {OPEN}",
                values={":next": now_ms + every, ":now": now_ms},
                returns="ALL_NEW",
            )
        gate = _gate(after)
        return Turn(after[lane] - every, gate.closings, troubled=gate.troubles > 0)

    def _probe(self, key: Item, gate: Gate, now_ms: int, luck: float) -> Turn | Wait:
        """One call may try a supplier that has rested; everybody else waits for what it finds."""
        if now_ms < gate.rests_until_ms:
            return gate.wait(now_ms, luck)
        until_ms = now_ms + PROBE_MS
        try:
            self.table.update(
                key,
                "SET rests_until_ms = :until",
                condition="rests_until_ms = :seen",
                values={":until": until_ms, ":seen": gate.rests_until_ms},
            )
        except ConditionFailed:
            return gate.wait(until_ms, luck)
        return Turn(now_ms, gate.closings, troubled=True)


def _key(merchant_id: str, account: str) -> Item:
    return {"pk": f"{merchant_id}#gate#{account}"}


def _gate(item: Item) -> Gate:
    return Gate(
        troubles=item.get("troubles", 0),
        closings=item.get("closings", 0),
        rests=item.get("rests", 0),
        rests_until_ms=item.get("rests_until_ms", 0),
    )
