"""Events by command: a shop's, or those of one order."""

from tests.admin.operator import Operator
from tests.admin.test_orders import order_id
from tests.outbox import publish
from tests.shop import Reply, Shop


def paid_twice(shop: Shop, second: str) -> Reply:
    placed = shop.place({"card": 1})
    shop.pay(placed)
    shop.pay(placed, id=second)
    return placed


def test_events_are_listed_of_a_shop_and_of_an_order(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["A", "B"])
    first, second = paid_twice(acme, "pi_one"), paid_twice(acme, "pi_two")
    operator.cloud.invoke("schedule_watch_stock", {})
    publish(operator.cloud)

    every = operator.done("event", "list", "acme")["events"]
    [own] = operator.done("event", "list", "acme", "--order", order_id(second))["events"]
    shown = operator.run("event", "list", "acme", "--order", order_id(first)).stdout

    types = sorted(each["type"] for each in every)
    assert types == ["payment.stray", "payment.stray", "stock.sold_out"]
    assert own["data"]["transaction_id"] == "pi_two"
    assert own in every
    assert f"payment.stray  {order_id(first)}.stripe#pi_one.second.refund" in shown
    assert "pi_two" not in shown


def test_a_shop_sees_none_of_another(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["A"])
    paid_twice(acme, "pi_one")
    publish(operator.cloud)

    assert operator.done("event", "list", "acm") == {"events": []}
