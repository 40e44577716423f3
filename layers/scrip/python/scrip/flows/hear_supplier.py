"""A supplier says that there is news of an order: it is asked about it, now. Whoever says so may be
anybody who knows a reference, and what it says may be the opposite of what is so."""

from typing import Protocol

from scrip.domain.top_up import Due, Unit, unit_of


class Supplier(Protocol):
    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> str: ...


class Queue(Protocol):
    def again(self, due: Due, delay_ms: int) -> None: ...


def hear_supplier(
    merchant_id: str,
    raw: bytes,
    headers: dict[str, str],
    *,
    now_seconds: int,
    supplier: Supplier,
    queue: Queue,
) -> Unit | None:
    """What it is about; None if that is no reference of ours. Raises what reading raises, and
    StoreUnavailable."""
    reference = supplier.read_callback(raw, headers, now_seconds)
    unit = unit_of(merchant_id, reference)
    if unit:
        queue.again(Due(unit, hint=True, named=reference), 0)
    return unit
