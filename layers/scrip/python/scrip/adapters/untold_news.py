"""News that no reseller took, for a person to see.

Untold     pk `<merchant>#<reseller>#untold`, sk the order
"""

from scrip.adapters.tables import Item, Table
from scrip.domain.resale_news import Untold


class UntoldNews:
    def __init__(self, table: Table) -> None:
        self.table = table

    def add(self, untold: Untold) -> None:
        """In place of what was there of this order."""
        key = _key(untold.merchant_id, untold.reseller_id, untold.order_id)
        facts = {name: getattr(untold, name) for name in ("reference", "at_ms", "reason")}
        self.table.put(key | facts)

    def remove(self, merchant_id: str, reseller_id: str, order_id: str) -> None:
        self.table.delete(_key(merchant_id, reseller_id, order_id))

    def of(self, merchant_id: str, reseller_id: str) -> list[Untold]:
        key = _key(merchant_id, reseller_id, "")
        return [
            Untold(
                merchant_id,
                reseller_id,
                item["sk"],
                item["reference"],
                item["at_ms"],
                item["reason"],
            )
            for item in self.table.query("pk = :pk", {":pk": key["pk"]}, consistent=True)
        ]


def _key(merchant_id: str, reseller_id: str, order_id: str) -> Item:
    return {"pk": f"{merchant_id}#{reseller_id}#untold", "sk": order_id}
