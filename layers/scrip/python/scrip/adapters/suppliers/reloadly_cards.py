"""Reloadly, gift cards API: codes of shops, games and streams, bought one by one.

Sources: docs.reloadly.com/gift-cards (orders, redeem code, transactions, products, balance),
/webhooks. A token of the airtime API is none here. Without a recipient's mail address or phone
Reloadly tells nobody: the code is read by the transaction's number, as often as one likes.

FAILED is a purchase that failed and whose money is not back yet, REFUNDED one whose money is.

Not documented: refusals' codes of this service (a price that is none has no code at all), so that
of most of them the order is asked about until it is surely not there; what sending a reference
again does, so nothing is sent twice; whether a transaction is in the report from the beginning.

What is redeemed is a number, a PIN, a link, or several of them, and all of it is secret.
"""

import re
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote as quoted
from urllib.parse import urlencode

import msgspec

from scrip.adapters.suppliers.http import answer_to_order, answer_to_question, decoded, minor_of
from scrip.adapters.suppliers.reloadly_api import (
    ACKNOWLEDGED,
    REFUSED_BY_ALL,
    SIGNATURE_HEADERS,
    ReloadlyApi,
    ReloadlySecrets,
)
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.code import Code, code_told
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable
from scrip.domain.goods import Kind
from scrip.domain.supplier_terms import HOUR_MS, Meaning, Resend, Terms

__all__ = ["ACKNOWLEDGED", "SECRETS", "SIGNATURE_HEADERS", "SUPPLIER"]

SUPPLIER_NAME = "reloadly_cards"
LIVE, SANDBOX = "https://giftcards.reloadly.com", "https://giftcards-sandbox.reloadly.com"
ACCEPT = "application/com.reloadly.giftcards-v1+json"
ACCEPT_CARDS = "application/com.reloadly.giftcards-v2+json"
"""The version that tells links."""

TERMS = Terms(
    supplier=SUPPLIER_NAME,
    meanings={
        **dict.fromkeys(REFUSED_BY_ALL, Meaning.REFUSED),
        "PENDING": Meaning.TAKEN,
        "PROCESSING": Meaning.TAKEN,
        "SUCCESSFUL": Meaning.DONE,
        "FAILED": Meaning.FAILED,
        "REFUNDED": Meaning.REVERSED,
    },
    resend=Resend.REFUSES,
    quarantine_ms=6 * HOUR_MS,
    kinds=(Kind.BOUGHT_CODE,),
)

SKU = re.compile(r"(?P<product>[0-9]{1,9}):(?P<price>[0-9]{1,9}(\.[0-9]{1,4})?)\Z")
USER = "user_id"
"""The field of a form for products that ask whose they are."""


