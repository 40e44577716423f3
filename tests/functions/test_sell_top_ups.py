"""A top-up, from the form to the mail that says what became of it."""

import json
from typing import Any

import pytest

from scrip.domain.errors import (
    FormMisfilled,
    OrderNotReadable,
    ProductFixed,
    RequestInvalid,
    SupplierUnknown,
)
from scrip.domain.line import Fate
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.generated import sell_generated
from tests.in_memory import InMemory
from tests.outbox import publish, queued_event, sent_mail
from tests.shop import Reply, Shop
from tests.top_ups import FORM, PHONE, ROUTES, end_unit, open_account, order_top_up, sell_top_up
from tests.topping_up import take_queued

DONE, FAILED = Fate.DONE, Fate.FAILED


@pytest.fixture(autouse=True)
def _account(cloud: InMemory, shop: Shop) -> None:
    open_account(cloud.values, shop.merchant_id)


def paid(shop: Shop, placed: Reply) -> Reply:
    assert placed.status == 201, placed.text
    assert shop.pay(placed).json == {"outcome": "fulfilling"}
    return placed


def order_lines(shop: Shop, lines: list[dict[str, Any]]) -> Reply:
    body = {"lines": lines, "email": "buyer@example.com"}
    headers = {"idempotency-key": "lines"}
    return shop.call("POST", "/v1/orders", body, key="storefront", headers=headers)


def mails(cloud: InMemory) -> list[Any]:
    publish(cloud)
    cloud.invoke("queue_send_mail", queued_event(cloud))
    return sent_mail()


def test_a_product_says_what_is_filled_in_and_a_variant_who_charges_it(shop: Shop) -> None:
    sell_top_up(shop)

    product = shop.call("GET", "/v1/merchant/products/minutes", key="operator").json
    [offer] = shop.call("GET", "/v1/products", key="storefront").json["products"]

    assert (product["kind"], offer["kind"]) == ("top_up", "top_up")
    assert product["form"] == offer["form"]
    assert [each["name"] for each in offer["form"]] == ["phone", "network"]
    assert offer["form"][1]["choices"][0] == {"value": "red", "label": "Red"}
    [variant] = product["variants"]
    unlimited = {"max_cost_minor": None, "max_cost_currency": None}
    assert variant["routes"] == [route | unlimited for route in ROUTES]
    assert variant["routing"] == {"preference": "cheapest", "margin_percent": 0}
    assert variant["supply"] == "unlimited"
    assert "routes" not in offer["variants"][0]
    assert offer["variants"][0]["in_stock"] is True


