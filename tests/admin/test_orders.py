"""Looking orders up by command."""

from tests.admin.operator import Operator
from tests.opening import open_shop
from tests.shop import InProcess, Reply, Shop


def order_id(placed: Reply) -> str:
    found: str = placed.json["order"]["order_id"]
    return found


def test_an_order_is_shown_without_its_codes(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["SECRET-CODE-1"])
    placed = acme.place({"card": 1})
    acme.pay(placed)

    answer = operator.done("order", "show", "acme", order_id(placed))
    told = operator.run("order", "show", "acme", order_id(placed))

    api = acme.call("GET", f"/v1/merchant/orders/{order_id(placed)}", key="operator").json
    assert answer == {"merchant_id": "acme", **api}
    assert answer["state"] == "delivered"
    assert "state        delivered" in told.stdout
    assert "1 x card at 4500 EUR minor" in told.stdout
    assert "SECRET-CODE-1" not in told.output
    assert placed.json["order_token"] not in told.output


def test_what_is_due_to_buyers_is_listed_over_all_shops(operator: Operator, acme: Shop) -> None:
    environment = operator.cloud.environment("api_serve_storefront")
    other = open_shop(InProcess(operator.cloud), environment, acme.stripe, "other")
    acme.stock_up("card", ["A"])
    other.stock_up("card", ["B"])
    two = [acme.place({"card": 1}) for _ in range(2)]
    pair = other.place({"card": 2})
    for shop, placed in ((acme, two[0]), (acme, two[1]), (other, pair)):
        shop.pay(placed)

    due = operator.done("order", "list", "--state", "refund_due")
    told = operator.run("order", "list", "--state", "refund_due").stdout

    assert [(o["merchant_id"], o["order_id"], o["refund_due_minor"]) for o in due["orders"]] == [
        ("acme", order_id(two[1]), 4500),
        ("other", order_id(pair), 4500),
    ]
    assert due["next_cursor"] is None
    assert "4500 EUR minor" in told


def test_orders_are_listed_page_by_page(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["A"])
    placed = {order_id(acme.place({"card": 1})) for _ in range(5)}

    first = operator.done("order", "list", "acme", "--limit", "3")
    rest = operator.done("order", "list", "acme", "--cursor", first["next_cursor"])
    told = operator.run("order", "list", "acme", "--limit", "3")

    assert len(first["orders"]) == 3
    assert {o["order_id"] for o in first["orders"] + rest["orders"]} == placed
    assert rest["next_cursor"] is None
    assert f"--cursor '{first['next_cursor']}'" in told.stderr


def test_orders_are_listed_by_time(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["A"])
    at_ms = acme.place({"card": 1}).json["order"]["placed_at_ms"]

    def listed(*arguments: str) -> int:
        return len(operator.done("order", "list", "acme", *arguments)["orders"])

    assert listed("--from", str(at_ms)) == 1
    assert listed("--from", str(at_ms + 1)) == 0
    assert listed("--to", "2020-01-01") == 0
    assert listed("--from", "2020-01-01T00:00:00+02:00", "--to", "2100-01-01") == 1
    assert operator.run("order", "list", "acme", "--from", "yesterday").exit_code == 2


def test_orders_that_are_not_there_are_refused(operator: Operator, acme: Shop) -> None:
    unknown = operator.refused("order", "show", "acme", "0000000000000000")
    nobody = operator.refused("order", "list", "nobody")
    cursor = operator.refused("order", "list", "acme", "--cursor", "x")

    assert unknown["type"] == "order-unknown"
    assert nobody["type"] == "merchant-unknown"
    assert cursor["type"] == "request-invalid"
    assert operator.run("order", "list", "--cursor", "x").exit_code == 2


def test_an_order_is_followed_up_again(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["A"])
    placed = acme.place({"card": 2})
    acme.pay(placed)
    orders = operator.cloud.table("orders")
    gone = "REMOVE follow_up, follow_up_at, follow_up_since"
    orders.update_item(Key={"pk": f"acme#{order_id(placed)}"}, UpdateExpression=gone)
    assert operator.cloud.invoke("schedule_follow_up", {}) == {"due": 0}

    operator.done("order", "follow-up", "acme", order_id(placed))

    assert operator.cloud.invoke("schedule_follow_up", {}) == {"due": 1}
    shown = operator.done("order", "show", "acme", order_id(placed))
    assert shown["refunded_minor"] == 4500
    assert operator.run("order", "follow-up", "acme", "0" * 16).exit_code == 1
