"""Payments whose callback never came, and orders whose time is over, in a deployment."""

import secrets

import pytest

from tests.scenarios.deployed import Deployed, wait_until
from tests.scenarios.test_expire import make_older, sweep_and_read
from tests.shop import Reply, Shop

pytestmark = pytest.mark.cloud


def reference(placed: Reply) -> str:
    return str(placed.json["payment"]["reference"])


@pytest.fixture
def shop(open_cloud: Deployed) -> Shop:
    opened = open_cloud.open_shop(f"shop-{secrets.token_hex(4)}")
    opened.stock_up("card-50", [f"CODE-{secrets.token_hex(8)}" for _ in range(3)])
    return opened


def test_who_paid_gets_the_goods_though_the_callback_was_dropped(
    open_cloud: Deployed, shop: Shop
) -> None:
    placed = shop.place({"card-50": 1})
    open_cloud.stripe.settle(reference(placed))
    make_older(open_cloud, shop, placed)

    wait_until(lambda: sweep_and_read(open_cloud, shop, placed) == "delivered")

    assert len(shop.codes(placed)) == 1


def test_who_did_not_pay_can_not_any_more(open_cloud: Deployed, shop: Shop) -> None:
    placed = shop.place({"card-50": 1}, return_url="https://shop.example/thanks")
    make_older(open_cloud, shop, placed)

    wait_until(lambda: sweep_and_read(open_cloud, shop, placed) == "expired")

    assert open_cloud.stripe.payments[reference(placed)]["status"] == "expired"


def test_what_expired_while_its_provider_was_silent_is_closed_afterwards(
    open_cloud: Deployed, shop: Shop
) -> None:
    placed = shop.place({"card-50": 1})
    make_older(open_cloud, shop, placed, by_ms=5 * 60_000)
    open_cloud.stripe.fail_with += [(503, {})] * 1000
    wait_until(lambda: sweep_and_read(open_cloud, shop, placed) == "expired")
    open_cloud.stripe.fail_with.clear()
    assert open_cloud.stripe.payments[reference(placed)]["status"] == "requires_payment_method"

    def closed() -> bool:
        open_cloud.invoke("ScheduleFollowUp")
        return bool(open_cloud.stripe.payments[reference(placed)]["status"] == "canceled")

    wait_until(closed)


def test_shops_without_certificates_have_none_fetched(deployed: Deployed) -> None:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")

    done = deployed.invoke("ScheduleRefreshCertificates")

    assert shop.merchant_id not in done["changed"] + done["ending"]
    assert done["failures"] == {}
