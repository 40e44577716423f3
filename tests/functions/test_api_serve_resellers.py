"""The resale API: prices, orders paid from a balance, each once."""

import pytest

from scrip.domain import errors, resale_refusals
from tests.contents import nothing_changes
from tests.documented import Documented, is_refused
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.outbox import publish, queued_event
from tests.reselling import Desk, ResellerClient, open_account
from tests.shop import InProcess, Shop
from tests.top_ups import sell_top_up
from tests.topping_up import open_account as open_supplier

FORM = [{"name": "account", "label": "Account", "pattern": "[0-9]{5,11}"}]


@pytest.fixture
def desk(cloud: InMemory, stocked: Shop) -> Desk:
    return open_account(cloud.values, balance=100_000)


@pytest.fixture
def outlet_shop(cloud: InMemory, desk: Desk, clock: Clock) -> ResellerClient:
    return ResellerClient(Documented(InProcess(cloud)), now=lambda: clock.now_ms / 1000)


def test_a_code_is_bought_at_the_resellers_price(
    cloud: InMemory, desk: Desk, outlet_shop: ResellerClient
) -> None:
    desk.resellers.change("demo", "outlet", {"discount_bp": 250})

    told = outlet_shop.order("card-50", 2)

    assert told.status == 200
    view = told.json
    assert (view["state"], view["units_delivered"], view["quantity"]) == ("delivered", 2, 2)
    assert (view["unit_price_minor"], view["amount_minor"]) == (4388, 8776)
    assert outlet_shop.balance() == desk.proved() == 100_000 - 8776
    assert outlet_shop.read().json == view
    publish(cloud)
    assert queued_event(cloud)["Records"] == []  # there is no buyer to mail


def test_the_same_again_is_the_same_order(
    cloud: InMemory, desk: Desk, outlet_shop: ResellerClient
) -> None:
    first = outlet_shop.order("card-50", 2)
    desk.resellers.change("demo", "outlet", {"discount_bp": 5000, "standing": "paused"})
    desk.resellers.set_price("demo", "outlet", "card-50", 1)

    with nothing_changes(cloud):
        again = outlet_shop.order("card-50", 2)
        other = outlet_shop.order("card-50", 3)

    assert again.json == first.json
    assert is_refused(other, resale_refusals.ReferenceReused)
    assert desk.moved() == [100_000, -9000]


def test_an_order_is_refused_that_the_balance_does_not_cover(
    cloud: InMemory, desk: Desk, outlet_shop: ResellerClient
) -> None:
    with nothing_changes(cloud):
        refused = outlet_shop.order("card-50", 23)

    assert is_refused(refused, resale_refusals.BalanceInsufficient)
    assert is_refused(outlet_shop.read(), errors.OrderUnknown)
    desk.credit(3500, "second")
    assert outlet_shop.order("card-50", 23).json["state"] == "delivered"
    assert desk.proved() == 0


def test_credit_lets_it_go_below_nothing(desk: Desk, outlet_shop: ResellerClient) -> None:
    desk.resellers.change("demo", "outlet", {"credit_minor": 3500})

    assert outlet_shop.order("card-50", 23).json["state"] == "delivered"

    told = outlet_shop.call("GET", "balance").json
    assert told == {"balance_minor": -3500, "credit_minor": 3500, "currency": "EUR"}


def test_who_is_paused_places_nothing_new(
    cloud: InMemory, desk: Desk, outlet_shop: ResellerClient
) -> None:
    desk.resellers.change("demo", "outlet", {"standing": "paused"})

    with nothing_changes(cloud):
        refused = outlet_shop.order("card-50")

    assert is_refused(refused, resale_refusals.ResellerPaused)
    assert outlet_shop.call("GET", "prices").status == 200


def test_more_than_there_is_is_given_back_whole(
    cloud: InMemory, desk: Desk, stocked: Shop, outlet_shop: ResellerClient
) -> None:
    stocked.stock_up("rare", ["RARE-1", "RARE-2"])

    told = outlet_shop.order("rare", 3)

    assert (told.json["state"], told.json["reason"]) == ("failed", "sold_out")
    assert (told.json["refund_due_minor"], told.json["units_delivered"]) == (13_500, 0)
    cloud.invoke("schedule_follow_up", {})
    assert outlet_shop.read().json["refunded_minor"] == 13_500
    assert desk.proved() == 100_000
    assert desk.moved() == [100_000, -13_500, 13_500]
    assert outlet_shop.order("rare", 2, reference="A-2").json["state"] == "delivered"
    assert is_refused(outlet_shop.order("rare", 1, reference="A-3"), errors.SoldOut)


