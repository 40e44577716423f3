"""Reloadly, airtime API: phones around the world.

Sources: docs.reloadly.com/airtime (topups-async, top-up-status, transactions, operators, balance,
error codes), /webhooks. What its users measured where the pages say less (2026): a reference that
is used a second time is refused with CUSTOM_IDENTIFIER_ALREADY_USED, but two requests at the same
time are both done; what was refused leaves no record; the search by reference ignores case.

Not documented: whether the report tells of top-ups that are still processed, so one that is missing
is believed to be only after hours; whether what was successful may be refunded, which is heard if
it is; what a discount takes off, so a quote is without. A phone that was recharged two minutes ago
is refused, and so is the second of two that were sent by mistake: that is no refusal of the first.

Top-ups that answer a PIN are not for it: what is sold as a code is, see `reloadly_cards`.
"""

import re
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, NamedTuple
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
from scrip.domain.errors import SupplierAnswerInvalid
from scrip.domain.supplier_terms import HOUR_MS, Meaning, Resend, Terms

__all__ = ["ACKNOWLEDGED", "SECRETS", "SIGNATURE_HEADERS", "SUPPLIER"]

SUPPLIER_NAME = "reloadly"
LIVE, SANDBOX = "https://topups.reloadly.com", "https://topups-sandbox.reloadly.com"
ACCEPT = "application/com.reloadly.topups-v1+json"

REFUSED = (
    *REFUSED_BY_ALL,
    *("OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", "OPERATOR_NOT_IN_SERVICE"),
    *("COULD_NOT_AUTO_DETECT_OPERATOR", "INVALID_AMOUNT", "INVALID_AMOUNT_FOR_OPERATOR"),
    *("INVALID_RECIPIENT_PHONE", "INVALID_SENDER_PHONE", "INVALID_PHONE_NUMBER"),
)
"""Not here: PHONE_RECENTLY_RECHARGED (perhaps by this very order), TOPUP_TRANSACTION_FAILED."""

TERMS = Terms(
    supplier=SUPPLIER_NAME,
    meanings={
        **dict.fromkeys(REFUSED, Meaning.REFUSED),
        "PROCESSING": Meaning.TAKEN,
        "SUCCESSFUL": Meaning.DONE,
        "FAILED": Meaning.FAILED,
        "REFUNDED": Meaning.REVERSED,
    },
    resend=Resend.REFUSES,
    quarantine_ms=6 * HOUR_MS,
)

PHONES = ("phone", "account")
"""Fields of a form that are the phone; the first that is filled in counts."""

SKU = re.compile(
    r"(?P<country>[A-Z]{2}):(?P<operator>[0-9]{1,9}):(?P<amount>[0-9]{1,9}(\.[0-9]{1,4})?)"
    r"(?P<local>:local)?\Z"
)


class _Taken(msgspec.Struct, frozen=True, rename="camel"):
    transaction_id: int


class _TopUp(msgspec.Struct, frozen=True, rename="camel"):
    transaction_id: int
    status: str
    custom_identifier: str | None = None
    operator_transaction_id: str | None = None


class _Report(msgspec.Struct, frozen=True):
    content: list[_TopUp]


class _Status(msgspec.Struct, frozen=True):
    """`transaction`: not before it is processed."""

    status: str
    transaction: _TopUp | None = None


class _Rate(msgspec.Struct, frozen=True):
    rate: Decimal


class _Operator(msgspec.Struct, frozen=True, rename="camel"):
    operator_id: int
    sender_currency_code: str
    status: str | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    local_min_amount: Decimal | None = None
    local_max_amount: Decimal | None = None
    fixed_amounts: list[Decimal] = []
    local_fixed_amounts: list[Decimal] = []
    fx: _Rate | None = None


class Sku(NamedTuple):
    """`NG:341:10`: an operator of a country and an amount in the account's currency;
    `NG:341:500:local` in the phone's."""

    country: str
    operator: int
    amount: str
    local: bool

    @classmethod
    def read(cls, sku: str) -> "Sku | None":
        found = SKU.match(sku)
        if found is None:
            return None
        local = found["local"] is not None
        return cls(found["country"], int(found["operator"]), found["amount"], local)


