"""Importing a file through a deployed cloud: upload, event, progress, result, and a sale of it."""

import json
import secrets
from typing import Any

import pytest
import urllib3

from tests.scenarios.deployed import Deployed, wait_until
from tests.scenarios.test_buy import new_shop, stock_of
from tests.shop import Reply, Shop

pytestmark = pytest.mark.cloud


def open_import(shop: Shop, name: str, key: str, **body: Any) -> Reply:
    path = "/v1/merchant/variants/card-50/imports"
    headers = {"idempotency-key": key}
    asked = {"file_name": name, **body}
    return shop.call("POST", path, asked, key="operator", headers=headers)


def upload(opened: Reply, content: bytes) -> int:
    """What a browser or curl does with the form."""
    form = opened.json["upload"]
    fields = {**form["fields"], "file": ("codes", content, "application/octet-stream")}
    return urllib3.request("POST", form["url"], fields=fields).status


def ended(shop: Shop, opened: Reply) -> Any:
    def look() -> Any:
        path = f"/v1/merchant/imports/{opened.json['import_id']}"
        seen = shop.call("GET", path, key="operator").json
        return seen if seen["state"] in ("done", "failed") else None

    return wait_until(look)


def result(view: Any) -> list[str]:
    return urllib3.request("GET", view["result_url"]).data.decode().splitlines()


def test_an_uploaded_file_goes_on_sale(deployed: Deployed) -> None:
    shop = new_shop(deployed)
    shop.put_variant("card-50")
    codes = [f"CODE-{secrets.token_hex(8)}" for _ in range(200)]
    deployed.carrier.secrets |= set(codes)
    rows = [f"{code},{secrets.token_hex(5)},2099-12-31,12.50,lot 7" for code in codes]
    table = "\n".join(["卡号,卡密,有效期,成本,备注", *rows, rows[0], ",1,,,", "X,,soon,,"])

    opened = open_import(shop, "codes.csv", "file-1")
    assert opened.status == 200, opened.text
    assert upload(opened, table.encode("gbk")) in (200, 204)
    view = ended(shop, opened)

    assert view["state"] == "done", view
    figures = ("rows", "rows_total", "taken", "duplicates", "known", "refused")
    assert [view[name] for name in figures] == [204, 204, 200, 1, 0, 2]
    assert [line.split(",")[0] for line in result(view)] == ["row", "202", "203", "204"]
    assert not [code for code in codes if code in "\n".join(result(view))]
    assert stock_of(shop, "card-50") == (200, 200)
    placed = shop.place({"card-50": 3})
    shop.pay(placed)
    assert set(shop.codes(placed)) <= set(codes)
    again = open_import(shop, "codes.csv", "file-1")
    assert (again.json["import_id"], again.json["upload"]) == (opened.json["import_id"], None)
    objects = deployed.cloud.client("s3").list_objects_v2(
        Bucket=deployed.cloud.outputs["UploadsBucket"]
    )
    keys = [each["Key"] for each in objects["Contents"] if shop.merchant_id in each["Key"]]
    assert keys == [f"results/{shop.merchant_id}/{opened.json['import_id']}.csv"]


def test_the_form_takes_no_file_above_its_limit_and_no_other_place(deployed: Deployed) -> None:
    shop = new_shop(deployed)
    shop.put_variant("card-50")
    opened = open_import(shop, "codes.txt", "file-1")

    assert upload(opened, b"") >= 400
    opened.json["upload"]["fields"]["key"] = "uploads/other/0000000000000000"
    form = json.loads(opened.text)["upload"]
    form["fields"]["key"] = "uploads/other/0000000000000000"
    fields = {**form["fields"], "file": ("codes", b"A-1", "text/plain")}
    assert urllib3.request("POST", form["url"], fields=fields).status >= 400