def test_a_top_up_is_under_way(
    cloud: InMemory, desk: Desk, stocked: Shop, outlet_shop: ResellerClient
) -> None:
    open_supplier(cloud, "demo")
    sell_top_up(stocked, "qb", FORM, price=3000)

    told = outlet_shop.order("qb", 2, filled={"account": " 13800138000 "})
    wrong = outlet_shop.order("qb", 1, reference="A-2", filled={"account": "x"})

    assert (told.json["state"], told.json["top_ups"]) == ("underway", ["open", "open"])
    assert is_refused(wrong, errors.FormMisfilled)
    assert desk.moved() == [100_000, -6000]


def test_a_reseller_sees_what_it_may_sell(
    cloud: InMemory, desk: Desk, stocked: Shop, outlet_shop: ResellerClient
) -> None:
    open_supplier(cloud, "demo")
    sell_top_up(stocked, "qb", FORM, price=3000)
    stocked.put_variant("dollars", currency="USD")
    stocked.put_variant("empty")
    desk.resellers.change("demo", "outlet", {"discount_bp": 1000})
    desk.resellers.set_price("demo", "outlet", "qb", 2999)

    listed = outlet_shop.call("GET", "prices").json["prices"]

    found = {each["variant_id"]: (each["price_minor"], each["in_stock"]) for each in listed}
    assert found == {"card-50": (4050, True), "qb": (2999, True), "empty": (4050, False)}
    [top_up] = [each for each in listed if each["variant_id"] == "qb"]
    assert [field["name"] for field in top_up["form"]] == ["account"]
    dollars = outlet_shop.order("dollars")
    assert is_refused(dollars, errors.VariantNotForSale)


def test_orders_say_who_placed_them(desk: Desk, stocked: Shop, outlet_shop: ResellerClient) -> None:
    placed = outlet_shop.order("card-50").json

    [listed] = stocked.call("GET", "/v1/merchant/orders", key="operator").json["orders"]

    assert (listed["order_id"], listed["payment_ref"]) == (placed["order_id"], "outlet#A-1")
    assert listed["email"] == "outlet@resale.invalid"


def test_a_storefront_cannot_pay_from_a_balance(
    cloud: InMemory, desk: Desk, stocked: Shop, outlet_shop: ResellerClient
) -> None:
    with nothing_changes(cloud):
        placed = stocked.place({"card-50": 1}, provider="prepaid")
        told = stocked.call("POST", "/v1/callbacks/payments/demo/prepaid", b"{}")

    assert is_refused(placed, errors.GatewayUnknown)
    assert is_refused(told, errors.GatewayUnknown)


def test_resellers_do_not_see_each_others_orders(
    cloud: InMemory, desk: Desk, outlet_shop: ResellerClient
) -> None:
    outlet_shop.order("card-50")
    open_account(cloud.values, reseller_id="corner", balance=9000)
    corner = ResellerClient(outlet_shop.carrier, reseller_id="corner", now=outlet_shop.now)

    assert is_refused(corner.read(), errors.OrderUnknown)
    assert corner.order("card-50").json["order_id"] != outlet_shop.read().json["order_id"]
    assert corner.balance() == 4500


def test_what_died_before_it_was_delivered_is_found(
    cloud: InMemory,
    desk: Desk,
    outlet_shop: ResellerClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The order and what it takes are written; nothing else is."""
    with monkeypatch.context() as patch:
        patch.setattr("functions.api_serve_resellers.handler.take", lambda *_: None)
        assert outlet_shop.order("card-50").json["state"] == "underway"

    clock.ahead_ms = 130_000
    cloud.invoke("schedule_expire_orders", {})

    assert outlet_shop.read().json["state"] == "delivered"
    assert desk.moved() == [100_000, -4500]
