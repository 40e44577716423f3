"""What a shop says an order shall give back: in full, in part, several times, by line."""

from typing import Any

import pytest

from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.functions.test_refunds import at_stripe, follow
from tests.in_memory import InMemory
from tests.oracles.stripe_server import StripeServer
from tests.shop import Reply, Shop

MINUTE_MS = 60_000


def put(shop: Shop, placed: Reply, amount: int | None = None, **lines: int) -> Reply:
    """`lines`: units by `line0`, `line1`."""
    body: dict[str, Any] = {"reason": "not amused"}
    if amount is not None:
        body["refund_due_minor"] = amount
    if lines:
        body["lines"] = [{"line": int(n[4:]), "units": units} for n, units in lines.items()]
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/refund-due"
    return shop.call("PUT", path, body, key="operator")


def seen(shop: Shop, placed: Reply) -> Any:
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}"
    return shop.call("GET", path, key="operator").json


def in_stock(shop: Shop, variant: str) -> int:
    path = f"/v1/merchant/variants/{variant}/stock"
    return int(shop.call("GET", path, key="operator").json["available"])


@pytest.fixture
def bought(stocked: Shop, clock: Clock) -> Reply:
    """Three cards at 45.00 and two passes at 9.99: 154.98 in all, nobody looked."""
    stocked.stock_up("pass", ["PASS-1", "PASS-2", "PASS-3"], price=999)
    placed = stocked.place({"card-50": 3, "pass": 2})
    assert stocked.pay(placed).json["outcome"] == "delivered"
    clock.ahead_ms = 1000
    return placed


def go_on(cloud: InMemory, clock: Clock) -> None:
    for _ in range(3):
        clock.ahead_ms += MINUTE_MS + 1000
        follow(cloud)


def test_all_of_an_order_nobody_looked_at_goes_back_on_sale(
    cloud: InMemory, stocked: Shop, bought: Reply, stripe_api: StripeServer, clock: Clock
) -> None:
    before = in_stock(stocked, "card-50"), in_stock(stocked, "pass")

    asked = put(stocked, bought, 15498)
    with nothing_changes(cloud):
        again = put(stocked, bought, 15498)
    go_on(cloud, clock)

    assert (asked.status, asked.json["refund_due_minor"]) == (200, 15498)
    assert again.json == asked.json
    assert (in_stock(stocked, "card-50"), in_stock(stocked, "pass")) == (
        before[0] + 3,
        before[1] + 2,
    )
    assert [each["amount"] for each in at_stripe(stripe_api, bought)] == [15498]
    order = seen(stocked, bought)
    assert (order["state"], order["refunded_minor"]) == ("refund_due", 15498)
    [refund] = order["refunds"]
    assert (refund["state"], refund["amount_minor"]) == ("succeeded", 15498)
    assert stocked.read(bought).json["refunded_minor"] == 15498
    assert put(stocked, bought, 15498).json["refunded_minor"] == 15498


def test_what_was_seen_stays_with_the_buyer_and_is_owed(
    cloud: InMemory, stocked: Shop, bought: Reply
) -> None:
    codes, before = stocked.codes(bought), in_stock(stocked, "card-50")

    assert put(stocked, bought, 15498).json["refund_due_minor"] == 15498

    assert in_stock(stocked, "card-50") == before
    assert stocked.codes(bought) == codes


def test_several_parts_follow_one_another(
    cloud: InMemory, stocked: Shop, bought: Reply, stripe_api: StripeServer, clock: Clock
) -> None:
    for amount in (1000, 1001, 15498):
        assert put(stocked, bought, amount).json["refund_due_minor"] == amount
        go_on(cloud, clock)

    amounts = [each["amount"] for each in at_stripe(stripe_api, bought)][::-1]
    assert amounts == [1000, 1, 14497]
    assert [each["amount_minor"] for each in seen(stocked, bought)["refunds"]] == amounts


