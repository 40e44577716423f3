"""What an order owes is given back by the deployed functions, at several providers."""

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
from tests.oracles import wechat_keys
from tests.oracles.paying import RETURN, paid_by_link
from tests.scenarios.conftest import Providers
from tests.scenarios.deployed import Deployed, PaymentsThere, wait_until
from tests.shop import Reply, Shop

pytestmark = pytest.mark.cloud


def set_gateway(deployed: Deployed, shop: Shop, provider: str, settings: bytes) -> None:
    words = ["gateway", "set", shop.merchant_id, provider, "--json"]
    with mock.patch.dict(os.environ, deployed.cloud.environment()):
        done = CliRunner().invoke(cli, words, input=settings.decode())
    assert done.exit_code == 0, done.output


def open_shop(deployed: Deployed, currency: str = "EUR") -> Shop:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    shop.stock_up("card", [f"CODE-{secrets.token_hex(8)}" for _ in range(4)], currency=currency)
    return shop


def callback(shop: Shop, provider: str, raw: bytes, headers: dict[str, str]) -> int:
    path = f"/v1/callbacks/payments/{shop.merchant_id}/{provider}"
    return shop.call("POST", path, raw, headers=headers).status


def seen(shop: Shop, placed: Reply) -> Any:
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}"
    return shop.call("GET", path, key="operator").json


def refund_of(deployed: Deployed, shop: Shop, placed: Reply) -> Any:
    """Once it was made, by the schedule."""

    def made() -> Any:
        deployed.invoke("ScheduleFollowUp")
        found = seen(shop, placed)["refunds"]
        return found and found[0]["state"] != "begun" and found

    [refund] = wait_until(made)
    return refund


def wish(shop: Shop, placed: Reply, **wished: Any) -> Any:
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/refund-due"
    reply = shop.call("PUT", path, {"reason": "called off", **wished}, key="operator")
    assert reply.status == 200, reply.text
    return reply.json


def test_what_stock_could_not_fill_goes_back(deployed: Deployed) -> None:
    shop = open_shop(deployed)
    placed = shop.place({"card": 6})
    assert shop.pay(placed).json["outcome"] == "refund_due"

    deployed.invoke("ScheduleFollowUp")

    [refund] = wait_until(lambda: seen(shop, placed)["refunds"])
    assert refund["amount_minor"] == 9000
    # localstripe was never paid, and has nothing to give back.
    assert refund["state"] == "succeeded" or isinstance(deployed.stripe.payments, PaymentsThere)


def test_all_of_an_order_goes_back_to_wechat_which_tells_when_it_is_done(
    open_cloud: Deployed, providers: Providers
) -> None:
    shop, wechat = open_shop(open_cloud, "CNY"), providers.wechat
    set_gateway(open_cloud, shop, "wechat", msgspec.json.encode(wechat_keys.secrets()))
    placed = shop.place({"card": 2}, provider="wechat")
    paid = wechat.pay(wechat.scan(placed.json["payment"]["qr_text"]))
    assert callback(shop, "wechat", *paid) == 204

    assert wish(shop, placed, refund_due_minor=9000)["refund_due_minor"] == 9000
    refund = refund_of(open_cloud, shop, placed)
    assert refund["state"] == "pending"
    assert callback(shop, "wechat", *wechat.refunded(refund["refund_id"], "SUCCESS")) == 204

    assert shop.read(placed).json["refunded_minor"] == 9000
    stock = shop.call("GET", "/v1/merchant/variants/card/stock", key="operator").json
    assert stock["available"] == 4


def test_units_that_were_seen_are_given_back_by_a_provider_of_settings_alone(
    open_cloud: Deployed, providers: Providers
) -> None:
    shop = open_shop(open_cloud)
    settings = SET_UP | {"merchant_id": shop.merchant_id}
    set_gateway(open_cloud, shop, "standard", json.dumps(settings).encode())
    placed = shop.place({"card": 3}, provider="standard", **RETURN)
    raw, headers = paid_by_link(placed.json["payment"]["checkout_url"])
    assert callback(shop, "standard", raw, headers) == 204
    codes = shop.codes(placed)

    assert wish(shop, placed, lines=[{"line": 0, "units": 2}])["refund_due_minor"] == 9000
    refund = refund_of(open_cloud, shop, placed)

    assert (refund["state"], refund["amount_minor"]) == ("succeeded", 9000)
    assert providers.standard.refunds[refund["refund_id"]]["state"] == "succeeded"
    assert shop.codes(placed) == codes
