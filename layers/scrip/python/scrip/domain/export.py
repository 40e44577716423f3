"""An export: unsold codes that leave the stock for good, by two people.

    requested --approve (another key)--> approved --claimed--> ready: both may download for a while
        `--refuse--> refused

The codes are claimed under the export's id as an order's are, unit by unit, chunk by chunk.
"""

import hmac
from dataclasses import dataclass, replace
from typing import Literal, Self

from scrip.domain.errors import ExportKeyRefused, ExportNotOpen
from scrip.domain.order_access import CROCKFORD, ORDER_ID_LENGTH
from scrip.domain.stock import ChunkRef, Pick, unit_key, units_picked

ExportState = Literal["requested", "refused", "approved", "ready"]

MAX_CODES = 1_000
APPROVE_WITHIN_MS = 24 * 3_600_000
DOWNLOAD_WITHIN_MS = 4 * 3_600_000
LINE = 0
CLAIM_AT_ONCE = 50
"""Units of one claim: what an update's expression has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """`codes` are asked for; fewer where the stock has no more. Persons are ids of API keys.

    `chunk` is where the next unit is to be claimed, None before the first. `version` counts moves.
    """

    merchant_id: str
    export_id: str
    variant_id: str
    codes: int
    reason: str
    state: ExportState
    requested_by: str
    requested_at_ms: int
    approved_by: str = ""
    downloads_until_ms: int = 0
    chunk: ChunkRef | None = None
    picks: tuple[Pick, ...] = ()
    version: int = 0

    @property
    def expires_at_ms(self) -> int:
        """When nobody may approve it any more."""
        return self.requested_at_ms + APPROVE_WITHIN_MS

    @property
    def units_claimed(self) -> int:
        return units_picked(self.picks)

    @property
    def persons(self) -> tuple[str, ...]:
        """Who may download it."""
        return (self.requested_by, self.approved_by) if self.approved_by else ()

    def same_request(self, other: Self) -> bool:
        return (self.variant_id, self.codes, self.reason, self.requested_by) == (
            other.variant_id,
            other.codes,
            other.reason,
            other.requested_by,
        )

    def missing_units(self) -> list[str]:
        """Unit keys to claim next."""
        most = min(self.codes, self.units_claimed + CLAIM_AT_ONCE)
        return [unit_key(self.export_id, LINE, unit) for unit in range(self.units_claimed, most)]

    def places(self) -> list[tuple[ChunkRef, str]]:
        """Chunk and unit key of every code."""
        return [
            (pick.chunk, unit_key(self.export_id, LINE, unit))
            for pick in self.picks
            for unit in range(pick.first_unit, pick.first_unit + pick.units)
        ]

    def approve(self, by: str, at_ms: int) -> Self:
        """Raises ExportKeyRefused, ExportNotOpen."""
        if by == self.requested_by:
            raise ExportKeyRefused("who asks does not approve: it takes another key")
        self._check_open(at_ms)
        return self._moved(
            state="approved", approved_by=by, downloads_until_ms=at_ms + DOWNLOAD_WITHIN_MS
        )

    def refuse(self, at_ms: int) -> Self:
        """Raises ExportNotOpen."""
        self._check_open(at_ms)
        return self._moved(state="refused")

    def _check_open(self, at_ms: int) -> None:
        if self.state != "requested":
            raise ExportNotOpen(f"the export is {self.state}")
        if at_ms >= self.expires_at_ms:
            raise ExportNotOpen("nobody approved it in time")

    def check_download(self, by: str, at_ms: int) -> None:
        """Raises ExportKeyRefused, ExportNotOpen."""
        if self.state not in ("approved", "ready"):
            raise ExportNotOpen(f"the export is {self.state}")
        if by not in self.persons:
            raise ExportKeyRefused("who asked and who approved may download, nobody else")
        if at_ms >= self.downloads_until_ms:
            raise ExportNotOpen("the time for downloading it is over")

    def reopened(self, at_ms: int) -> Self:
        """Both may download for a while again. Raises ExportNotOpen."""
        if self.state not in ("approved", "ready"):
            raise ExportNotOpen(f"the export is {self.state}")
        return self._moved(downloads_until_ms=at_ms + DOWNLOAD_WITHIN_MS)

    def picked(self, units: int) -> Self:
        """After `units` more were claimed in the chunk it points to."""
        if self.chunk is None or not units:
            return self
        return replace(self, picks=(*self.picks, Pick(self.chunk, self.units_claimed, units)))

    def pointed_at(self, chunk: ChunkRef | None) -> Self:
        """To claim in that chunk next; None: there is no more to claim."""
        if chunk is None or self.units_claimed == self.codes:
            return self._moved(state="ready")
        return self._moved(chunk=chunk)

    def _moved(self, **changes: object) -> Self:
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]


def export_id_for(index_key: bytes, variant_id: str, idempotency_key: str) -> str:
    """Of an order id's shape, and never one: another key and another name."""
    name = f"export|{variant_id}|{idempotency_key}".encode()
    bits = int.from_bytes(hmac.digest(index_key, name, "sha256")[:10], "big")
    return "".join(CROCKFORD[bits >> 5 * n & 31] for n in range(ORDER_ID_LENGTH))
