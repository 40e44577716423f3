"""Decisions about one order, by command: frozen, let go on, held money dealt with."""

from tests.admin.operator import Operator
from tests.admin.test_orders import order_id
from tests.shop import Shop


def test_an_order_is_frozen_and_let_go_on(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["A"])
    placed = acme.place({"card": 1})
    acme.pay(placed)
    about = ("acme", order_id(placed), "--reason", "looks stolen")

    assert operator.done("order", "freeze", *about)["frozen"] is True
    assert acme.reveal(placed).status == 409
    assert "frozen" in operator.run("order", "show", "acme", order_id(placed)).stdout
    assert operator.run("order", "thaw", *about).stdout == f"{order_id(placed)}: not frozen\n"
    assert acme.reveal(placed).status == 200


def test_held_money_is_decided_of(operator: Operator, acme: Shop) -> None:
    operator.done("merchant", "set", "acme", "--on-payment", "over=hold")
    acme.stock_up("card", ["A"])
    placed = acme.place({"card": 1})
    acme.pay(placed, amount_received=4501)
    stray_id = f"stripe#{placed.json['payment']['reference']}"
    shown = operator.run("order", "show", "acme", order_id(placed)).stdout

    done = operator.done(
        "order", "decide", "acme", order_id(placed), stray_id, "deliver", "--reason", "a tip"
    )
    operator.cloud.invoke("schedule_follow_up", {})

    assert f"{stray_id}, 4501 EUR minor: over, hold" in shown
    assert done["stray_payments"][0]["action"] == "deliver"
    assert len(acme.codes(placed)) == 1


def test_what_is_not_held_is_not_decided_of(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["A"])
    placed = acme.place({"card": 1})

    about = ("acme", order_id(placed), "stripe#x", "refund", "--reason", "x")

    refused = operator.refused("order", "decide", *about)

    assert refused["type"] == "stray-payment-unknown"
