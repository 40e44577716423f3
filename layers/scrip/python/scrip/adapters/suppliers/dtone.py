"""DT One, Digital Value Services API v1: phones, data and bills around the world.

Sources: dvs-api-doc.dtone.com (1.23: transactions, status classes, error codes, balances, products,
callbacks), developers.dtone.com/docs/handling-transactions. Rules go by the class of a status; the
status itself is kept as the reason. What is completed may be reversed, rarely and by hand.

Not documented: how soon a transaction can be found by our reference, so that is the quarantine's
matter; how many calls a second an account has; a signature of callbacks. So a callback proves
nothing, but it names an order by what only few can know, and all that follows is a question.

Products that answer a PIN or an eSIM are secrets, and those that ask for a sender or a beneficiary
need more than one account: neither is for this adapter.
"""

import base64
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.http import HttpAnswer
from scrip.adapters.suppliers.http import (
    UNREADABLE,
    answer_to_order,
    answer_to_question,
    decoded,
    exchange,
    in_service,
    minor_of,
)
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.errors import RequestInvalid, RequestMalformed, SupplierAnswerInvalid
from scrip.domain.money import Money, minor_digits
from scrip.domain.supplier_terms import HOUR_MS, Meaning, Resend, Terms

SUPPLIER_NAME = "dtone"
SIGNATURE_HEADERS: tuple[str, ...] = ()
ACKNOWLEDGED = Acknowledgement(204, "text/plain", b"")

LIVE, SANDBOX = "https://dvs-api.dtone.com/v1", "https://preprod-dvs-api.dtone.com/v1"

REFUSED = (
    *("1000400", "1000401", "1000404"),
    *("1003001", "1003002", "1003003"),
    *("1005003", "1005004", "1005005", "1005006", "1005503"),
    *("1006001", "1006003", "1006009", "1006503", "1007500"),
)
"""The request, the product, the number, the balance. Not here: 1000429 (too many requests), 1007001
(the reference was used before), 1009001 and 1009503 (failed while it was done)."""

MISSING = "1008004"

TERMS = Terms(
    supplier=SUPPLIER_NAME,
    meanings={
        **dict.fromkeys(REFUSED, Meaning.REFUSED),
        MISSING: Meaning.NOT_FOUND,
        "CREATED": Meaning.TAKEN,
        "CONFIRMED": Meaning.TAKEN,
        "SUBMITTED": Meaning.TAKEN,
        "COMPLETED": Meaning.DONE,
        "REJECTED": Meaning.FAILED,
        "CANCELLED": Meaning.FAILED,
        "DECLINED": Meaning.FAILED,
        "REVERSED": Meaning.REVERSED,
    },
    resend=Resend.REFUSES,
    quarantine_ms=HOUR_MS,
    reversible=True,
    per_second=5,
)

PARTY = {
    "phone": "mobile_number",
    "mobile_number": "mobile_number",
    "account": "account_number",
    "account_number": "account_number",
    "account_qualifier": "account_qualifier",
}
"""Fields of a form, and what DT One calls them."""

PRODUCT = re.compile(r"[1-9][0-9]{0,8}\Z")
CURRENCY = "CURRENCY"
"""The only type of unit that prices and balances have."""

Key = Annotated[str, msgspec.Meta(pattern=r"^[!-9;-~]{8,200}\Z")]  # a colon ends a name


class DtoneSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`api_key` and `api_secret`: of DT Shop's developer tab, which has others for its sandbox.
    `currency`: of the balance that orders are paid from."""

    api_key: Key
    api_secret: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{8,200}\Z")]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
    sandbox: bool = False

    def __repr__(self) -> str:
        return "DtoneSecrets(...)"


class _Error(msgspec.Struct, frozen=True):
    code: int


class _Errors(msgspec.Struct, frozen=True):
    errors: Annotated[list[_Error], msgspec.Meta(min_length=1)]


class _Class(msgspec.Struct, frozen=True):
    message: str


class _Status(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    message: str
    class_: _Class


class _Transaction(msgspec.Struct, frozen=True):
    """Its PIN, where there is one, is not read."""

    id: int
    external_id: str
    status: _Status
    operator_reference: str | None = None


class _Named(msgspec.Struct, frozen=True):
    external_id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class _Balance(msgspec.Struct, frozen=True):
    unit_type: str
    unit: str
    available: Decimal


class _Range(msgspec.Struct, frozen=True):
    min: Decimal


class _Price(msgspec.Struct, frozen=True):
    unit_type: str
    unit: str
    amount: Decimal | _Range
    fee: Decimal = Decimal(0)


class _Prices(msgspec.Struct, frozen=True):
    wholesale: _Price


class _Product(msgspec.Struct, frozen=True):
    id: int
    prices: _Prices


class DtoneSupplier:
    """One merchant's account, live or in the sandbox."""

    terms = TERMS

    def __init__(self, secrets: DtoneSecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.url = api_base or (SANDBOX if secrets.sandbox else LIVE)
        self.http = http

    def send(self, charge: Charge) -> Said:
        """`worth` is what arrives, where the product has a range of values."""
        if not PRODUCT.match(charge.sku):
            return Said(Meaning.REFUSED, "sku")
        request: dict[str, Any] = {
            "external_id": charge.reference,
            "product_id": int(charge.sku),
            "auto_confirm": True,
            "credit_party_identifier": _party(charge),
        }
        if charge.worth:
            request["calculation_mode"] = "DESTINATION_AMOUNT"
            request["destination"] = _amount(charge.worth)
        if charge.callback_url:
            request["callback_url"] = charge.callback_url
        return answer_to_order(lambda: self._sent(request, charge))

    def ask(self, charge: Charge) -> Said:
        return answer_to_question(lambda: self._found(charge))

    def balance(self) -> Money:
        query = urlencode({"unit_type": CURRENCY, "unit": self.secrets.currency})
        for each in self._read(f"/balances?{query}", list[_Balance]):
            if (each.unit_type, each.unit) == (CURRENCY, self.secrets.currency):
                # What was borrowed is not there to spend.
                return minor_of(max(each.available, Decimal(0)), each.unit, ROUND_FLOOR)
        raise SupplierAnswerInvalid("no balance of that currency")

    def quote(self, sku: str) -> Quote:
        """Of a product with a range of values, the least."""
        if not PRODUCT.match(sku):
            raise SupplierAnswerInvalid("no number of its products")
        product = self._read(f"/products/{sku}", _Product)
        price = product.prices.wholesale
        if product.id != int(sku) or price.unit_type != CURRENCY:
            raise SupplierAnswerInvalid("it is about another product")
        amount = price.amount.min if isinstance(price.amount, _Range) else price.amount
        return Quote(minor_of(amount + price.fee, price.unit, ROUND_CEILING), available=True)

    def read_callback(self, raw: bytes, _headers: dict[str, str], _now_seconds: int) -> str:
        try:
            return msgspec.json.decode(raw, type=_Named).external_id
        except msgspec.ValidationError as error:
            raise RequestInvalid("no transaction of DT One's") from error
        except UNREADABLE as error:
            raise RequestMalformed("the callback is not valid JSON") from error

    def _sent(self, request: dict[str, Any], charge: Charge) -> Said:
        answer = self._asked("POST", "/async/transactions", ENCODER.encode(request))
        if answer.status == 201:
            return self._said(decoded(answer.content, _Transaction), charge)
        meaning, code = self._failure(answer)
        return Said(meaning if meaning is Meaning.REFUSED else Meaning.UNCLEAR, code)

    def _found(self, charge: Charge) -> Said:
        answer = self._asked("GET", f"/transactions?{urlencode({'external_id': charge.reference})}")
        if answer.status != 200:
            return Said(*self._failure(answer))
        found: list[_Transaction] = decoded(answer.content, list[_Transaction])
        if len(found) > 1:
            raise SupplierAnswerInvalid(f"{len(found)} transactions")
        return self._said(found[0], charge) if found else Said(Meaning.NOT_FOUND, "missing")

    def _said(self, found: _Transaction, charge: Charge) -> Said:
        number, kind = str(found.id), found.status.class_.message
        if found.external_id != charge.reference or number != (charge.ref or number):
            raise SupplierAnswerInvalid("it is about another transaction")
        meaning = self.terms.meaning(kind) if kind.isalpha() else Meaning.UNCLEAR
        return Said(meaning, found.status.message[:100], number, found.operator_reference or "")

    def _failure(self, answer: HttpAnswer) -> tuple[Meaning, str]:
        """All the codes of one answer must mean the same; they count with a refusal's status."""
        codes = [str(each.code) for each in decoded(answer.content, _Errors).errors]
        meanings = {self.terms.meaning(code) for code in codes}
        sure = answer.status >= 400 and len(meanings) == 1
        return meanings.pop() if sure else Meaning.UNCLEAR, " ".join(codes)[:100]

    def _read(self, path: str, shape: Any) -> Any:
        """Raises SupplierUnavailable, SupplierAnswerInvalid."""
        answer = self._asked("GET", path)
        if answer.status != 200:
            raise SupplierAnswerInvalid(f"status {answer.status}")
        return decoded(answer.content, shape)

    def _asked(self, method: str, path: str, body: bytes = b"") -> HttpAnswer:
        login = base64.b64encode(f"{self.secrets.api_key}:{self.secrets.api_secret}".encode())
        headers = {"Authorization": f"Basic {login.decode()}", "Accept": "application/json"}
        if body:
            headers["Content-Type"] = "application/json"
        return in_service(exchange(self.http, method, self.url + path, headers, body))


ENCODER = msgspec.json.Encoder(decimal_format="number")


def _party(charge: Charge) -> dict[str, str]:
    party = {PARTY[name]: value for name, value in charge.filled.items() if name in PARTY and value}
    if "mobile_number" in party:
        party["mobile_number"] = "+" + party["mobile_number"].removeprefix("+")
    return party


def _amount(worth: Money) -> dict[str, Any]:
    amount = Decimal(worth.amount_minor).scaleb(-minor_digits(worth.currency))
    return {"unit_type": CURRENCY, "unit": worth.currency, "amount": amount}


SECRETS, SUPPLIER = DtoneSecrets, DtoneSupplier
