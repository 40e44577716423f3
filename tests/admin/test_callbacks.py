"""Callbacks as they came: listed, shown and taken again by an operator."""

import base64
import json
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from infra.admin.stack import Deployment
from tests.admin.operator import Operator
from tests.in_memory import InMemory, forget_adapters
from tests.kept import kept
from tests.oracles.stripe_server import SECRET_KEY, sign
from tests.shop import Reply, Shop

DAY = "2026-11-22"


@pytest.fixture(autouse=True)
def lambda_is_here(monkeypatch: pytest.MonkeyPatch, cloud: InMemory) -> None:
    def invoke(_: Deployment, function: str, event: dict[str, Any]) -> Any:
        assert function == "ApiAcceptPayment"
        with redirect_stdout(StringIO()):  # its metrics are its own
            return cloud.invoke("api_accept_payment", json.loads(json.dumps(event)))

    monkeypatch.setattr(Deployment, "invoke", invoke)


def order_id(placed: Reply) -> str:
    return str(placed.json["order"]["order_id"])


def unmatched(acme: Shop, placed: Reply, other: str) -> bytes:
    """Money for an order that is not there."""
    reference = placed.json["payment"]["reference"]
    named = {"merchant_id": "acme", "order_id": other}
    raw = acme.stripe.paid(reference, metadata=named, id=f"pi_for_{other}")
    assert acme.callback(raw).problem == "order-unknown"
    return raw


def state(operator: Operator, order: str) -> str:
    return str(operator.done("order", "show", "acme", order)["state"])


def test_an_orders_callbacks_are_listed_shown_and_taken_again_without_effect(
    operator: Operator, acme: Shop
) -> None:
    acme.stock_up("card", ["CODE-1", "CODE-2"])
    placed = acme.place({"card": 1})
    raw = acme.stripe.paid(placed.json["payment"]["reference"])
    signature = sign(raw)
    assert acme.callback(raw, signature).status == 200
    codes = acme.codes(placed)

    [listed] = operator.done("callback", "list", "acme", order_id(placed))["callbacks"]
    shown = operator.done("callback", "show", listed["key"])
    before = kept()
    replayed = operator.done("callback", "replay", listed["key"])["replayed"]

    assert listed["size"] > len(raw)
    assert base64.b64decode(shown["body_base64"]) == raw
    assert shown["headers"] == {"stripe-signature": signature}
    assert replayed == [{"key": listed["key"], "outcome": "duplicate"}]
    assert acme.codes(placed) == codes
    assert kept() == before
    done = operator.cloud.table("audit").scan()["Items"]
    acts = {item["act"]: item for item in done if item["pk"] == f"acme#{order_id(placed)}"}
    assert {"callback_shown", "callback_replayed"} <= set(acts)
    assert acts["callback_shown"]["key"] == listed["key"]
    assert acts["callback_shown"]["by"] == "scrip-admin"


def test_people_are_shown_headers_then_the_body_and_warned(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["CODE-1"])
    placed = acme.place({"card": 1})
    raw = acme.stripe.paid(placed.json["payment"]["reference"])
    acme.callback(raw)
    [key] = kept()

    listed = operator.run("callback", "list", "acme", order_id(placed)).stdout
    shown = operator.run("callback", "show", key)

    assert key in listed
    head, _, body = shown.stdout.partition("\n\n")
    assert "stripe-signature: t=" in head
    assert body.encode().strip() == raw
    assert "personal data" in shown.stderr


def test_an_unmatched_payment_is_settled_once_its_order_is_there(
    operator: Operator, acme: Shop
) -> None:
    acme.stock_up("card", ["CODE-1", "CODE-2"])
    first = acme.place({"card": 1}, idempotency_key="first")
    table = operator.cloud.table("orders")
    pk = f"acme#{order_id(first)}"
    item = table.get_item(Key={"pk": pk})["Item"]
    table.delete_item(Key={"pk": pk})
    raw = acme.stripe.paid(first.json["payment"]["reference"])
    assert acme.callback(raw).problem == "order-unknown"
    unmatched(acme, acme.place({"card": 1}), "0" * 16)

    early = operator.run("callback", "replay", "--unmatched", "acme", "--json")
    table.put_item(Item=item)
    late = operator.run("callback", "replay", "--unmatched", "acme", "--json")
    again = operator.run("callback", "replay", "--unmatched", "acme", "--json")

    outcomes = [
        sorted(each["outcome"] for each in json.loads(result.stdout)["replayed"])
        for result in (early, late, again)
    ]
    assert outcomes == [
        ["order-unknown", "order-unknown"],
        ["delivered", "order-unknown"],
        ["duplicate", "order-unknown"],
    ]
    assert [each.exit_code for each in (early, late, again)] == [1, 1, 1]
    assert state(operator, order_id(first)) == "delivered"
    assert len(acme.codes(first)) == 1
    assert len(operator.done("callback", "list", "acme", order_id(first))["callbacks"]) == 1


def test_since_leaves_out_what_came_before(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", ["CODE-1"])
    unmatched(acme, acme.place({"card": 1}), "0" * 16)
    asked = ("callback", "list", "acme", "unmatched", "--since")

    assert len(operator.done(*asked, DAY)["callbacks"]) == 1
    assert operator.done(*asked, "2999-01-01")["callbacks"] == []
    late = operator.done("callback", "replay", "--unmatched", "acme", "--since", "2999-01-01")
    assert late["replayed"] == []


def test_what_was_signed_with_the_secret_before_is_taken_with_todays(
    operator: Operator, acme: Shop
) -> None:
    acme.stock_up("card", ["CODE-1"])
    acme.pay(acme.place({"card": 1}))
    [key] = kept()

    def rotate(secret: str) -> None:
        operator.done("gateway", "set", "acme", "stripe", stdin=f"{SECRET_KEY}\n{secret}\n")

    def outcome() -> str:
        result = operator.run("callback", "replay", key, "--json")
        return str(json.loads(result.stdout)["replayed"][0]["outcome"])

    rotate("whsec_the_second_of_enough_length")
    rotate("whsec_the_second_of_enough_length")  # the same again is no change
    assert operator.done("vault", "rotate")["broken"] == []
    forget_adapters()
    assert outcome() == "duplicate"
    rotate("whsec_the_third_of_enough_length")
    forget_adapters()
    assert outcome() == "signature-invalid"


@pytest.mark.parametrize(
    "arguments",
    [
        ("callback", "replay"),
        ("callback", "replay", "../uploads"),
        ("callback", "replay", "--since", DAY),
        ("callback", "show", "acme/unmatched/2026-11-22-stripe-00"),
    ],
)
def test_what_names_no_callback_is_wrong_usage(
    operator: Operator, acme: Shop, arguments: tuple[str, ...]
) -> None:
    assert operator.run(*arguments).exit_code == 2


def test_a_callback_that_is_gone_is_told(operator: Operator, acme: Shop) -> None:
    key = f"acme/unmatched/{DAY}-stripe-{'0' * 32}"

    assert operator.refused("callback", "show", key)["type"] == "event-unknown"
    result = operator.run("callback", "replay", key, "--json")
    assert json.loads(result.stdout)["replayed"] == [{"key": key, "outcome": "event-unknown"}]
    assert operator.refused("callback", "list", "nobody", "unmatched")["type"] == "merchant-unknown"
