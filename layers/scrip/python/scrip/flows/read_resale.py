"""A reseller reads an order that it placed."""

from typing import Protocol

from scrip.domain.merchant import Merchant
from scrip.domain.order import OrderRecord
from scrip.domain.order_access import order_id_for
from scrip.domain.resale import Placed
from scrip.steps.known_order import OrderReader, known_order


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class OrderKeys(Protocol):
    def of(self, merchant: Merchant) -> bytes: ...


def read_resale(
    merchant_id: str,
    placed: Placed,
    *,
    merchants: Merchants,
    order_keys: OrderKeys,
    orders: OrderReader,
) -> OrderRecord:
    """Raises OrderUnknown, StoreUnavailable, SealBroken."""
    order_key = order_keys.of(merchants.get(merchant_id))
    return known_order(merchant_id, order_id_for(order_key, placed.key), orders, UNKNOWN)


UNKNOWN = "no order was placed under this reference"
