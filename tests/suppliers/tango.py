"""Tango's API as it is documented: basic authentication, orders that are answered again.

Sources: developers.tangocard.com/docs (best practices, orders, accounts, catalog).
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
    Details,
    Found,
    Quote,
    Request,
    Send,
    Wire,
)

PLATFORM, KEY = "TestPlatform", "tango-key-1"
CUSTOMER, ACCOUNT = "customer-1", "account-1"
LOGIN = f"Basic {base64.b64encode(f'{PLATFORM}:{KEY}'.encode()).decode()}"
WHY = {
    Why.UNKNOWN_GOODS: 422,
    Why.BAD_ACCOUNT: 400,
    Why.NO_BALANCE: 402,
    Why.BAD_SIGNATURE: 401,
}
STATES = {
    OrderState.PROCESSING: "PENDING",
    OrderState.DONE: "COMPLETE",
    OrderState.FAILED: "FAILED",
    OrderState.REVERSED: "CANCELED",
}


class TangoDialect:
    """`sent`: the last order, as it came. `told`: numbers of orders that were answered before."""

    signs = False

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.sent: dict[str, Any] = {}
        self.told: set[str] = set()

    def read(self, request: Request) -> Asked | Refused | Wire:
        if request.headers.get("authorization") != LOGIN:
            return Refused(Why.BAD_SIGNATURE)
        match request.method, request.path.split("/")[1:]:
            case "POST", ["orders"]:
                self.sent = json.loads(request.body)
                whose = (self.sent["customerIdentifier"], self.sent["accountIdentifier"])
                assert whose == (CUSTOMER, ACCOUNT)
                handed = self.sent["deliveryMethod"] == "NONE"
                assert handed == ("recipient" not in self.sent)
                to = self.sent.get("recipient", {"email": "us"})
                reached = to.get("email") or to.get("mobileNumber") or "00000"
                sku = f"{self.sent['utid']}:{self.sent['amount']}"
                return Send(self.sent["externalRefID"], sku, reached)
            case "GET", ["orders"]:
                assert request.parameters["accountIdentifier"] == ACCOUNT
                return Ask(request.parameters["externalRefID"])
            case "GET", ["orders", number]:
                return Details(number=number.removeprefix("RA"))
            case "GET", ["accounts", account]:
                assert account == ACCOUNT
                return Balance()
            case "GET", ["catalogs"]:
                return Quote(request.parameters["utid"])
        raise AssertionError(request.path)

    def write(self, asked: Asked | Refused, found: Found, book: Book, now_ms: int) -> Wire:
        match found:
            case Taken(order, state) if isinstance(asked, Send):
                status = 200 if order.number in self.told else 201
                self.told.add(order.number)
                return _answer(status, told(order, state))
            case Taken(order, state) if isinstance(asked, Details):
                handed = credentials(order) if order.hands_over(now_ms) else []
                reward = {"reward": {"credentialList": handed}}
                return _answer(200, told(order, state) | reward)
            case Taken(order, state):
                return _answer(200, {"page": {"totalCount": 1}, "orders": [told(order, state)]})
            case Missing() if isinstance(asked, Details):
                return _refusal(404)
            case Missing():
                return _answer(200, {"page": {"totalCount": 0}, "orders": []})
            case Refused(why):
                return _refusal(WHY[why])
            case Duplicate():
                raise AssertionError("it answers again")
        if isinstance(asked, Balance):
            balance = {"currentBalance": book.balance() / 100, "currencyCode": "USD"}
            return _answer(200, balance | {"accountIdentifier": ACCOUNT, "status": "ACTIVE"})
        assert isinstance(asked, Quote)
        amounts = [sku.split(":")[1] for sku in book.goods if sku.split(":")[0] == asked.sku]
        items = [item(asked.sku, faceValue=float(each)) for each in amounts]
        return _answer(200, {"catalogName": "Scrip", "brands": [{"items": items}]})

    def busy(self) -> Wire:
        return _refusal(429)

    def mistaken(self, wire: Wire) -> Wire:
        raise AssertionError("its answers are not signed")

    def callback(self, order: Order, state: OrderState, now_ms: int) -> Callback | None:
        return None


def told(order: Order, state: OrderState) -> dict[str, Any]:
    utid, amount = order.sku.split(":")
    value = {"value": float(amount), "currencyCode": "USD", "total": float(amount)}
    return {
        "referenceOrderID": f"RA{order.number}",
        "externalRefID": order.reference,
        "customerIdentifier": CUSTOMER,
        "accountIdentifier": ACCOUNT,
        "amountCharged": value,
        "utid": utid,
        "status": STATES[state],
        "reward": {"credentialList": [{"credentialType": "claimCode", "value": "CLAIM-SECRET"}]},
    }


def credentials(order: Order) -> list[dict[str, str]]:
    told = {"claimCode": order.code, "pin": order.pin, "barcodeUrl": "https://b.example/1.png"}
    return [
        {"label": kind.title(), "value": value, "type": "text", "credentialType": kind}
        for kind, value in told.items()
    ]


def item(utid: str, **more: Any) -> dict[str, Any]:
    return {"utid": utid, "currencyCode": "USD", "status": "active", "rewardName": "Gift", **more}


def _answer(status: int, answer: Any) -> Wire:
    return Wire(status, json.dumps(answer).encode())


def _refusal(status: int) -> Wire:
    failure = {"httpCode": status, "i18nKey": f"{status}.001", "message": "no", "errors": []}
    return _answer(status, failure | {"path": "/raas/v2/orders", "requestId": "r"})
