"""DT One's Digital Value Services API as it is documented: JSON, basic authentication, classes.

Source: dvs-api-doc.dtone.com (transactions, status classes, error codes, balances, products).
"""

import base64
import json
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

API_KEY, API_SECRET = "dtone-key-1", "dtone-secret-1"
LOGIN = f"Basic {base64.b64encode(f'{API_KEY}:{API_SECRET}'.encode()).decode()}"
WHY = {
    Why.UNKNOWN_GOODS: (404, 1003001),
    Why.BAD_ACCOUNT: (400, 1005003),
    Why.NO_BALANCE: (400, 1006001),
    Why.BAD_SIGNATURE: (401, 1000401),
}
STATES = {
    OrderState.PROCESSING: (5, "SUBMITTED", "SUBMITTED"),
    OrderState.DONE: (7, "COMPLETED", "COMPLETED"),
    OrderState.FAILED: (9, "DECLINED", "DECLINED-INVALID-CREDIT-PARTY"),
    OrderState.REVERSED: (8, "REVERSED", "REVERSED"),
}
CONFIRMED = (2, "CONFIRMED", "CONFIRMED")


class DtoneDialect:
    """`sent`: the last order, as it came. `finds_by_404`: how it says that there is none."""

    signs = False

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.sent: dict[str, Any] = {}
        self.finds_by_404 = False

    def read(self, request: Request) -> Asked | Refused | Wire:
        if request.headers.get("authorization") != LOGIN:
            return Refused(Why.BAD_SIGNATURE)
        match request.method, request.path.split("/")[1:]:
            case "POST", ["async", "transactions"]:
                self.sent = json.loads(request.body)
                party = self.sent["credit_party_identifier"]
                assert self.sent["auto_confirm"] is True
                assert isinstance(self.sent["product_id"], int)
                account = party.get("mobile_number") or party.get("account_number", "")
                return Send(self.sent["external_id"], str(self.sent["product_id"]), account)
            case "GET", ["transactions"]:
                return Ask(request.parameters["external_id"])
            case "GET", ["balances"]:
                return Balance()
            case "GET", ["products", product]:
                return Quote(product)
        raise AssertionError(request.path)

    def write(self, asked: Asked | Refused, found: Found, book: Book, now_ms: int) -> Wire:
        match found:
            case Taken(order, state) if isinstance(asked, Send):
                return _answer(201, transaction(order, CONFIRMED))
            case Taken(order, state):
                return _answer(200, [transaction(order, STATES[state])])
            case Duplicate():
                return _refusal(400, 1007001)
            case Missing():
                return _refusal(404, 1008004) if self.finds_by_404 else _answer(200, [])
            case Refused(why):
                return _refusal(*WHY[why])
        if isinstance(asked, Balance):
            balance = {"id": 1, "unit_type": "CURRENCY", "holding": 0, "credit_limit": 0}
            others = balance | {"unit": "EUR", "available": 1.5}
            return _answer(200, [others, balance | {"unit": "USD", "available": _own(book)}])
        assert isinstance(asked, Quote)
        if asked.sku not in book.goods:
            return _refusal(404, 1003001)
        return _answer(200, product(int(asked.sku), book.goods[asked.sku] / 100))

    def busy(self) -> Wire:
        return _refusal(429, 1000429)

    def mistaken(self, wire: Wire) -> Wire:
        raise AssertionError("its answers are not signed")

    def callback(self, order: Order, state: OrderState, now_ms: int) -> Callback:
        body = json.dumps(transaction(order, STATES[state])).encode()
        return Callback(body, {"content-type": "application/json"})


def transaction(order: Order, state: tuple[int, str, str]) -> dict[str, Any]:
    number, kind, status = state
    return {
        "id": int(order.number),
        "external_id": order.reference,
        "creation_date": "2026-11-22T00:00:00.000000Z",
        "status": {
            "id": number * 10_000,
            "message": status,
            "class": {"id": number, "message": kind},
        },
        "operator_reference": f"op-{order.number}" if kind == "COMPLETED" else None,
        "pin": {"code": "PIN-SECRET", "serial": "1"},
        "product": {"id": int(order.sku), "type": "FIXED_VALUE_RECHARGE"},
        "credit_party_identifier": {"mobile_number": order.account},
    }


def product(number: int, amount: Any, fee: float = 0) -> dict[str, Any]:
    wholesale = {"unit_type": "CURRENCY", "unit": "USD", "amount": amount, "fee": fee}
    return {
        "id": number,
        "name": "10 USD",
        "type": "FIXED_VALUE_RECHARGE",
        "prices": {"wholesale": wholesale, "retail": None},
    }


def _own(book: Book) -> float:
    return book.balance() / 100


def _answer(status: int, told: Any) -> Wire:
    return Wire(status, json.dumps(told).encode())


def _refusal(status: int, code: int) -> Wire:
    return _answer(status, {"errors": [{"code": code, "message": "no"}]})
