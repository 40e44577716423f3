"""Merchants' signing keys: the public halves, and the private ones as KMS sealed them.

Licence key   pk merchant, sk `licence-key#<number>`, public, sealed, from_ms: never changed
"""

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.licence import SigningKey

PREFIX = "licence-key#"


class LicenceKeys:
    def __init__(self, table: Table) -> None:
        self.table = table

    def of(self, merchant_id: str) -> list[SigningKey]:
        """Oldest first."""
        found = self.table.query(
            "pk = :pk AND begins_with(sk, :prefix)",
            {":pk": merchant_id, ":prefix": PREFIX},
            consistent=True,
        )
        return [_key(item) for item in found]

    def add(self, merchant_id: str, key: SigningKey) -> SigningKey:
        """The key of that number: this one, or the one that was there first."""
        item = {
            "pk": merchant_id,
            "sk": f"{PREFIX}{key.number:04d}",
            "public": key.public,
            "sealed": key.sealed,
            "from_ms": key.from_ms,
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item is None:
                raise
            return _key(error.item)
        return key


def _key(item: Item) -> SigningKey:
    number = int(item["sk"].removeprefix(PREFIX))
    return SigningKey(number, item["public"], item["sealed"], item["from_ms"])
