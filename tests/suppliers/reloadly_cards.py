"""Reloadly's gift cards API as it is documented: a token of its own, purchases, then their cards.

Sources: docs.reloadly.com/gift-cards (orders, redeem code, transactions, products, balance).
"""

import json
from typing import Any

from scrip.domain.supplier_terms import Terms
from tests.suppliers.book import Book, Duplicate, Missing, Order, OrderState, Refused, Taken, Why
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
from tests.suppliers.reloadly import ReloadlyDialect, signed

AUDIENCE = "https://giftcards.reloadly.com"
ACCEPTED = "application/com.reloadly.giftcards-v{}+json"
WHY = {
    Why.UNKNOWN_GOODS: (400, None),
    Why.BAD_ACCOUNT: (400, None),
    Why.NO_BALANCE: (400, "INSUFFICIENT_BALANCE"),
    Why.BAD_SIGNATURE: (401, "INVALID_TOKEN"),
    Why.LATE: (401, "TOKEN_EXPIRED"),
}


class ReloadlyCardsDialect(ReloadlyDialect):
    """`sent`: the last order, as it came."""

    audience = AUDIENCE

    def __init__(self, terms: Terms) -> None:
        super().__init__(terms)
        self.sent: dict[str, Any] = {}

    def read(self, request: Request) -> Asked | Refused | Wire:
        if request.path == "/oauth/token":
            return self.token(request)
        if refused := self.refused(request):
            return refused
        cards = request.path.endswith("/cards")
        assert request.headers["accept"] == ACCEPTED.format(2 if cards else 1)
        match request.method, request.path.split("/")[1:]:
            case "POST", ["orders"]:
                self.sent = json.loads(request.body)
                assert self.sent["quantity"] == 1
                assert not self.sent.keys() & {"recipientEmail", "recipientPhoneDetails"}
                assert self.sent["senderName"]
                user = self.sent.get("productAdditionalRequirements", {}).get("userId", "nobody")
                sku = f"{self.sent['productId']}:{self.sent['unitPrice']}"
                return Send(self.sent["customIdentifier"], sku, user)
            case "GET", ["orders", "transactions", number, "cards"]:
                return Details(number=number)
            case "GET", ["reports", "transactions", number]:
                return Ask(number=number)
            case "GET", ["reports", "transactions"]:
                assert int(request.parameters["size"]) > 1, "two must be seen"
                return Ask(request.parameters["customIdentifier"])
            case "GET", ["accounts", "balance"]:
                return Balance()
            case "GET", ["products", product]:
                return Quote(product)
        raise AssertionError(request.path)

    def write(self, asked: Asked | Refused, found: Found, book: Book, now_ms: int) -> Wire:
        match found:
            case Taken(order, state) if isinstance(asked, Details):
                if state is not OrderState.DONE or not order.hands_over(now_ms):
                    return _refusal(404, None)
                # A single card comes as it is or in a list, with a number or a text.
                told = card(order)
                return _answer([told] if int(order.number) % 2 else told)
            case Taken(order, state) if isinstance(asked, Ask) and asked.reference:
                return _answer({"content": [transaction(order, state)], "totalElements": 1})
            case Taken(order, state):
                return _answer(transaction(order, state))
            case Duplicate():
                return _refusal(400, "CUSTOM_IDENTIFIER_ALREADY_USED")
            case Missing() if isinstance(asked, Ask) and asked.reference:
                return _answer({"content": [], "totalElements": 0})
            case Missing():
                return _refusal(404, None)
            case Refused(why):
                return _refusal(*WHY[why])
        if isinstance(asked, Balance):
            return _answer({"balance": book.balance() / 100, "currencyCode": "USD"})
        assert isinstance(asked, Quote)
        prices = [float(sku.split(":")[1]) for sku in book.goods if sku.split(":")[0] == asked.sku]
        if not prices:
            return _refusal(404, None)
        return _answer(product(int(asked.sku), prices))

    def callback(self, order: Order, state: OrderState, now_ms: int) -> Callback:
        told = {"type": "giftcard_transaction.status", "data": transaction(order, state)}
        body = json.dumps(told).encode()
        return Callback(body, signed(body, str(now_ms // 1000)))


def card(order: Order) -> dict[str, Any]:
    return {"cardNumber": order.code, "pinCode": order.pin, "redemptionUrl": None}


def transaction(order: Order, state: OrderState) -> dict[str, Any]:
    states = {
        OrderState.PROCESSING: "PROCESSING" if int(order.number) % 2 else "PENDING",
        OrderState.DONE: "SUCCESSFUL",
        OrderState.FAILED: "FAILED" if int(order.number) % 2 else "REFUNDED",
        OrderState.REVERSED: "REFUNDED",
    }
    number, price = order.sku.split(":")
    return {
        "transactionId": int(order.number),
        "amount": order.cost_minor / 100,
        "currencyCode": "USD",
        "customIdentifier": order.reference,
        "status": states[state],
        "product": {"productId": int(number), "quantity": 1, "unitPrice": float(price)},
    }


def product(number: int, prices: list[float]) -> dict[str, Any]:
    """Two of the account's own currency for one of the card's."""
    return {
        "productId": number,
        "productName": "Games",
        "status": "ACTIVE",
        "senderFee": 0.5,
        "senderFeePercentage": 1,
        "discountPercentage": 7.5,
        "denominationType": "FIXED",
        "recipientCurrencyCode": "EUR",
        "minRecipientDenomination": None,
        "maxRecipientDenomination": None,
        "senderCurrencyCode": "USD",
        "minSenderDenomination": None,
        "fixedRecipientDenominations": prices,
        "fixedSenderDenominations": [2 * each for each in prices],
    }


def _answer(told: Any) -> Wire:
    return Wire(200, json.dumps(told).encode())


def _refusal(status: int, code: str | None) -> Wire:
    told = {"timeStamp": "2026-11-22 00:00:00", "message": "no", "path": "/", "errorCode": code}
    return Wire(status, json.dumps(told | {"infoLink": None, "details": []}).encode())
