"""Merchants' index keys: what their blind indexes are made with. Made at the first import."""

from scrip.adapters.keys import Keys
from scrip.adapters.merchant_keys import MerchantKeys
from scrip.adapters.tables import Table


class IndexKeys:
    def __init__(self, table: Table, keys: Keys) -> None:
        self._keys = MerchantKeys(table, keys, "index")

    def of(self, merchant_id: str) -> bytes:
        """32 bytes, for ever the same: two imports at once agree on the first one written."""
        return self._keys.open(merchant_id, self._keys.ensure(merchant_id))
