"""Callbacks are kept by the deployed function, and an operator lists, shows and replays them."""

import json
import os
import secrets
from typing import Any
from unittest import mock

import msgspec
import pytest
from click.testing import CliRunner

from infra.admin.main import cli
from tests.adapters.standard_making import SET_UP
from tests.oracles.paying import RETURN, paid_by_link
from tests.scenarios.deployed import Deployed
from tests.shop import Reply, Shop

pytestmark = pytest.mark.cloud


def admin(deployed: Deployed, *arguments: str, stdin: str = "", code: int = 0) -> Any:
    with mock.patch.dict(os.environ, deployed.cloud.environment()):
        done = CliRunner().invoke(cli, [*arguments, "--json"], input=stdin)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def order_id(placed: Reply) -> str:
    return str(placed.json["order"]["order_id"])


def outcomes(deployed: Deployed, *arguments: str, code: int = 0) -> list[str]:
    done = admin(deployed, "callback", "replay", *arguments, code=code)["replayed"]
    return [each["outcome"] for each in done]


@pytest.fixture
def shop(deployed: Deployed) -> Shop:
    """With Stripe and a provider by settings."""
    opened = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    settings = {name: value for name, value in SET_UP.items() if name != "bridge_url"}
    own = msgspec.json.encode(settings | {"merchant_id": opened.merchant_id}).decode()
    admin(deployed, "gateway", "set", opened.merchant_id, "standard", stdin=own)
    opened.stock_up("card", [f"CODE-{secrets.token_hex(8)}" for _ in range(6)])
    return opened


def test_what_two_providers_sent_is_kept_and_taken_again_without_effect(
    deployed: Deployed, shop: Shop
) -> None:
    by_stripe = shop.place({"card": 1})
    by_link = shop.place({"card": 1}, provider="standard", **RETURN)
    raw, headers = paid_by_link(by_link.json["payment"]["checkout_url"])
    path = f"/v1/callbacks/payments/{shop.merchant_id}/standard"
    assert shop.pay(by_stripe).status == 200
    assert shop.call("POST", path, raw, headers=headers).status == 204
    codes = [shop.codes(placed) for placed in (by_stripe, by_link)]

    for placed, provider in ((by_stripe, "stripe"), (by_link, "standard")):
        asked = ("callback", "list", shop.merchant_id, order_id(placed))
        [key] = [each["key"] for each in admin(deployed, *asked)["callbacks"]]
        shown = admin(deployed, "callback", "show", key)
        assert shown["provider"] == provider
        assert outcomes(deployed, key) == ["duplicate"]
        assert [each["key"] for each in admin(deployed, *asked)["callbacks"]] == [key]

    assert [shop.codes(placed) for placed in (by_stripe, by_link)] == codes


def test_money_for_an_unknown_order_is_kept_and_settled_when_the_order_is_there(
    deployed: Deployed, shop: Shop
) -> None:
    placed = shop.place({"card": 1})
    dynamodb, table = deployed.cloud.client("dynamodb"), deployed.cloud.outputs["OrdersTable"]
    key = {"pk": {"S": f"{shop.merchant_id}#{order_id(placed)}"}}
    order = dynamodb.get_item(TableName=table, Key=key)["Item"]
    dynamodb.delete_item(TableName=table, Key=key)

    assert shop.pay(placed).problem == "order-unknown"
    unmatched = ("--unmatched", shop.merchant_id)
    assert outcomes(deployed, *unmatched, code=1) == ["order-unknown"]
    dynamodb.put_item(TableName=table, Item=order)
    assert outcomes(deployed, *unmatched) == ["delivered"]
    assert outcomes(deployed, *unmatched) == ["duplicate"]

    assert len(shop.codes(placed)) == 1
    listed = admin(deployed, "callback", "list", shop.merchant_id, order_id(placed))
    assert len(listed["callbacks"]) == 1


def test_nobody_invokes_a_replay_over_http(deployed: Deployed, shop: Shop) -> None:
    path = f"/v1/callbacks/payments/{shop.merchant_id}/replay"

    reply = shop.call("POST", path, b"{}", headers={"content-type": "application/json"})

    assert reply.problem == "gateway-unknown"
