"""Fulu's open platform as it is documented: signed JSON over one address, a result as a string.

Source: docs.open.fulu.com (公共参数, 业务错误码, fulu.order.direct.add, fulu.order.info.get).
"""

import hashlib
import json
from array import array
from datetime import datetime, timedelta, timezone
from typing import Any

from scrip.domain.supplier_terms import Terms
from tests.suppliers.book import (
    Book,
    Duplicate,
    Missing,
    Order,
    OrderState,
    Refused,
    Taken,
    Why,
)
from tests.suppliers.dialect import (
    Ask,
    Asked,
    Balance,
    Callback,
    Found,
    Quote,
    Request,
    Send,
    Wire,
)

APP_KEY = "i4esv1l+76l/7NQCL3QudG90Fq+YgVfFGJAWgT+7qO1Bm9o"
SECRET = "0a091b3aa4324435aab703142518a8f7"
CHINA = timezone(timedelta(hours=8))
TOLERATED_SECONDS = 600
WHY = {
    Why.UNKNOWN_GOODS: (3001, "商品不存在或无法购买"),
    Why.BAD_ACCOUNT: (4004, "充值账号在黑名单中"),
    Why.NO_BALANCE: (2002, "无效的商户或应用"),
    Why.BAD_SIGNATURE: (1016, "签名错误"),
    Why.LATE: (1004, "时间戳已超过有效期"),
}
STATES = {
    OrderState.PROCESSING: "processing",
    OrderState.DONE: "success",
    OrderState.FAILED: "failed",
    OrderState.REVERSED: "failed",
}


class FuluDialect:
    signs = True

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def read(self, request: Request) -> Asked | Refused | Wire:
        assert (request.method, request.path) == ("POST", "/api/getway")
        assert request.headers["content-type"].startswith("application/json")
        sent = json.loads(request.body)
        sign = sent.pop("sign")
        constant = {"version": "2.0", "format": "json", "charset": "utf-8", "sign_type": "md5"}
        assert {name: sent[name] for name in constant} == constant
        assert (sent["app_auth_token"], sent["app_key"]) == ("", APP_KEY)
        if sign != signature(_json(sent)):
            return Refused(Why.BAD_SIGNATURE)
        stamp = datetime.strptime(sent["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        if abs(stamp.timestamp() - request.now_ms / 1000) > TOLERATED_SECONDS:
            return Refused(Why.LATE)
        content: dict[str, Any] = json.loads(sent["biz_content"])
        match sent["method"]:
            case "fulu.order.direct.add":
                assert content["buy_num"] == 1
                assert isinstance(content["product_id"], int)
                return Send(
                    content["customer_order_no"],
                    str(content["product_id"]),
                    content["charge_account"],
                )
            case "fulu.order.info.get":
                return Ask(content["customer_order_no"])
            case "fulu.user.info.get":
                assert content == {}
                return Balance()
            case "fulu.goods.info.get":
                return Quote(str(content["product_id"]))
        raise AssertionError(sent["method"])

    def write(self, asked: Asked | Refused, found: Found, book: Book, now_ms: int) -> Wire:
        match found:
            case Taken(order, state):
                return _answer(_order(order, state, sent=isinstance(asked, Send)))
            case Duplicate():
                return _refusal(4010, "外部订单号已存在")
            case Missing():
                return _refusal(4011, "订单不存在")
            case Refused(why):
                return _refusal(*WHY[why])
        if isinstance(asked, Balance):
            balance = book.balance() / 100
            return _answer({"name": "OpenApi2.0对接专用商户", "balance": balance, "is_open": 1})
        assert isinstance(asked, Quote)
        cost = book.goods.get(asked.sku)
        if cost is None:
            return _refusal(*WHY[Why.UNKNOWN_GOODS])
        return _answer(
            {
                "product_id": int(asked.sku),
                "product_name": "腾讯Q币/直充",
                "product_type": "直充",
                "face_value": 30.0,
                "purchase_price": cost / 100,
                "stock_status": "充足",
                "sales_status": "上架",
            }
        )

    def busy(self) -> Wire:
        return Wire(429, b"<html>429 Too Many Requests</html>")

    def mistaken(self, wire: Wire) -> Wire:
        told = json.loads(wire.body)
        return Wire(wire.status, json.dumps(told | {"sign": "0" * 32}).encode())

    def callback(self, order: Order, state: OrderState, now_ms: int) -> Callback:
        told = {
            "order_id": order.number,
            "charge_finish_time": _time(now_ms),
            "customer_order_no": order.reference,
            "order_status": STATES[state],
            "recharge_description": "充值成功" if state is OrderState.DONE else "充值失败",
            "product_id": order.sku,
            "price": f"{order.cost_minor / 100:.4f}",
            "buy_num": "1",
            "operator_serial_number": f"asix{order.number}",
        }
        told["sign"] = signature(_json(told))
        return Callback(_json(told).encode(), {"content-type": "application/json"})


def signature(text: str) -> str:
    """Of a text's letters in the order of Array.Sort(): by UTF-16."""
    units = array("H", text.encode("utf-16-le"))
    letters = array("H", sorted(units)).tobytes().decode("utf-16-le", "replace")
    return hashlib.md5((letters + SECRET).encode(), usedforsecurity=False).hexdigest()


def _order(order: Order, state: OrderState, *, sent: bool) -> dict[str, Any]:
    return {
        "order_id": order.number,
        "product_id": int(order.sku),
        "product_name": "腾讯Q币/直充",
        "charge_account": order.account,
        "customer_order_no": order.reference,
        "create_time": _time(order.began_at_ms),
        "buy_num": 1,
        "order_price": order.cost_minor / 100,
        "order_state": "untreated" if sent else STATES[state],
        "order_type": 4,
        "finish_time": None,
        "area": "",
        "server": "",
        "type": "Q币",
        "cards": None,
        "operator_serial_number": "" if sent else f"asix{order.number}",
    }


def _answer(result: dict[str, Any]) -> Wire:
    text = _json(result)
    told = {"code": 0, "message": "接口调用成功", "result": text, "sign": signature(text)}
    return Wire(200, _json(told).encode())


def _refusal(code: int, message: str) -> Wire:
    told = {"code": code, "message": message, "result": "", "sign": signature("")}
    return Wire(200, _json(told).encode())


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, CHINA).strftime("%Y-%m-%d %H:%M:%S")
