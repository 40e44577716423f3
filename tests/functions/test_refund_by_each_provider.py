"""What an order owes is given back at each provider, through its own stand-in: once, whatever gets
lost on the way."""

import json
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from scrip.adapters.order_items import refunds_of
from scrip.domain.refund import Refund, RefundState
from tests.functions.by_provider import pay, place, tell
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.oracles.paying import Provider, Signed
from tests.oracles.standard_bridge import sign
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


def test_one_that_may_have_been_sent_is_asked_about_before_it_is_sent(
    deployed: InMemory, provider: Provider, owing: Reply, clock: Clock
) -> None:
    """Also after the provider forgot its number, as PayPal does after 45 days."""
    order_id = owing.json["order"]["order_id"]
    clock.ahead_ms = 1000
    deployed.invoke("schedule_follow_up", {})
    deployed.table("orders").update_item(
        Key={"pk": f"demo#{order_id}"},
        UpdateExpression="SET #refund.#state = :begun, follow_up = :s, follow_up_at = :at",
        ExpressionAttributeNames={"#refund": f"refund#{order_id}R001", "#state": "state"},
        ExpressionAttributeValues={":begun": "begun", ":s": "0", ":at": clock.now_ms},
    )
    if provider.name == "paypal":
        provider.server.answers.clear()

    clock.ahead_ms += MINUTE_MS
    deployed.invoke("schedule_follow_up", {})

    [refund] = refunds(deployed, owing)
    assert refund.state in (RefundState.PENDING, RefundState.SUCCEEDED)
    assert len(given_back(provider, order_id)) == 1


def slow(provider: Provider) -> None:
    """Refunds take their time from now on."""
    match provider.name:
        case "paypal":
            provider.server.refund_status = "PENDING"
        case "alipay":
            provider.server.slow_refunds = True


def done(provider: Provider, placed: Reply, refund: Refund) -> Signed:
    """The provider's own callback: the refund came to its end."""
    server, order_id = provider.server, placed.json["order"]["order_id"]
    match provider.name:
        case "wechat":
            signed: Signed = server.refunded(refund.refund_id, "SUCCESS")
        case "alipay":
            server.slow_refunds = False
            signed = server.refunded(order_id, refund.refund_id)
        case "paypal":
            [kept] = [r for r in server.refunds.values() if r["invoice_id"] == refund.refund_id]
            kept["status"] = "COMPLETED"
            signed = server.event("PAYMENT.CAPTURE.REFUNDED", kept)
        case _:
            signed = told_by_standard(order_id, refund.refund_id, "rf_9", "45.00")
    return signed


def told_by_standard(order_id: str, number: str, ref: str, amount: str) -> Signed:
    now = int(time.time())
    data = {
        "id": f"tx_{order_id}",
        "currency": "EUR",
        "livemode": False,
        "account": "acct_demo",
        "metadata": {"order_id": order_id, "shop": "demo"},
        "refund": {"id": ref, "amount": amount} | ({"number": number} if number else {}),
    }
    at = datetime.fromtimestamp(now, UTC).isoformat()
    raw = json.dumps({"type": "refund.succeeded", "timestamp": at, "data": data}).encode()
    return raw, {"content-type": "application/json", **sign(raw, now)}


def test_the_providers_own_callback_ends_a_refund(
    deployed: InMemory, selling: Shop, provider: Provider, owing: Reply, clock: Clock
) -> None:
    slow(provider)
    clock.ahead_ms = 1000
    deployed.invoke("schedule_follow_up", {})
    [refund] = refunds(deployed, owing)
    assert refund.state in (RefundState.PENDING, RefundState.SUCCEEDED)

    signed = done(provider, owing, refund)
    replies = [tell(selling, provider, signed) for _ in range(2)]

    assert {each.status for each in replies} == {provider.answer[0]}
    [refund] = refunds(deployed, owing)
    assert refund.state is RefundState.SUCCEEDED
    assert selling.read(owing).json["refunded_minor"] == 4500
    assert len(given_back(provider, owing.json["order"]["order_id"])) == 1


def elsewhere(provider: Provider, placed: Reply) -> Signed:
    """A refund of 20.00 that somebody began in the provider's console, as its callback tells it."""
    server, order_id = provider.server, placed.json["order"]["order_id"]
    match provider.name:
        case "wechat":
            order = server.orders[order_id]
            asked = {
                "transaction_id": order["transaction_id"],
                "out_refund_no": "console-1",
                "notify_url": "https://shop.example/wechat",
                "amount": {"refund": 2000, "total": 4500, "currency": "CNY"},
            }
            server._refund(asked)
            signed: Signed = server.refunded("console-1", "SUCCESS")
        case "alipay":
            server.trades[order_id].refunds["console-1"] = Decimal("20.00")
            signed = server.refunded(order_id, "console-1")
        case "paypal":
            [capture] = server.captures
            signed = server.event("PAYMENT.CAPTURE.REFUNDED", server.take_back(capture, "20.00"))
        case _:
            signed = told_by_standard(order_id, "", "rf_console", "20.00")
    return signed


def test_what_was_begun_in_the_providers_console_is_not_given_back_again(
    deployed: InMemory, selling: Shop, provider: Provider, owing: Reply, clock: Clock
) -> None:
    signed = elsewhere(provider, owing)
    replies = [tell(selling, provider, signed) for _ in range(2)]
    clock.ahead_ms = 1000
    deployed.invoke("schedule_follow_up", {})

    assert {each.status for each in replies} == {provider.answer[0]}
    foreign, ours = sorted(refunds(deployed, owing), key=lambda each: not each.foreign)
    assert (foreign.money.amount_minor, foreign.foreign) == (2000, True)
    assert (ours.money.amount_minor, ours.foreign) == (2500, False)
