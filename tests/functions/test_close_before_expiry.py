"""An order that nobody paid in time is closed at its provider before it expires: who did pay gets
the goods, though no callback ever came, and nobody can pay for an order that is gone."""

from typing import Any

import boto3
import msgspec
import pytest

from scrip.adapters.follow_ups import FollowUps
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.tables import Table
from scrip.domain.chase import WAIT_MS
from scrip.domain.order import ExpiredOrder, Order
from scrip.wiring.clients import provider_http
from tests.adapters import standard_making
from tests.contents import nothing_changes
from tests.functions.by_provider import pay_unheard, place
from tests.functions.conftest import Clock
from tests.functions.test_holds import stock_up
from tests.functions.test_schedule_expire_orders import mark, state, sweep
from tests.in_memory import InMemory, forget_adapters
from tests.oracles.paying import Provider
from tests.oracles.stripe_server import StripeServer
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
WINDOW = 60
OVER_MS = (WINDOW + 2) * MINUTE_MS
GIVEN_UP_MS = WINDOW * MINUTE_MS + WAIT_MS


@pytest.fixture(autouse=True)
def _stripe_is_well(stripe_api: StripeServer) -> None:
    stripe_api.fail_with.clear()
    stripe_api.requests.clear()


def reference(placed: Reply) -> str:
    return str(placed.json["payment"]["reference"])


def order(cloud: InMemory, placed: Reply) -> Order:
    orders = Orders(Table(boto3.client("dynamodb"), cloud.values["OrdersTable"]))
    found = orders.find("demo", placed.json["order"]["order_id"], consistent=True)
    assert found
    return found


def to_follow_up(cloud: InMemory, now_ms: int) -> list[str]:
    table = Table(boto3.client("dynamodb"), cloud.values["OrdersTable"])
    return [each.order_id for each in FollowUps(table).due(now_ms, 100)]


def break_stripe(stripe_api: StripeServer) -> None:
    stripe_api.fail_with += [(503, {})] * 1000


# --- what was paid ------------------------------------------------------------------------------


