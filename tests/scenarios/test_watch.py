"""Stock that ends and runs low: moved out, told and mailed by what is deployed."""

import os
import secrets
import time
from unittest import mock

import boto3
import pytest

from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from tests.ending import give_an_end
from tests.scenarios.deployed import Deployed, wait_until

pytestmark = pytest.mark.cloud


def test_what_ended_is_counted_and_the_merchant_is_mailed(deployed: Deployed) -> None:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    variant = f"card-{secrets.token_hex(4)}"
    shop.stock_up(variant, [f"CODE-{secrets.token_hex(8)}" for _ in range(5)])
    outputs = deployed.cloud.outputs
    with mock.patch.dict(os.environ, deployed.cloud.environment()):
        ended_ms = time.time_ns() // 1_000_000 - 1
        stock = boto3.resource("dynamodb").Table(outputs["StockTable"])
        give_an_end(stock, variant, ended_ms, shop.merchant_id)
        merchants = Merchants(Table(boto3.client("dynamodb"), outputs["MerchantsTable"]))
        merchants.change(shop.merchant_id, notify_email="boss@shop.example")
    more = [f"CODE-{secrets.token_hex(8)}" for _ in range(2)]
    assert shop.import_codes(variant, more, idempotency_key="more").status == 200

    assert deployed.invoke("ScheduleWatchStock")["complete"]

    path = f"/v1/merchant/variants/{variant}/stock"
    seen = shop.call("GET", path, key="operator").json
    assert (seen["imported"], seen["available"], seen["expired"]) == (7, 2, 5)
    [mail] = wait_until(lambda: deployed.mails(variant))
    assert mail["Subject"] == f"{variant}: stock is low"
