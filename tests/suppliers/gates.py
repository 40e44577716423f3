"""Gates to suppliers in memory."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

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


@dataclass
class MemoryGates:
    """As `adapters.supplier_gates`, whose expressions are tested where they are evaluated."""

    gates: dict[str, Gate] = field(default_factory=dict)
    next_ms: dict[tuple[str, Lane], int] = field(default_factory=dict)
    leases: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def take(
        self, _: str, account: str, lane: Lane, per_second: float, now_ms: int, luck: float
    ) -> Turn | Wait:
        gate = self.gates.get(account, Gate())
        if gate.closed:
            if now_ms < gate.rests_until_ms:
                return gate.wait(now_ms, luck)
            self.gates[account] = replace(gate, rests_until_ms=now_ms + PROBE_MS)
            return Turn(now_ms, gate.closings, troubled=True)
        at_ms = max(now_ms, self.next_ms.get((account, lane), 0))
        if at_ms > now_ms + FARTHEST_MS:
            return Wait(now_ms + FARTHEST_MS)
        self.next_ms[account, lane] = at_ms + interval_ms(per_second)
        return Turn(at_ms, gate.closings, troubled=gate.troubles > 0)

    def holds(self, _: str, account: str, turn: Turn) -> Gate | None:
        gate = self.gates.get(account, Gate())
        return gate if not gate.closed and gate.closings == turn.closings else None

    def enter(self, _: str, account: str, at_once: int, now_ms: int) -> str | None:
        held = {each for each in self.leases[account] if int(each[:13]) > now_ms}
        self.leases[account] = held
        if not at_once:
            return ""
        if len(held) >= at_once:
            return None
        lease = f"{now_ms + LEASE_MS:013}#{next(self.numbers)}"
        held.add(lease)
        return lease

    def leave(self, _: str, account: str, lease: str) -> None:
        self.leases[account].discard(lease)

    def trouble(self, _: str, account: str, now_ms: int) -> bool:
        gate = self.gates.get(account, Gate())
        gate = replace(gate, troubles=gate.troubles + 1)
        closes = gate.troubles >= TROUBLES and gate.rests_until_ms <= now_ms + PROBE_MS
        self.gates[account] = gate
        if not closes:
            return False
        self.gates[account] = replace(
            gate,
            rests_until_ms=now_ms + gate.rest_ms(),
            rests=gate.rests + 1,
            closings=gate.closings + 1,
        )
        for lane in Lane:
            self.next_ms.pop((account, lane), None)
        return not gate.closed

    def sense(self, _: str, account: str) -> None:
        gate = self.gates.get(account, Gate())
        self.gates[account] = Gate(closings=gate.closings)
