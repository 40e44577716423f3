"""Orders placed with, paid at and told of by any provider's stand-in."""

from typing import Any

from tests.oracles.paying import Provider, Signed
from tests.shop import Reply, Shop


def place(selling: Shop, provider: Provider, **more: Any) -> Reply:
    placed = selling.place({"card": 1}, provider=provider.name, **provider.asked, **more)
    assert placed.status == 201, placed.text
    return placed


def pay(provider: Provider, placed: Reply) -> Signed:
    return provider.pay(placed.json["payment"][provider.shown])


def tell(selling: Shop, provider: Provider, signed: Signed, merchant_id: str = "demo") -> Reply:
    raw, headers = signed
    path = f"/v1/callbacks/payments/{merchant_id}/{provider.name}"
    return selling.call("POST", path, raw, headers=headers)


def pay_unheard(provider: Provider, placed: Reply) -> None:
    """The buyer pays, and the callback is lost."""
    pay(provider, placed)
    if provider.name == "standard":  # its stand-in is a bridge, to a provider of the shop's own
        provider.server.payments[placed.json["order"]["order_id"]] = {
            "state": "paid",
            "transaction_id": "tx_1",
            "amount_minor": 4500,
            "currency": provider.currency,
            "paid_at_ms": 1_760_000_000_000,
        }
