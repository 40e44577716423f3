"""When codes may be destroyed for good, and when the last copy of them is gone.

Destroying is of the one thing that opens them: a batch's sealed data key, a single code's
ciphertext. Backups hold both for a while longer.
"""

from scrip.domain.stock import ChunkRef, Directory

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
    found: list[ChunkRef] = []
    for each in directory.ranges:
        for position in range(max(directory.low, each.start), each.start + each.chunks):
            ref = directory.ref(position)
            if ref.batch_id != batch_id or len(found) > MAX_LISTED:
                break
            if directory.lists(ref):
                found.append(ref)
    return found