class ReloadlyCardsSecrets(ReloadlySecrets, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`sender_name`: the shop's, on Reloadly's receipt."""

    sender_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class _Product(msgspec.Struct, frozen=True, rename="camel"):
    product_id: int


class _Transaction(msgspec.Struct, frozen=True, rename="camel"):
    transaction_id: int
    status: str
    custom_identifier: str | None = None
    product: _Product | None = None


class _Report(msgspec.Struct, frozen=True):
    content: list[_Transaction]


class _Card(msgspec.Struct, frozen=True, rename="camel"):
    card_number: str | int | None = None
    pin_code: str | int | None = None
    redemption_url: str | None = None

    def __repr__(self) -> str:
        return "_Card(...)"


class _Offer(msgspec.Struct, frozen=True, rename="camel"):
    """Amounts of the sender are in the account's own currency, without fees."""

    product_id: int
    sender_currency_code: str
    status: str | None = None
    sender_fee: Decimal = Decimal(0)
    sender_fee_percentage: Decimal = Decimal(0)
    fixed_recipient_denominations: list[Decimal] = []
    fixed_sender_denominations: list[Decimal] | None = None
    min_recipient_denomination: Decimal | None = None
    max_recipient_denomination: Decimal | None = None
    min_sender_denomination: Decimal | None = None


class Sku(NamedTuple):
    """`120:25`: a product, and its price in the currency that it is in."""

    product: int
    price: str

    @classmethod
    def read(cls, sku: str) -> "Sku | None":
        found = SKU.match(sku)
        return cls(int(found["product"]), found["price"]) if found else None


class ReloadlyCardsSupplier(ReloadlyApi):
    """One merchant's account, live or in the sandbox."""

    terms = TERMS
    live, sandbox, accept = LIVE, SANDBOX, ACCEPT
    secrets: ReloadlyCardsSecrets

    def send(self, charge: Charge) -> Said:
        sku = Sku.read(charge.sku)
        if sku is None:
            return Said(Meaning.REFUSED, "sku")
        request: dict[str, Any] = {
            "productId": sku.product,
            "quantity": 1,
            "unitPrice": Decimal(sku.price),
            "customIdentifier": charge.reference,
            "senderName": self.secrets.sender_name,
            "preOrder": False,
        }
        if charge.filled.get(USER):
            request["productAdditionalRequirements"] = {"userId": charge.filled[USER]}
        return answer_to_order(lambda: self._sent(request, charge))

    def ask(self, charge: Charge) -> Said:
        asking = self._known if charge.ref else self._found
        return answer_to_question(lambda: asking(charge))

    def quote(self, sku: str) -> Quote:
        good = Sku.read(sku)
        if good is None:
            raise SupplierAnswerInvalid("no such good")
        offer: _Offer = self._read(f"/products/{good.product}", _Offer)
        if offer.product_id != good.product:
            raise SupplierAnswerInvalid("it is about another product")
        price = Decimal(good.price)
        cost = _cost(offer, price)
        available = cost is not None and offer.status in (None, "ACTIVE")
        return Quote(
            minor_of(cost or Decimal(0), offer.sender_currency_code, ROUND_CEILING), available
        )

    def _sent(self, request: dict[str, Any], charge: Charge) -> Said:
        answer = self._asked("POST", "/orders", ENCODER.encode(request))
        if answer.status != 200:
            return self._refusal(answer)
        return self._said(decoded(answer.content, _Transaction), charge)

    def _known(self, charge: Charge) -> Said:
        number = quoted(charge.ref, safe="")
        return self._said(self._read(f"/reports/transactions/{number}", _Transaction), charge)

    def _found(self, charge: Charge) -> Said:
        """By our reference. That two have it, a person must see."""
        query = urlencode({"customIdentifier": charge.reference, "size": 10})
        found = self._read(f"/reports/transactions?{query}", _Report).content
        if not found:
            return Said(Meaning.NOT_FOUND, "missing")
        if len(found) > 1:
            raise SupplierAnswerInvalid(f"{len(found)} purchases")
        return self._said(found[0], charge)

    def _said(self, found: _Transaction, charge: Charge) -> Said:
        number, sku = str(found.transaction_id), Sku.read(charge.sku)
        if found.custom_identifier != charge.reference or number != (charge.ref or number):
            raise SupplierAnswerInvalid("it is about another purchase")
        if found.product and sku and found.product.product_id != sku.product:
            raise SupplierAnswerInvalid("it is about another product")
        meaning = self.terms.meaning(found.status)
        card = self._card(number) if meaning is Meaning.DONE else None
        return Said(meaning, found.status[:100], number, secret=card)

    def _card(self, number: str) -> Code | None:
        """None where it is not told: the purchase is none the less done, and is asked about."""
        path = f"/orders/transactions/{number}/cards"
        try:
            told = self._read(path, list[_Card] | _Card, ACCEPT_CARDS)
        except (SupplierUnavailable, SupplierAnswerInvalid):
            return None
        cards = told if isinstance(told, list) else [told]
        if len(cards) != 1:
            return None
        code, pin = (_text(each) for each in (cards[0].card_number, cards[0].pin_code))
        return code_told(code, pin, cards[0].redemption_url or "")


ENCODER = msgspec.json.Encoder(decimal_format="number")


def _text(part: str | int | None) -> str:
    return "" if part is None else str(part)


def _cost(offer: _Offer, price: Decimal) -> Decimal | None:
    """In the account's currency, before discounts; None if it cannot be had at that price."""
    fixed, costs = offer.fixed_recipient_denominations, offer.fixed_sender_denominations
    least, most = offer.min_recipient_denomination, offer.max_recipient_denomination
    if price in fixed and costs and len(costs) == len(fixed):
        cost = costs[fixed.index(price)]
    elif least and most and offer.min_sender_denomination and least <= price <= most:
        cost = price * offer.min_sender_denomination / least
    else:
        return None
    return cost * (1 + offer.sender_fee_percentage / 100) + offer.sender_fee


SECRETS, SUPPLIER = ReloadlyCardsSecrets, ReloadlyCardsSupplier
