"""Codes of an order in plain text: reads its picks, opens their seals."""

from scrip.adapters.stock import Stock
from scrip.adapters.vault import Vault
from scrip.domain.code import Code
from scrip.domain.errors import SealBroken
from scrip.domain.order import Line, Order
from scrip.domain.stock import Batch


class SealedCodes:
    def __init__(self, stock: Stock, vault: Vault) -> None:
        self.stock = stock
        self.vault = vault

    def open_line(self, order: Order, line: Line) -> list[Code]:
        """The codes of a line, unit by unit. Raises SealBroken."""
        found = self.stock.claimed_codes(
            order.merchant_id, line.variant_id, order.order_id, line.number, line.picks
        )
        batches = {
            batch_id: self._batch(order.merchant_id, line.variant_id, batch_id)
            for batch_id in {chunk.batch_id for chunk, _ in found}
        }
        opened = []
        for chunk, sealed in found:
            batch = batches[chunk.batch_id]
            opened.append(self.vault.open(self.vault.key_of(batch), batch, sealed))
        return opened

    def _batch(self, merchant_id: str, variant_id: str, batch_id: str) -> Batch:
        batch = self.stock.find_batch(merchant_id, variant_id, batch_id)
        if batch is None:
            raise SealBroken(f"batch {batch_id} is gone")
        return batch
