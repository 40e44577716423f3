"""When codes may be destroyed for good, and when the last copy of them is gone.

Destroying is of the one thing that opens them: a batch's sealed data key, a single code's
ciphertext. Backups hold both for a while longer.
"""

from itertools import islice

from scrip.domain.directory import Directory
from scrip.domain.stock import ChunkRef

BACKUP_DAYS = 35
"""Point-in-time recovery of a table reaches so far back, and cannot be made to forget."""

DAY_MS = 86_400_000

MAX_LISTED = 64
"""Chunks of a batch that are looked into. More of them on sale are never all empty."""


def gone_for_good_at_ms(shredded_at_ms: int) -> int:
    """From then on no backup holds what was destroyed."""
    return shredded_at_ms + BACKUP_DAYS * DAY_MS


def listed_chunks(directory: Directory, batch_id: str) -> list[ChunkRef]:
    """Chunks of the batch that count as on sale, at most one more than MAX_LISTED."""
    return list(islice(directory.open_chunks(batch_id), MAX_LISTED + 1))
