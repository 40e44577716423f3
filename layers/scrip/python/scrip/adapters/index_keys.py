"""Merchants' index keys: what their blind indexes are made with. Made at the first import."""

from scrip.adapters.keys import Keys, context_of
from scrip.adapters.tables import ConditionFailed, Table

INDEX_KEY = "index-key"


class IndexKeys:
    def __init__(self, table: Table, keys: Keys) -> None:
        self.table = table
        self.keys = keys

    def of(self, merchant_id: str) -> bytes:
        """32 bytes, for ever the same: two imports at once agree on the first one written."""
        context = context_of("index", merchant_id)
        item = self.table.get({"pk": merchant_id, "sk": INDEX_KEY}, consistent=True)
        if item is None:
            item = {
                "pk": merchant_id,
                "sk": INDEX_KEY,
                "sealed": self.keys.new_sealed_key(context),
            }
            try:
                self.table.put(item, condition="attribute_not_exists(pk)")
            except ConditionFailed as error:
                if error.item is None:
                    raise
                item = error.item
        return self.keys.open(item["sealed"], context)
