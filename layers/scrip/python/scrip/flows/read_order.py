"""A buyer reads an order with the order's token."""

from typing import Protocol

from scrip.domain.chase import waited_enough
from scrip.domain.errors import (
    CredentialsInvalid,
    MerchantUnknown,
    OrderTokenExpired,
    OrderUnknown,
)
from scrip.domain.merchant import Merchant, is_merchant_id
from scrip.domain.order import OrderRecord, PendingOrder
from scrip.domain.order_access import Access, TokenText, check_token
from scrip.steps.known_order import OrderReader, known_order
from scrip.steps.let_go import Ending, HoldStore, OrderEnder, expire_all


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class OrderKeys(Protocol):
    def of(self, merchant: Merchant) -> bytes: ...


class OrderStore(OrderEnder, OrderReader, Protocol): ...


def read_order(
    token: TokenText | None,
    order_id: str,
    *,
    now_ms: int,
    merchants: Merchants,
    order_keys: OrderKeys,
    orders: OrderStore,
    holds: HoldStore,
) -> OrderRecord:
    """An order whose time is long over is found expired, whether the schedule came by or not. Its
    provider has not closed it then.

    Raises CredentialsInvalid, OrderTokenExpired, OrderUnknown, MoveContended, StoreUnavailable.

    A token of another order and an order that does not exist look the same from outside.
    """
    if token is None or not is_merchant_id(token.merchant_id):
        raise CredentialsInvalid("not an order token")
    try:
        order_key = order_keys.of(merchants.get(token.merchant_id))
    except MerchantUnknown as error:
        raise CredentialsInvalid("not an order token") from error
    access = check_token(order_key, token, order_id, now_ms)
    if access is Access.DENIED:
        raise OrderUnknown(order_id)
    if access is Access.EXPIRED:
        raise OrderTokenExpired("ask the shop for a new link")
    record = known_order(token.merchant_id, order_id, orders)
    order = record.order
    if isinstance(order, PendingOrder) and waited_enough(order.expires_at_ms, now_ms):
        ending = Ending(order, order.expire(now_ms, unclosed=True))
        expire_all([ending], now_ms=now_ms, orders=orders, holds=holds)
        record = known_order(token.merchant_id, order_id, orders)
    return record