def test_who_paid_gets_the_goods_though_no_callback_came(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed, other = stocked.place({"card-50": 1}), stocked.place({"card-50": 1})
    stripe_api.settle(reference(placed))
    clock.ahead_ms = OVER_MS

    assert sweep(cloud) == 1

    assert [state(stocked, each) for each in (placed, other)] == ["delivered", "expired"]
    assert len(stocked.codes(placed)) == 1


def test_a_held_code_goes_to_who_paid_for_it(
    cloud: InMemory, shop: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    stock_up(shop, "THE-LAST")
    placed = shop.place({"seat": 1})
    stripe_api.settle(reference(placed))
    clock.ahead_ms = 11 * MINUTE_MS

    assert sweep(cloud) == 0

    assert shop.codes(placed) == ["THE-LAST"]


def test_the_callback_that_comes_after_all_changes_nothing(
    cloud: InMemory,
    stocked: Shop,
    stripe_api: StripeServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scrip.adapters.gateways.stripe_signature.TOLERANCE_SECONDS", 10**6)
    placed = stocked.place({"card-50": 1})
    stripe_api.settle(reference(placed))
    clock.ahead_ms = OVER_MS
    sweep(cloud)

    with nothing_changes(cloud):
        assert stocked.pay(placed).json["outcome"] == "duplicate"


def test_too_little_money_stands_beside_the_order_which_expires(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    stripe_api.keep(stripe_api.settle(reference(placed)), amount_received=1)
    clock.ahead_ms = OVER_MS

    assert sweep(cloud) == 1

    seen = stocked.call(
        "GET", f"/v1/merchant/orders/{placed.json['order']['order_id']}", key="operator"
    )
    assert seen.json["state"] == "expired"
    assert [stray["case"] for stray in seen.json["stray_payments"]] == ["short"]
    with nothing_changes(cloud):
        assert sweep(cloud) == 0


# --- what was not -------------------------------------------------------------------------------


def test_nobody_can_pay_for_an_order_that_expired(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    intent = stocked.place({"card-50": 1})
    session = stocked.place({"card-50": 1}, return_url="https://shop.example/thanks")
    clock.ahead_ms = OVER_MS

    assert sweep(cloud) == 2

    assert stripe_api.payments[reference(intent)]["status"] == "canceled"
    assert stripe_api.payments[reference(session)]["status"] == "expired"
    expired = order(cloud, intent)
    assert isinstance(expired, ExpiredOrder)
    assert not expired.unclosed
    assert to_follow_up(cloud, clock.now_ms) == []


def test_what_stands_in_both_indexes_is_asked_about_once(
    cloud: InMemory, shop: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    stock_up(shop, "A", hold_minutes=WINDOW)
    shop.place({"seat": 1})
    stripe_api.requests.clear()
    clock.ahead_ms = OVER_MS

    assert sweep(cloud) == 1

    assert [each.split()[0] for each in stripe_api.requests] == ["GET", "POST"]


def test_once_expired_nobody_is_asked_again(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    stocked.place({"card-50": 1})
    clock.ahead_ms = OVER_MS
    sweep(cloud)
    stripe_api.requests.clear()
    clock.ahead_ms += 5 * MINUTE_MS

    sweep(cloud)

    assert stripe_api.requests == []


def test_what_was_paid_and_told_costs_no_call(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    stocked.pay(stocked.place({"card-50": 1}))
    stripe_api.requests.clear()
    clock.ahead_ms = OVER_MS

    sweep(cloud)

    assert stripe_api.requests == []


# --- nobody knows -------------------------------------------------------------------------------


def test_an_order_waits_for_a_provider_that_does_not_answer(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    before = mark(cloud)
    break_stripe(stripe_api)
    clock.ahead_ms = OVER_MS
    with nothing_changes(cloud):
        assert sweep(cloud) == 0
    assert (state(stocked, placed), mark(cloud)) == ("pending", before)

    stripe_api.fail_with.clear()
    assert sweep(cloud) == 1
    assert mark(cloud) > before


def test_it_does_not_wait_for_ever_and_is_followed_up_afterwards(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    break_stripe(stripe_api)
    clock.ahead_ms = GIVEN_UP_MS - 1000
    assert sweep(cloud) == 0
    clock.ahead_ms = GIVEN_UP_MS
    assert sweep(cloud) == 1

    expired = order(cloud, placed)
    assert isinstance(expired, ExpiredOrder)
    assert expired.unclosed
    assert to_follow_up(cloud, clock.now_ms) == [expired.order_id]


def test_a_bank_debit_under_way_is_waited_for_the_same(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1}, return_url="https://shop.example/thanks")
    stripe_api.debit_bank(reference(placed))
    clock.ahead_ms = OVER_MS
    assert sweep(cloud) == 0
    clock.ahead_ms = GIVEN_UP_MS
    assert sweep(cloud) == 1

    expired = order(cloud, placed)
    assert isinstance(expired, ExpiredOrder)
    assert expired.unclosed


def test_others_behind_one_that_waits_expire(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    waits = stocked.place({"card-50": 1}, return_url="https://shop.example/thanks")
    stripe_api.debit_bank(reference(waits))
    clock.ahead_ms = MINUTE_MS
    behind = stocked.place({"card-50": 1})
    clock.ahead_ms = (WINDOW + 3) * MINUTE_MS

    assert sweep(cloud) == 1

    assert [state(stocked, each) for each in (waits, behind)] == ["pending", "expired"]
    assert mark(cloud) == "", "it must not pass the one that waits"
    clock.ahead_ms = GIVEN_UP_MS
    assert sweep(cloud) == 1
    assert mark(cloud) > ""


def test_many_that_wait_are_passed_page_by_page_and_asked_about_once(
    cloud: InMemory,
    stocked: Shop,
    stripe_api: StripeServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scrip.flows.expire_orders.PAGE", 3)
    waiting = [
        stocked.place({"card-50": 1}, return_url="https://shop.example/thanks") for _ in range(7)
    ]
    for placed in waiting:
        stripe_api.debit_bank(reference(placed))
    clock.ahead_ms = MINUTE_MS
    behind = stocked.place({"card-50": 1})
    clock.ahead_ms = (WINDOW + 3) * MINUTE_MS
    stripe_api.requests.clear()

    assert sweep(cloud) == 1

    assert state(stocked, behind) == "expired"
    asked = [each for each in stripe_api.requests if each.startswith("GET /v1/checkout")]
    assert len(asked) == 2 * len(waiting)  # asked, and asked again when it could not be closed


def test_a_merchant_that_took_its_secrets_away_keeps_no_order_waiting(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    cloud.table("merchants").delete_item(Key={"pk": "demo", "sk": "gateway#stripe"})
    forget_adapters()
    clock.ahead_ms = OVER_MS

    assert sweep(cloud) == 1

    assert state(stocked, placed) == "expired"
    assert to_follow_up(cloud, clock.now_ms) == []


def test_a_provider_that_is_known_by_its_callbacks_alone_keeps_no_order_waiting(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    merchants = Merchants(Table(boto3.client("dynamodb"), cloud.values["MerchantsTable"]))
    keys = Keys(boto3.client("kms"), cloud.values["VaultKeyArn"])
    no_bridge = msgspec.json.encode(standard_making.secrets(bridge_url=None))
    Gateways(merchants, keys, provider_http()).set("demo", "standard", no_bridge)
    placed = stocked.place({"card-50": 1}, provider="standard", return_url="https://shop.example/")
    clock.ahead_ms = OVER_MS

    assert sweep(cloud) == 1

    assert state(stocked, placed) == "expired"
    assert to_follow_up(cloud, clock.now_ms) == []


def test_one_merchants_dead_provider_holds_up_no_other(
    cloud: InMemory, stocked: Shop, open_another: Any, clock: Clock
) -> None:
    other = open_another("other")
    other.stock_up("card-50", ["X-1"])
    dead, well = stocked.place({"card-50": 1}), other.place({"card-50": 1})
    sealed = cloud.table("merchants").get_item(Key={"pk": "demo", "sk": "gateway#stripe"})["Item"]
    cloud.table("merchants").put_item(Item=sealed | {"sealed": b"not what it was"})
    forget_adapters()
    clock.ahead_ms = OVER_MS

    assert sweep(cloud) == 1

    assert state(stocked, dead) == "pending"
    assert state(other, well) == "expired"


def test_a_failed_try_is_not_the_end(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer
) -> None:
    placed = stocked.place({"card-50": 1})
    failed = stripe_api.event(
        "payment_intent.payment_failed", stripe_api.payments[reference(placed)]
    )

    with nothing_changes(cloud):
        assert stocked.callback(failed).json["outcome"] == "ignored"
    assert state(stocked, placed) == "pending"
    assert stocked.pay(placed).json["outcome"] == "delivered"
    with nothing_changes(cloud):
        assert stocked.callback(failed).json["outcome"] == "ignored"
    assert len(stocked.codes(placed)) == 1


# --- each provider ------------------------------------------------------------------------------


def test_at_each_provider_who_paid_gets_the_goods(
    deployed: InMemory, selling: Shop, provider: Provider, clock: Clock
) -> None:
    placed = place(selling, provider)
    pay_unheard(provider, placed)
    clock.ahead_ms = OVER_MS

    assert sweep(deployed) == 0

    assert state(selling, placed) == "delivered"
    assert len(selling.codes(placed)) == 1


def test_at_each_provider_nobody_can_pay_afterwards(
    deployed: InMemory,
    selling: Shop,
    provider: Provider,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    placed = place(selling, provider)
    clock.ahead_ms = OVER_MS
    server, order_id = provider.server, placed.json["order"]["order_id"]
    if provider.name == "alipay":
        server.visit(placed.json["payment"]["checkout_url"])

    assert sweep(deployed) == 1

    closed = {
        "alipay": lambda: server.trades[order_id].status == "TRADE_CLOSED",
        "paypal": lambda: server.orders[placed.json["payment"]["reference"]]["purchase_units"][0][
            "custom_id"
        ].endswith("/closed"),
        "standard": lambda: server.payments[order_id]["state"] == "closed",
        "wechat": lambda: server.orders[order_id]["trade_state"] == "CLOSED",
    }
    assert closed[provider.name]()
    assert state(selling, placed) == "expired"
