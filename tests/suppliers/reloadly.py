"""Reloadly's airtime API as it is documented: a token first, then JSON over paths of its own.

Sources: docs.reloadly.com/airtime (topups-async, top-up-status, transactions, operators, balance,
error codes), /webhooks.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
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

CLIENT_ID, CLIENT_SECRET = "reloadly-client", "reloadly-secret-1"
WEBHOOK_SECRET = "reloadly-hook-1"
AUDIENCE = "https://topups.reloadly.com"
TOKEN_SECONDS = 86_400
WHY = {
    Why.UNKNOWN_GOODS: (400, "INVALID_AMOUNT_FOR_OPERATOR"),
    Why.BAD_ACCOUNT: (400, "INVALID_RECIPIENT_PHONE"),
    Why.NO_BALANCE: (400, "INSUFFICIENT_BALANCE"),
    Why.BAD_SIGNATURE: (401, "INVALID_TOKEN"),
    Why.LATE: (401, "TOKEN_EXPIRED"),
}


class ReloadlyDialect:
    """`tokens`: those handed out; the last is good. `client_secret`: what it knows the client
    by. `believes`: any token at all."""

    signs = False
    audience = AUDIENCE

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.tokens: list[str] = []
        self.client_secret = CLIENT_SECRET
        self.believes = True

    def read(self, request: Request) -> Asked | Refused | Wire:
        if request.path == "/oauth/token":
            return self.token(request)
        if refused := self.refused(request):
            return refused
        assert request.headers["accept"] == "application/com.reloadly.topups-v1+json"
        match request.method, request.path.split("/")[1:]:
            case "POST", ["topups-async"]:
                return _order(json.loads(request.body))
            case "GET", ["topups", number, "status"]:
                return Ask(number=number)
            case "GET", ["topups", "reports", "transactions"]:
                assert int(request.parameters["size"]) > 1, "two must be seen"
                return Ask(request.parameters["customIdentifier"])
            case "GET", ["accounts", "balance"]:
                return Balance()
            case "GET", ["operators", operator]:
                return Quote(operator)
        raise AssertionError(request.path)

    def refused(self, request: Request) -> Refused | None:
        """To who has no good token."""
        if request.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return Refused(Why.LATE)
        if not self.believes:
            return Refused(Why.BAD_SIGNATURE)
        return None

    def write(self, asked: Asked | Refused, found: Found, book: Book, now_ms: int) -> Wire:
        match found:
            case Taken(order, state):
                return _answer(_taken(asked, order, state))
            case Duplicate():
                return _refusal(400, "CUSTOM_IDENTIFIER_ALREADY_USED")
            case Missing() if isinstance(asked, Ask) and asked.reference:
                return _answer({"content": [], "totalElements": 0, "last": True})
            case Missing():
                return _refusal(404, None)
            case Refused(why):
                return _refusal(*WHY[why])
        if isinstance(asked, Balance):
            balance = {"balance": book.balance() / 100, "currencyCode": "USD"}
            return _answer(balance | {"currencyName": "US Dollar", "updatedAt": _time(now_ms)})
        assert isinstance(asked, Quote)
        skus = [sku.split(":") for sku in book.goods]
        amounts = [float(sku[2]) for sku in skus if sku[1] == asked.sku]
        if not amounts:
            return _refusal(404, "OPERATOR_NOT_FOUND")
        return _answer(_operator(int(asked.sku), amounts))

    def busy(self) -> Wire:
        return Wire(429, b'{"message": "Too many requests"}')

    def mistaken(self, wire: Wire) -> Wire:
        raise AssertionError("its answers are not signed")

    def callback(self, order: Order, state: OrderState, now_ms: int) -> Callback:
        told = {
            "type": "airtime_transaction.status",
            "date": _time(now_ms),
            "data": _transaction(order, state),
        }
        body = json.dumps(told).encode()
        return Callback(body, signed(body, str(now_ms // 1000)))

    def token(self, request: Request) -> Wire:
        sent = json.loads(request.body)
        assert request.method == "POST"
        assert (sent["grant_type"], sent["audience"]) == ("client_credentials", self.audience)
        if (sent["client_id"], sent["client_secret"]) != (CLIENT_ID, self.client_secret):
            return _refusal(401, "INVALID_CREDENTIALS")
        self.tokens.append(f"token-{len(self.tokens)}")
        told = {"access_token": self.tokens[-1], "scope": "developer", "token_type": "Bearer"}
        return _answer(told | {"expires_in": TOKEN_SECONDS})


def signed(body: bytes, at: str) -> dict[str, str]:
    """The headers of a callback."""
    signature = hmac.new(WEBHOOK_SECRET.encode(), body + f":{at}".encode(), hashlib.sha256)
    return {"x-reloadly-signature": signature.hexdigest(), "x-reloadly-request-timestamp": at}


def _order(sent: dict[str, Any]) -> Send:
    phone = sent["recipientPhone"]
    local = ":local" if sent["useLocalAmount"] else ""
    sku = f"{phone['countryCode']}:{sent['operatorId']}:{sent['amount']}{local}"
    assert not phone["number"].startswith("+")
    return Send(sent["customIdentifier"], sku, phone["number"])


def _taken(asked: Asked | Refused, order: Order, state: OrderState) -> dict[str, Any]:
    if isinstance(asked, Send):
        return {"transactionId": int(order.number)}
    transaction = _transaction(order, state)
    if isinstance(asked, Ask) and asked.reference:
        return {"content": [transaction], "totalElements": 1, "last": True}
    processing = state is OrderState.PROCESSING
    return {
        "code": None,
        "message": None,
        "status": transaction["status"],
        "transaction": None if processing else transaction,
    }


def _transaction(order: Order, state: OrderState) -> dict[str, Any]:
    failed = "FAILED" if int(order.number) % 2 else "REFUNDED"
    states = {
        OrderState.PROCESSING: "PROCESSING",
        OrderState.DONE: "SUCCESSFUL",
        OrderState.FAILED: failed,
        OrderState.REVERSED: "REFUNDED",
    }
    return {
        "transactionId": int(order.number),
        "status": states[state],
        "operatorTransactionId": f"op-{order.number}" if state is OrderState.DONE else None,
        "customIdentifier": order.reference,
        "recipientPhone": order.account,
        "countryCode": order.sku.split(":")[0],
        "operatorId": int(order.sku.split(":")[1]),
        "requestedAmount": order.cost_minor / 100,
        "requestedAmountCurrencyCode": "USD",
        "transactionDate": _time(order.began_at_ms),
        "pinDetail": None,
    }


def _operator(operator: int, amounts: list[float]) -> dict[str, Any]:
    return {
        "id": operator,
        "operatorId": operator,
        "name": "MTN Nigeria",
        "denominationType": "FIXED",
        "senderCurrencyCode": "USD",
        "destinationCurrencyCode": "NGN",
        "internationalDiscount": 4.42,
        "localDiscount": 0,
        "minAmount": None,
        "maxAmount": None,
        "fx": {"rate": 465.5, "currencyCode": "NGN"},
        "fixedAmounts": amounts,
        "localFixedAmounts": [465.5 * each for each in amounts],
        "status": "ACTIVE",
    }


def _answer(told: dict[str, Any]) -> Wire:
    return Wire(200, json.dumps(told).encode())


def _refusal(status: int, code: str | None) -> Wire:
    told = {"timeStamp": "2026-11-22 00:00:00", "message": "no", "path": "/", "errorCode": code}
    return Wire(status, json.dumps(told | {"infoLink": None, "details": []}).encode())


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
