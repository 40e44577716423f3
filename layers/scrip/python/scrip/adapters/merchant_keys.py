"""Merchants' own keys of one purpose, wrapped by KMS in the merchants table. Made once.

`generation`: what generated keys derive from. `registry`: what their marks are made with. `index`:
what the marks of imported codes are made with.
"""

from scrip.adapters.keys import Keys, context_of
from scrip.adapters.tables import ConditionFailed, Table
from scrip.domain.errors import SealBroken

KEPT = 500


class MerchantKeys:
    """A sealed key never changes, so those seen are kept."""

    def __init__(self, table: Table, keys: Keys, purpose: str) -> None:
        self.table = table
        self.keys = keys
        self.purpose = purpose
        self._kept: dict[str, bytes] = {}

    def ensure(self, merchant_id: str) -> bytes:
        """The sealed key, made if there is none: two at once agree on the first one written."""
        found = self._find(merchant_id)
        if found is None:
            found = self.keys.new_sealed_key(self._context(merchant_id))
            try:
                self.table.put(
                    {"pk": merchant_id, "sk": self._name, "sealed": found},
                    condition="attribute_not_exists(pk)",
                )
            except ConditionFailed as error:
                if error.item is None:
                    raise
                found = bytes(error.item["sealed"])
        return found

    def of(self, merchant_id: str) -> bytes:
        """32 bytes, for ever the same. Raises SealBroken where there is none: it was made before
        anything that needs it."""
        sealed = self._kept.get(merchant_id) or self._find(merchant_id)
        if sealed is None:
            raise SealBroken(f"{self._name} is gone")
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[merchant_id] = sealed
        return self.open(merchant_id, sealed)

    def open(self, merchant_id: str, sealed: bytes) -> bytes:
        return self.keys.open(sealed, self._context(merchant_id))

    @property
    def _name(self) -> str:
        return f"{self.purpose}-key"

    def _find(self, merchant_id: str) -> bytes | None:
        item = self.table.get({"pk": merchant_id, "sk": self._name}, consistent=True)
        return item["sealed"] if item else None

    def _context(self, merchant_id: str) -> dict[str, str]:
        return context_of(self.purpose, merchant_id)
