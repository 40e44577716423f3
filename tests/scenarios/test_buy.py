"""Buying, from the storefront to the buyer's inbox, in a deployed cloud."""

import re
import secrets

import pytest

from infra.local.purchase import buy
from infra.local.seed import PRODUCTS, ensure_shop
from tests.scenarios.deployed import Deployed, wait_until
from tests.shop import Shop

pytestmark = pytest.mark.cloud


def new_shop(deployed: Deployed, **more: object) -> Shop:
    return deployed.open_shop(f"shop-{secrets.token_hex(4)}", **more)


def test_stripe_signs_and_posts_the_callback_itself(enforced_cloud: Deployed) -> None:
    cloud = enforced_cloud.cloud
    shop = ensure_shop(cloud, print)

    purchase = buy(cloud, shop, PRODUCTS[2].variant_id, print)

    assert purchase.state == "delivered"
    [code] = purchase.codes
    assert re.fullmatch(r"[0-9A-Z]{6}-[0-9A-Z]{6} \d{4}", code)
    assert "is ready" in purchase.mail_subject
    # Not the PIN: four digits stand in any long log by chance.
    enforced_cloud.carrier.secrets |= {code.split()[0], shop.stripe_secret_key}
    enforced_cloud.carrier.secrets |= {shop.stripe_webhook_secret}
    enforced_cloud.carrier.secrets |= {shop.operator_key.rpartition("_")[2]}


def test_a_buyer_reads_what_was_paid_for_and_gets_a_mail(deployed: Deployed) -> None:
    shop = new_shop(deployed)
    codes = [f"CODE-{secrets.token_hex(8)}" for _ in range(30)]
    shop.stock_up("card-50", codes)

    placed = shop.place({"card-50": 20}, email="lin@example.com")
    paid = shop.pay(placed)

    assert (placed.status, paid.status, paid.json["outcome"]) == (201, 200, "delivered")
    shown = shop.codes(placed)
    assert len(set(shown)) == 20
    assert set(shown) <= set(codes)
    order_id = placed.json["order"]["order_id"]
    [mail] = wait_until(lambda: deployed.mails(order_id))
    told = str(mail)
    assert "lin@example.com" in told
    assert f"https://shop.example/orders/{order_id}#{placed.json['order_token']}" in told
    assert not [code for code in codes if code in told]


def test_a_merchant_may_have_codes_mailed_in_chinese(deployed: Deployed) -> None:
    shop = new_shop(deployed, locale="zh", mail_codes=True)
    shop.stock_up("card-50", [f"CODE-{secrets.token_hex(8)}"])

    placed = shop.place({"card-50": 1})
    shop.pay(placed)

    order_id = placed.json["order"]["order_id"]
    [mail] = wait_until(lambda: deployed.mails(order_id))
    assert "已发货" in mail["Subject"]
    assert shop.codes(placed)[0] in str(mail)


def test_a_callback_that_comes_again_changes_nothing(deployed: Deployed) -> None:
    shop = new_shop(deployed)
    shop.stock_up("card-50", [f"CODE-{secrets.token_hex(8)}" for _ in range(3)])
    placed = shop.place({"card-50": 1})
    event = deployed.stripe.paid(placed.json["payment"]["reference"])

    outcomes = [shop.callback(event).json["outcome"] for _ in range(3)]

    assert outcomes == ["delivered", "duplicate", "duplicate"]
    assert stock_of(shop, "card-50") == (3, 2)


def test_paid_but_sold_out_is_acknowledged_and_due_for_refund(deployed: Deployed) -> None:
    shop = new_shop(deployed)
    shop.stock_up("card-50", [f"CODE-{secrets.token_hex(8)}"])
    first, second = (shop.place({"card-50": 1}) for _ in range(2))

    outcomes = [shop.pay(placed).json["outcome"] for placed in (first, second)]

    assert outcomes == ["delivered", "refund_due"]
    assert shop.read(second).json["refund_due_minor"] == 4500
    assert shop.place({"card-50": 1}).problem == "sold-out"


def stock_of(shop: Shop, variant: str) -> tuple[int, int]:
    """Codes imported and codes left."""
    path = f"/v1/merchant/variants/{variant}/stock"
    levels = shop.call("GET", path, key="operator").json
    return levels["imported"], levels["available"]