class ReloadlySupplier(ReloadlyApi):
    """One merchant's account, live or in the sandbox."""

    terms = TERMS
    live, sandbox, accept = LIVE, SANDBOX, ACCEPT

    def send(self, charge: Charge) -> Said:
        sku = Sku.read(charge.sku)
        phone = next(filter(None, map(charge.filled.get, PHONES)), "")
        if sku is None:
            return Said(Meaning.REFUSED, "sku")
        request = {
            "operatorId": sku.operator,
            "amount": sku.amount,
            "useLocalAmount": sku.local,
            "customIdentifier": charge.reference,
            "recipientPhone": {"countryCode": sku.country, "number": phone.removeprefix("+")},
        }
        return answer_to_order(lambda: self._sent(request))

    def ask(self, charge: Charge) -> Said:
        asking = self._status if charge.ref else self._found
        return answer_to_question(lambda: asking(charge))

    def quote(self, sku: str) -> Quote:
        good = Sku.read(sku)
        if good is None:
            raise SupplierAnswerInvalid("no such good")
        operator = self._read(f"/operators/{good.operator}", _Operator)
        if operator.operator_id != good.operator:
            raise SupplierAnswerInvalid("it is about another operator")
        try:
            cost, available = _offer(operator, Decimal(good.amount), local=good.local)
        except InvalidOperation as error:
            raise SupplierAnswerInvalid("not an amount") from error
        return Quote(minor_of(cost, operator.sender_currency_code, ROUND_CEILING), available)

    def _sent(self, request: dict[str, Any]) -> Said:
        answer = self._asked("POST", "/topups-async", msgspec.json.encode(request))
        if answer.status != 200:
            return self._refusal(answer)
        taken: _Taken = decoded(answer.content, _Taken)
        return Said(Meaning.TAKEN, "taken", str(taken.transaction_id))

    def _status(self, charge: Charge) -> Said:
        """Of one whose number is known."""
        found = self._read(f"/topups/{quoted(charge.ref, safe='')}/status", _Status)
        if found.transaction is None:
            return Said(self.terms.meaning(found.status), found.status, charge.ref)
        if found.transaction.status != found.status:
            raise SupplierAnswerInvalid("it contradicts itself")
        return self._said(found.transaction, charge)

    def _found(self, charge: Charge) -> Said:
        """By our reference. That two have it, a person must see."""
        query = urlencode({"customIdentifier": charge.reference, "size": 10})
        found = self._read(f"/topups/reports/transactions?{query}", _Report).content
        if not found:
            return Said(Meaning.NOT_FOUND, "missing")
        if len(found) > 1:
            raise SupplierAnswerInvalid(f"{len(found)} top-ups")
        return self._said(found[0], charge)

    def _said(self, found: _TopUp, charge: Charge) -> Said:
        number = str(found.transaction_id)
        if found.custom_identifier != charge.reference or number != (charge.ref or number):
            raise SupplierAnswerInvalid("it is about another top-up")
        receipt = found.operator_transaction_id or ""
        return Said(self.terms.meaning(found.status), found.status, number, receipt)


def _offer(operator: _Operator, amount: Decimal, *, local: bool) -> tuple[Decimal, bool]:
    """What it costs in the account's currency, and whether it can be had."""
    cost = amount
    fixed, least, most = operator.fixed_amounts, operator.min_amount, operator.max_amount
    if local:
        if operator.fx is None or not operator.fx.rate > 0:
            raise SupplierAnswerInvalid("no rate")
        cost = amount / operator.fx.rate
        fixed = operator.local_fixed_amounts
        least, most = operator.local_min_amount, operator.local_max_amount
    within = least is not None and most is not None and least <= amount <= most
    return cost, operator.status in (None, "ACTIVE") and (within or amount in fixed)


SECRETS, SUPPLIER = ReloadlySecrets, ReloadlySupplier
