"""Ding's API v1 as it is documented and as its users found it: JSON in PascalCase, a key in a
header, codes in the body whatever the status.

Source: dingconnect.com/Api, /Api/Description, /Api/Faq.
"""

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
    Check,
    Found,
    Quote,
    Request,
    Send,
    Wire,
)

API_KEY = "8xXvQ0zTestKey"
CURRENCY = "EUR"
WHY = {
    Why.UNKNOWN_GOODS: (200, 5, "ProviderError", "ProductUnavailable"),
    Why.BAD_ACCOUNT: (200, 4, "AccountNumberInvalid", "AccountNumberFailedRegex"),
    Why.NO_BALANCE: (500, 5, "InsufficientBalance", None),
    Why.BAD_SIGNATURE: (401, 4, "AuthenticationFailed", None),
    Why.LATE: (400, 4, "RequestInvalid", None),
}
STATES = {
    OrderState.PROCESSING: "Processing",
    OrderState.DONE: "Complete",
    OrderState.FAILED: "Failed",
    OrderState.REVERSED: "Cancelled",
}


class DingDialect:
    signs = False

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def read(self, request: Request) -> Asked | Refused | Wire:
        if request.headers.get("api_key") != API_KEY:
            return Refused(Why.BAD_SIGNATURE)
        sent: dict[str, Any] = json.loads(request.body) if request.body else {}
        match request.method, request.path.removeprefix("/api/V1/"):
            case "POST", "SendTransfer":
                if not isinstance(sent.get("ValidateOnly"), bool):
                    return Refused(Why.LATE)
                assert isinstance(sent["SendValue"], int | float)
                assert len(sent["SendCurrencyIso"]) == 3
                sku, account = sent["SkuCode"], sent["AccountNumber"]
                if sent["ValidateOnly"]:
                    return Check(sku, account)
                return Send(sent["DistributorRef"], sku, account)
            case "POST", "ListTransferRecords":
                assert 0 < sent["Take"] <= 100
                return Ask(sent["DistributorRef"])
            case "GET", "GetBalance":
                return Balance()
            case "GET", "GetProducts":
                return Quote(request.parameters["skuCodes"])
        raise AssertionError(request.path)

    def write(self, asked: Asked | Refused, found: Found, book: Book, now_ms: int) -> Wire:
        match found:
            case Taken(order, state):
                item = _item(order, state)
                listed = {"Items": [item], "ThereAreMoreItems": False}
                return _answer(item if isinstance(asked, Send) else listed)
            case Missing():
                return _answer({"Items": [], "ThereAreMoreItems": False})
            case Refused(why):
                return _refusal(*WHY[why])
            case Duplicate():
                return _refusal(200, 5, "DuplicateTransactionPrevented", None)
        match asked:
            case Balance():
                return _answer({"Balance": book.balance() / 100, "CurrencyIso": CURRENCY})
            case Check():
                return _answer({"TransferRecord": {"TransferId": None, "SkuCode": asked.sku}})
            case Quote(sku) if sku in book.goods:
                price = {
                    "SendValue": book.goods[sku] / 100,
                    "SendCurrencyIso": CURRENCY,
                    "DistributorFee": 0.0,
                    "ReceiveValue": 100.0,
                    "ReceiveCurrencyIso": "XCD",
                }
                return _answer({"Items": [{"SkuCode": sku, "Minimum": price, "Maximum": price}]})
        return _answer({"Items": []})

    def busy(self) -> Wire:
        return _refusal(503, 3, "RateLimited", None)

    def mistaken(self, wire: Wire) -> Wire:
        raise NotImplementedError

    def callback(self, order: Order, state: OrderState, now_ms: int) -> Callback | None:
        return None


def _item(order: Order, state: OrderState) -> dict[str, Any]:
    failed = state is OrderState.FAILED
    errors = [{"Code": "ProviderError", "Context": "ProviderUnknownError"}] if failed else []
    return {
        "TransferRecord": {
            "TransferId": {"TransferRef": order.number, "DistributorRef": order.reference},
            "SkuCode": order.sku,
            "ProcessingState": STATES[state],
            "ReceiptText": "PIN: 1234-5678",
            "ReceiptParams": {"providerRef": f"OP{order.number}", "pin": "1234-5678"},
            "AccountNumber": order.account,
        },
        "ResultCode": 5 if failed else 1,
        "ErrorCodes": errors,
    }


def _answer(told: dict[str, Any]) -> Wire:
    return Wire(200, json.dumps({"ResultCode": 1, "ErrorCodes": [], **told}).encode())


def _refusal(status: int, result: int, code: str, context: str | None) -> Wire:
    told = {"ResultCode": result, "ErrorCodes": [{"Code": code, "Context": context}]}
    return Wire(status, json.dumps(told).encode())