def test_less_than_what_is_owed_changes_nothing(
    cloud: InMemory, stocked: Shop, bought: Reply
) -> None:
    put(stocked, bought, 2000)

    with nothing_changes(cloud):
        assert put(stocked, bought, 1999).json["refund_due_minor"] == 2000


def test_more_than_was_paid_is_refused(cloud: InMemory, stocked: Shop, bought: Reply) -> None:
    with nothing_changes(cloud):
        assert is_refused(put(stocked, bought, 15499), errors.RequestInvalid)


def test_units_of_a_line_that_nobody_saw_go_back_on_sale(
    cloud: InMemory, stocked: Shop, bought: Reply
) -> None:
    before = in_stock(stocked, "card-50"), in_stock(stocked, "pass")

    first = put(stocked, bought, line0=2)
    with nothing_changes(cloud):
        put(stocked, bought, line0=2)
    more = put(stocked, bought, line0=2, line1=1)

    assert (first.json["refund_due_minor"], more.json["refund_due_minor"]) == (9000, 9999)
    assert in_stock(stocked, "card-50") == before[0] + 2
    assert in_stock(stocked, "pass") == before[1] + 1
    assert len(stocked.codes(bought)) == 2


def test_units_of_a_line_that_were_seen_stay_and_their_price_is_owed(
    cloud: InMemory, stocked: Shop, bought: Reply
) -> None:
    put(stocked, bought, line0=1)
    codes = stocked.codes(bought)
    before = in_stock(stocked, "card-50")

    owed = put(stocked, bought, line0=3, line1=1).json["refund_due_minor"]
    with nothing_changes(cloud):
        put(stocked, bought, line0=3, line1=1)

    assert owed == 3 * 4500 + 999
    assert in_stock(stocked, "card-50") == before
    assert stocked.codes(bought) == codes


def test_what_stock_never_had_is_owed_once(
    cloud: InMemory, stocked: Shop, stripe_api: StripeServer, clock: Clock
) -> None:
    stocked.stock_up("rare", ["RARE-1", "RARE-2"])
    placed = stocked.place({"rare": 3})
    assert stocked.pay(placed).json["outcome"] == "refund_due"

    assert put(stocked, placed, line0=1).json["refund_due_minor"] == 9000
    assert is_refused(put(stocked, placed, line0=3), errors.UnitUnknown)
    assert put(stocked, placed, line0=2).json["refund_due_minor"] == 13500
    go_on(cloud, clock)
    assert sum(each["amount"] for each in at_stripe(stripe_api, placed)) == 13500


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"refund_due_minor": 1, "lines": [{"line": 0, "units": 1}]},
        {"lines": [{"line": 0, "units": 1}, {"line": 0, "units": 2}]},
        {"lines": []},
        {"refund_due_minor": 0},
    ],
)
def test_a_wish_is_one_thing(cloud: InMemory, stocked: Shop, bought: Reply, body: Any) -> None:
    path = f"/v1/merchant/orders/{bought.json['order']['order_id']}/refund-due"

    with nothing_changes(cloud):
        reply = stocked.call("PUT", path, {"reason": "x", **body}, key="operator")

    assert is_refused(reply, errors.RequestInvalid)


def test_an_order_that_nobody_paid_gives_nothing_back(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})

    assert is_refused(put(stocked, placed, 1), errors.OrderNotReadable)


def test_a_frozen_order_gives_nothing_back(cloud: InMemory, stocked: Shop, bought: Reply) -> None:
    path = f"/v1/merchant/orders/{bought.json['order']['order_id']}/freeze"
    stocked.call("PUT", path, {"frozen": True, "reason": "odd"}, key="operator")

    with nothing_changes(cloud):
        assert is_refused(put(stocked, bought, 1), errors.OrderFrozen)


def test_a_line_of_an_order_that_has_none_of_that_number_is_refused(
    cloud: InMemory, stocked: Shop, bought: Reply
) -> None:
    with nothing_changes(cloud):
        assert is_refused(put(stocked, bought, line7=1), errors.UnitUnknown)
