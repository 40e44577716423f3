"""What an order owes is given back at each provider, through its own stand-in: once, whatever gets
lost on the way."""

import pytest

from scrip.adapters.order_items import refunds_of
from scrip.domain.refund import Refund, RefundState
from tests.functions.by_provider import pay, place, tell
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.oracles.paying import Provider
from tests.shop import Reply, Shop

MINUTE_MS = 60_000


def refunds(cloud: InMemory, placed: Reply) -> list[Refund]:
    key = {"pk": f"demo#{placed.json['order']['order_id']}"}
    return list(refunds_of(cloud.table("orders").get_item(Key=key)["Item"]))


def given_back(provider: Provider, order_id: str) -> list[str]:
    """The amounts that the stand-in gave back for an order, in its own words."""
    server = provider.server
    match provider.name:
        case "wechat":
            made = [r for r in server.refunds.values() if r["out_trade_no"] == order_id]
            return [str(each["amount"]["refund"]) for each in made]
        case "alipay":
            return [str(each) for each in server.trades[order_id].refunds.values()]
        case "paypal":
            made = [r for r in server.refunds.values() if r["invoice_id"].startswith(order_id)]
            return [each["amount"]["value"] for each in made]
    asked = {d["refund_id"]: d for _, kind, d in server.calls if kind == "refund.create"}
    return [str(each["amount_minor"]) for each in asked.values() if each["order_id"] == order_id]


EXPECTED = {"wechat": "4500", "alipay": "45", "paypal": "45.00", "standard": "4500"}


@pytest.fixture
def owing(selling: Shop, provider: Provider) -> Reply:
    """An order that was paid, and then all of it was taken back."""
    placed = place(selling, provider)
    assert tell(selling, provider, pay(provider, placed)).status in (200, 204)
    assert selling.take_back(placed).status == 200
    return placed


def test_what_is_owed_is_given_back(
    deployed: InMemory, provider: Provider, owing: Reply, clock: Clock
) -> None:
    order_id = owing.json["order"]["order_id"]

    for minute in range(4):
        clock.ahead_ms = minute * MINUTE_MS + 1000
        deployed.invoke("schedule_follow_up", {})

    [refund] = refunds(deployed, owing)
    assert refund.refund_id == f"{order_id}R001"
    assert refund.state in (RefundState.SUCCEEDED, RefundState.PENDING)
    assert [each.rstrip("0").rstrip(".") for each in given_back(provider, order_id)] == [
        EXPECTED[provider.name].rstrip("0").rstrip(".")
    ]
