"""Create a merchant, with an order key that nobody has seen."""

import re
from typing import Protocol

from scrip.domain.errors import RequestInvalid
from scrip.domain.merchant import LOCALES, Merchant, is_merchant_id

PLACEHOLDER = re.compile(r"{[^}]*}")
WHERE = re.compile(r"https://|http://(localhost|127\.0\.0\.1)[:/]")


class Merchants(Protocol):
    def create(self, merchant: Merchant) -> None: ...


class OrderKeys(Protocol):
    def new(self, merchant_id: str) -> bytes: ...


def create_merchant(
    merchant_id: str,
    *,
    name: str,
    order_url: str,
    locale: str,
    mail_codes: bool,
    now_ms: int,
    merchants: Merchants,
    order_keys: OrderKeys,
) -> Merchant:
    """Raises RequestInvalid, MerchantExists."""
    if not is_merchant_id(merchant_id):
        raise RequestInvalid("id: a lower-case letter, then 1 to 19 letters, digits or hyphens")
    if locale not in LOCALES:
        raise RequestInvalid(f"locale: one of {', '.join(LOCALES)}")
    rest = PLACEHOLDER.sub("", order_url)
    if sorted(PLACEHOLDER.findall(order_url)) != ["{order_id}", "{token}"] or set(rest) & set("{}"):
        raise RequestInvalid("order_url must hold {order_id} and {token} once, and no other braces")
    if not WHERE.match(order_url):
        raise RequestInvalid("order_url must start with https://")
    merchant = Merchant(
        merchant_id=merchant_id,
        name=name,
        order_url=order_url,
        locale=locale,
        mail_codes=mail_codes,
        sealed_order_key=order_keys.new(merchant_id),
        created_at_ms=now_ms,
    )
    merchants.create(merchant)
    return merchant
