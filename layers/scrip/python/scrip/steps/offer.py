"""Set how many of the codes in stock orders may have from now on.

What is in stock is counted, then the directory is written as it should be, if nothing came or went
meanwhile: claims only lower what is on offer. So whoever dies here has either done it or not, and
doing it again sets it anew.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from scrip.domain.directory import Directory
from scrip.domain.errors import StoreUnavailable
from scrip.domain.offer import Capped, Excess, Offer, capped, in_stock
from scrip.domain.stock import ChunkRef

TRIES = 8
"""Imports, claims and returns of the same variant that may get ahead of this."""


class OfferedStock(Protocol):
    def directory(
        self, merchant_id: str, variant_id: str, *, consistent: bool = False
    ) -> Directory: ...
    def free(
        self, merchant_id: str, variant_id: str, chunks: Sequence[ChunkRef]
    ) -> Mapping[ChunkRef, int]: ...
    def rewrite(
        self,
        merchant_id: str,
        variant_id: str,
        seen: Directory,
        new: Directory,
        excess: Excess | None,
    ) -> bool: ...


def offer(
    merchant_id: str,
    variant_id: str,
    units: int | None,
    *,
    now_ms: int,
    stock: OfferedStock,
) -> Offer:
    """Of what is in stock, orders placed from now on have at most `units`, until this is done
    again; None: everything. What comes into stock later is kept while a cap stands.

    Raises StoreUnavailable.
    """
    for _ in range(TRIES):
        seen = stock.directory(merchant_id, variant_id, consistent=True)
        free = stock.free(merchant_id, variant_id, seen.pointed_at(now_ms))
        if units is not None:
            plan = capped(seen, units, free, now_ms)
        else:
            plan = Capped(seen.uncapped(), None, Offer(in_stock(seen, free, now_ms), 0))
            if not seen.cap:
                return plan.offer
        if stock.rewrite(merchant_id, variant_id, seen, plan.directory, plan.excess):
            return plan.offer
    raise StoreUnavailable("other changes to this variant's stock kept getting ahead")