@pytest.mark.parametrize(
    ("product", "variant"),
    [
        ({"kind": "top_up"}, {}),
        ({"kind": "code_pool", "form": [FORM[0]]}, {}),
        ({"kind": "top_up", "form": [FORM[0], FORM[0]]}, {}),
        ({"kind": "top_up", "form": [{"name": "a", "label": "A", "pattern": "(a+)+"}]}, {}),
        ({"kind": "top_up", "form": [FORM[0]]}, {}),
        ({"kind": "code_pool"}, {"routes": [ROUTES[0]]}),
        ({"kind": "top_up", "form": [FORM[0]]}, {"routes": [ROUTES[0], ROUTES[0]]}),
        (
            {"kind": "top_up", "form": [FORM[0]]},
            {"routes": [{"supplier": "main", "sku": "a", "worth_minor": 5}]},
        ),
        (
            {"kind": "top_up", "form": [FORM[0]]},
            {"routes": [{"supplier": "main", "sku": "a", "max_cost_currency": "EUR"}]},
        ),
        (
            {"kind": "top_up", "form": [FORM[0]]},
            {"routes": [ROUTES[0]], "routing": {"margin_percent": 100}},
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    shop: Shop, product: dict[str, Any], variant: dict[str, Any]
) -> None:
    path = "/v1/merchant/products/minutes"
    price = {"title": "Minutes", "price_minor": 1000, "currency": "EUR"}

    reply = shop.call("PUT", path, {"title": "Minutes"} | product, key="operator")
    if reply.status == 200:
        reply = shop.call("PUT", f"{path}/variants/minutes", price | variant, key="operator")

    assert is_refused(reply, RequestInvalid)


def test_what_a_unit_may_cost_is_kept_with_its_route(shop: Shop) -> None:
    least = {"worth_minor": None, "worth_currency": None}
    most = {"max_cost_minor": 700, "max_cost_currency": "CNY"}
    routes = [{"supplier": "main", "sku": "A"} | least | most, {**ROUTES[0], **most}]
    routing = {"preference": "listed", "margin_percent": -20}

    sell_top_up(shop, routes=routes, routing=routing)

    read = shop.call("GET", "/v1/merchant/products/minutes", key="operator").json
    [variant] = read["variants"]
    assert (variant["routes"], variant["routing"]) == (routes, routing)


def test_a_route_through_no_account_is_refused(shop: Shop) -> None:
    sell_top_up(shop)
    path = "/v1/merchant/products/minutes/variants/minutes"
    route = {"supplier": "mian", "sku": "DE-RED-10"}
    variant = {"title": "Minutes", "price_minor": 1000, "currency": "EUR", "routes": [route]}

    assert is_refused(shop.call("PUT", path, variant, key="operator"), SupplierUnknown)


def test_a_form_may_change_and_a_kind_may_not(shop: Shop) -> None:
    sell_top_up(shop)
    sell_top_up(shop, form=[FORM[0]])

    path = "/v1/merchant/products/minutes"
    reply = shop.call("PUT", path, {"title": "Minutes"}, key="operator")

    assert is_refused(reply, ProductFixed)
    assert len(shop.call("GET", path, key="operator").json["form"]) == 1


@pytest.mark.parametrize(
    ("filled", "why"),
    [
        ({}, "line 0: phone: is missing"),
        ({"phone": "call me"}, "line 0: phone: is no phone number"),
        ({"phone": PHONE, "network": "green"}, "line 0: network: is none of its choices"),
        ({"phone": PHONE, "uid": "8123"}, "line 0: uid: is not asked for"),
    ],
)
def test_what_is_filled_in_wrong_places_nothing(
    cloud: InMemory, shop: Shop, filled: dict[str, str], why: str
) -> None:
    sell_top_up(shop)

    with nothing_changes(cloud):
        reply = shop.place({"minutes": 1}, filled={"minutes": filled})

    assert is_refused(reply, FormMisfilled)
    assert reply.json["detail"] == why


def test_nothing_is_filled_in_for_codes(stocked: Shop) -> None:
    reply = stocked.place({"card-50": 1}, filled={"card-50": {"phone": PHONE}})

    assert is_refused(reply, FormMisfilled)


def test_a_paid_top_up_says_what_becomes_of_each_unit(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    sell_top_up(shop)
    placed = paid(shop, order_top_up(shop, 3, phone="+49 151 / 123-456-78"))
    seen = shop.read(placed).json
    assert (seen["state"], seen["delivered_at_ms"]) == ("fulfilling", None)
    assert seen["lines"][0]["filled"] == {"phone": PHONE}
    assert (seen["lines"][0]["claimed"], seen["lines"][0]["top_ups"]) == (0, ["open"] * 3)

    end_unit(cloud, placed, 1, FAILED, clock.now_ms)
    going = shop.read(placed).json
    end_unit(cloud, placed, 0, DONE, clock.now_ms)
    end_unit(cloud, placed, 2, DONE, clock.now_ms)
    ended = shop.read(placed).json
    merchant = shop.call("GET", f"/v1/merchant/orders/{ended['order_id']}", key="finance").json

    assert (going["state"], going["refund_due_minor"]) == ("fulfilling", 1000)
    assert (ended["state"], ended["refund_due_minor"]) == ("refund_due", 1000)
    assert ended["lines"][0]["top_ups"] == ["done", "failed", "done"]
    assert ended["delivered_at_ms"] is not None
    assert merchant["lines"] == ended["lines"]


def test_two_phones_are_two_lines_of_one_variant(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    sell_top_up(shop)
    lines: list[dict[str, Any]] = [
        {"variant_id": "minutes", "filled": {"phone": each}} for each in (PHONE, "+4915199")
    ]

    placed = order_lines(shop, lines)
    assert shop.pay(placed).json == {"outcome": "fulfilling"}
    end_unit(cloud, placed, 0, Fate.DONE, clock.now_ms)

    seen = shop.read(placed).json
    assert seen["amount_minor"] == 2000
    told = [(each["filled"]["phone"], each["top_ups"]) for each in seen["lines"]]
    assert told == [(PHONE, ["done"]), ("+4915199", ["open"])]
    publish(cloud)
    units = [(json.loads(each.body)["line"], each.delay_seconds) for each in take_queued(cloud)]
    assert units == [(0, 0), (1, 0)]


@pytest.mark.parametrize("beside", [False, True])
def test_what_has_no_form_stands_in_one_line_only(
    cloud: InMemory, stocked: Shop, beside: bool
) -> None:
    sell_top_up(stocked)
    code: dict[str, Any] = {"variant_id": "card-50"}
    minutes: dict[str, Any] = {"variant_id": "minutes", "filled": {"phone": PHONE}}

    with nothing_changes(cloud):
        refused = order_lines(stocked, [code, minutes, code] if beside else [code, code])

    assert is_refused(refused, RequestInvalid)


def test_orders_that_are_being_fulfilled_can_be_listed(shop: Shop) -> None:
    sell_top_up(shop)
    placed = paid(shop, order_top_up(shop))

    listed = shop.call("GET", "/v1/merchant/orders?state=fulfilling", key="finance").json

    assert [each["order_id"] for each in listed["orders"]] == [placed.json["order"]["order_id"]]


def test_a_second_callback_finds_it_fulfilling(cloud: InMemory, shop: Shop) -> None:
    sell_top_up(shop)
    placed = paid(shop, order_top_up(shop))

    assert shop.pay(placed).json == {"outcome": "duplicate"}
    assert shop.pay(placed, id="pi_other").json == {"outcome": "stray"}
    assert shop.read(placed).json["state"] == "fulfilling"


def test_an_order_of_top_ups_alone_has_no_codes_to_show(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    sell_top_up(shop)
    placed = paid(shop, order_top_up(shop))
    end_unit(cloud, placed, 0, DONE, clock.now_ms)

    with nothing_changes(cloud):
        assert is_refused(shop.reveal(placed), OrderNotReadable)
        assert is_refused(shop.masked(placed), OrderNotReadable)


def test_codes_beside_a_top_up_can_be_read_at_once(stocked: Shop) -> None:
    sell_top_up(stocked)
    placed = paid(stocked, order_top_up(stocked, 1, {"card-50": 2}))

    shown = stocked.reveal(placed).json["codes"]

    assert [each["line"] for each in shown] == [1, 1]


def test_its_buyer_is_told_once_when_all_has_ended(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    sell_top_up(stocked)
    placed = paid(stocked, order_top_up(stocked, 2, {"card-50": 1}))
    assert mails(cloud) == []
    end_unit(cloud, placed, 0, DONE, clock.now_ms)
    assert mails(cloud) == []
    end_unit(cloud, placed, 1, FAILED, clock.now_ms)

    [mail] = mails(cloud)
    mails(cloud)

    assert len(sent_mail()) == 1
    assert "not all of it could be charged" in mail.subject
    assert f"minutes for {PHONE}: 1 of 2 charged" in mail.body
    assert "10.00 EUR is given back" in mail.body


def test_what_failed_is_given_back_while_others_are_under_way(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    sell_top_up(shop)
    placed = paid(shop, order_top_up(shop, 2))
    end_unit(cloud, placed, 0, FAILED, clock.now_ms)

    cloud.invoke("schedule_follow_up", {})

    seen = shop.read(placed).json
    assert (seen["state"], seen["refund_due_minor"], seen["refunded_minor"]) == (
        "fulfilling",
        1000,
        1000,
    )


def test_a_shop_gives_back_the_price_of_what_was_charged(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    sell_top_up(shop)
    placed = paid(shop, order_top_up(shop, 2))
    end_unit(cloud, placed, 0, DONE, clock.now_ms)
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/refund-due"
    wish = {"lines": [{"line": 0, "units": 1}], "reason": "wrong number"}

    reply = shop.call("PUT", path, wish, key="operator")
    wish["lines"][0]["units"] = 2  # type: ignore[index]
    more = shop.call("PUT", path, wish, key="operator")

    assert (reply.status, reply.json["refund_due_minor"]) == (200, 1000)
    assert more.problem == "unit-unknown"
    assert shop.read(placed).json["state"] == "fulfilling"


def test_evidence_names_the_account_that_was_charged(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    sell_top_up(stocked)
    placed = paid(stocked, order_top_up(stocked, 2, {"card-50": 1}))
    early = stocked.evidence(placed).json["access_log"]
    end_unit(cloud, placed, 0, DONE, clock.now_ms)
    end_unit(cloud, placed, 1, FAILED, clock.now_ms)

    late = stocked.evidence(placed).json["access_log"]

    assert "delivered, units: 1" in early
    assert "charged" not in early
    assert f"charged to {PHONE}, units of minutes: 1" in late


def test_a_licence_beside_a_top_up_stays_the_same_when_that_ends(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    sell_top_up(shop)
    sell_generated(shop, "studio", licence={"features": ["pro"]}, validity_days=30)
    placed = paid(shop, order_top_up(shop, 1, {"studio": 1}))
    before = shop.codes(placed)

    clock.ahead_ms = 90_000_000
    end_unit(cloud, placed, 0, DONE, clock.now_ms)

    assert shop.read(placed).json["state"] == "delivered"
    assert shop.codes(placed) == before
