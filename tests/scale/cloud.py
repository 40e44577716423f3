"""DynamoDB tables, Lambda functions and quotas as token buckets over simulated time.

Nothing here waits: whoever asks learns at once whether he may, and waits himself.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from zlib import crc32

from tests.scale.limits import (
    PARTITION_RCU,
    PARTITION_WCU,
    RAMP_INSTANCES_AT_ONCE,
    RAMP_INSTANCES_PER_SECOND,
    REQUESTS_PER_CONCURRENCY,
    SPLIT_AFTER_SECONDS,
)

CALM_SECONDS = 5.0
"""A partition that refused nothing for so long is no longer hot."""


class TokenBucket:
    """`rate` a second, at most `burst` saved up; full at the start."""

    __slots__ = ("burst", "last", "rate", "tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = burst
        self.last = 0.0

    def take(self, now: float, units: float = 1.0) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.last) * self.rate)
        self.last = now
        if self.tokens < units:
            return False
        self.tokens -= units
        return True


class Quota:
    """A bucket that remembers whom it refused, by second."""

    def __init__(self, name: str, rate: float, burst: float) -> None:
        self.name = name
        self.bucket = TokenBucket(rate, burst)
        self.asked: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()

    def take(self, now: float, units: float = 1.0) -> bool:
        self.asked[int(now)] += 1
        if self.bucket.take(now, units):
            return True
        self.refused[int(now)] += 1
        return False


class Partition:
    """Splits in two when it was hot for minutes, unless one single key made it hot."""

    def __init__(self, depth: int = 0) -> None:
        self.writes = TokenBucket(PARTITION_WCU, PARTITION_WCU)
        self.reads = TokenBucket(PARTITION_RCU, PARTITION_RCU)
        self.depth = depth
        self.halves: tuple[Partition, Partition] | None = None
        self.hot_since: float | None = None
        self.last_refused = 0.0
        self.keys: set[int] = set()

    def of(self, place: int) -> "Partition":
        found = self
        while found.halves:
            found = found.halves[place >> found.depth & 1]
        return found

    def take(self, now: float, place: int, *, wcu: float, rcu: float) -> bool:
        bucket = self.writes if wcu else self.reads
        if bucket.take(now, wcu or rcu):
            return True
        if self.hot_since is None or now - self.last_refused > CALM_SECONDS:
            self.hot_since = now
            self.keys.clear()
        self.last_refused = now
        self.keys.add(place)
        if now - self.hot_since >= SPLIT_AFTER_SECONDS and len(self.keys) > 1:
            self.halves = (Partition(self.depth + 1), Partition(self.depth + 1))
        return False


class SimTable:
    """An on-demand table or index. `wcu`, `rcu`: its warm throughput, and no more at once."""

    def __init__(self, name: str, wcu: float, rcu: float) -> None:
        self.name = name
        count = max(1, math.ceil(wcu / PARTITION_WCU), math.ceil(rcu / PARTITION_RCU))
        self.partitions = [Partition() for _ in range(count)]
        self.all_writes = TokenBucket(wcu, wcu)
        self.all_reads = TokenBucket(rcu, rcu)
        self.asked: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self.refused_keys: Counter[str] = Counter()
        self.units: Counter[int] = Counter()
        self._places: dict[str, int] = {}

    def take(self, now: float, key: str, *, wcu: float = 0.0, rcu: float = 0.0) -> bool:
        """Whether the units are granted; a request is of one kind."""
        second = int(now)
        self.asked[second] += 1
        place = crc32(key.encode())
        partition = self.partitions[place % len(self.partitions)].of(place // 1009)
        whole = self.all_writes if wcu else self.all_reads
        if partition.take(now, place // 1009, wcu=wcu, rcu=rcu) and whole.take(now, wcu or rcu):
            self.units[second] += math.ceil(wcu)
            return True
        self.refused[second] += 1
        self.refused_keys[key.partition(":")[0]] += 1
        return False


@dataclass(slots=True)
class Instance:
    """Of a function: until when it remembers its secrets, and what all orders read."""

    cold: bool = True
    secrets_until: float = -1.0
    reads_until: float = -1.0


@dataclass
class Account:
    """Concurrency is shared by all functions: invocations under way, and requests a second."""

    concurrency: int
    running: int = 0
    peak: int = 0
    requests: TokenBucket = field(init=False)

    def __post_init__(self) -> None:
        most = self.concurrency * REQUESTS_PER_CONCURRENCY
        self.requests = TokenBucket(most, most)


class Function:
    """A Lambda function: warm instances first, new ones as fast as the ramp allows."""

    def __init__(self, name: str, account: Account, warm: int = 0) -> None:
        self.name = name
        self.account = account
        self.idle = [Instance(cold=False) for _ in range(warm)]
        self.instances = warm
        self.ramp = TokenBucket(RAMP_INSTANCES_PER_SECOND, RAMP_INSTANCES_AT_ONCE)
        self.asked: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self.cold_starts = 0

    def start(self, now: float) -> Instance | None:
        """An instance to run in, None when throttled."""
        self.asked[int(now)] += 1
        if self.account.running < self.account.concurrency and self.account.requests.take(now):
            found = self.idle.pop() if self.idle else self._new(now)
            if found:
                self.account.running += 1
                self.account.peak = max(self.account.peak, self.account.running)
                return found
        self.refused[int(now)] += 1
        return None

    def _new(self, now: float) -> Instance | None:
        if not self.ramp.take(now):
            return None
        self.instances += 1
        self.cold_starts += 1
        return Instance()

    def end(self, instance: Instance) -> None:
        self.account.running -= 1
        self.idle.append(instance)
