"""Merchants' order keys, unwrapped."""

from scrip.adapters.keys import Keys, context_of
from scrip.domain.merchant import Merchant


class OrderKeys:
    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def of(self, merchant: Merchant) -> bytes:
        return self.keys.open(merchant.sealed_order_key, _context(merchant.merchant_id))

    def new(self, merchant_id: str) -> bytes:
        """A sealed key for a new merchant."""
        return self.keys.new_sealed_key(_context(merchant_id))


def _context(merchant_id: str) -> dict[str, str]:
    return context_of("order-token", merchant_id)
