"""Marks of mail under way and sent, so that a message delivered twice is mailed once.

A sender that dies leaves a lease behind; after it another may send. Mail may come twice after a
crash, never by mere repetition, and it is never lost.
"""

from scrip.adapters.tables import ConditionFailed, Table

LEASE_MS = 60_000
KEEP_MS = 30 * 86_400_000


class Notifications:
    def __init__(self, table: Table) -> None:
        self.table = table

    def begin(self, merchant_id: str, order_id: str, kind: str, now_ms: int) -> bool | None:
        """True: it is ours to send. False: it was sent. None: another sends it right now."""
        item = {
            "pk": _pk(merchant_id, order_id, kind),
            "sent": False,
            "lease_until_ms": now_ms + LEASE_MS,
            "delete_at": (now_ms + KEEP_MS) // 1000,
        }
        try:
            self.table.put(
                item,
                condition="attribute_not_exists(pk) OR (sent = :no AND lease_until_ms < :now)",
                values={":no": False, ":now": now_ms},
            )
        except ConditionFailed as error:
            return False if error.item and error.item["sent"] else None
        return True

    def sent(self, merchant_id: str, order_id: str, kind: str) -> None:
        self.table.update(
            {"pk": _pk(merchant_id, order_id, kind)},
            "SET sent = :yes",
            values={":yes": True},
        )

    def failed(self, merchant_id: str, order_id: str, kind: str) -> None:
        """Give the lease back: nothing was sent."""
        self.table.update(
            {"pk": _pk(merchant_id, order_id, kind)},
            "SET lease_until_ms = :zero",
            values={":zero": 0},
        )


def _pk(merchant_id: str, order_id: str, kind: str) -> str:
    return f"{merchant_id}#{order_id}#{kind}"
