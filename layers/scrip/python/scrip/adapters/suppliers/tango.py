"""Tango, API v2 (RaaS): rewards, sent to a buyer's mail address or phone by Tango itself, or
handed to us as a code.

Sources: developers.tangocard.com/docs (best practices, create an order, get a list of orders,
details of an order, credential types, order status, response classes, accounts, catalog), the
API's OpenAPI description. An order that is sent again under the same externalRefID is answered as
it was, with 200 instead of 201, for 90 days and even if it asks for another reward; of 5xx it is
not known whether they were done; what is pending takes a business day, longer over a weekend.
`sendEmail` is deprecated since 2025. Whether a list of orders tells credentials is not said, so
they are read with the order's details.

Not documented: how soon an order can be found by our reference; what is charged beside the value,
where currencies differ or there are fees, so a quote is without. It tells nothing by itself.

Rewards are codes and links, and they are secrets: what Tango sends to the buyer is not read where
an answer repeats it.
"""

import base64
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote as quoted
from urllib.parse import urlencode

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.http import HttpAnswer
from scrip.adapters.suppliers.http import (
    answer_to_order,
    answer_to_question,
    decoded,
    exchange,
    in_service,
    minor_of,
)
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.code import Code, code_told
from scrip.domain.errors import SignatureMissing, SupplierAnswerInvalid, SupplierUnavailable
from scrip.domain.goods import Kind
from scrip.domain.money import Money
from scrip.domain.supplier_terms import DAY_MS, HOUR_MS, Meaning, Resend, Terms

SUPPLIER_NAME = "tango"
SIGNATURE_HEADERS: tuple[str, ...] = ()
ACKNOWLEDGED: Acknowledgement | None = None

LIVE = "https://api.tangocard.com/raas/v2"
SANDBOX = "https://integration-api.tangocard.com/raas/v2"

TAKEN_WITH = (200, 201)
REFUSED = ("400", "401", "402", "403", "422")
"""Statuses: the request must be corrected; 402: too little money. Not here: 429 (once a second)."""

TERMS = Terms(
    supplier=SUPPLIER_NAME,
    meanings={
        **dict.fromkeys(REFUSED, Meaning.REFUSED),
        "COMPLETE": Meaning.DONE,
        "PENDING": Meaning.TAKEN,
        "FAILED": Meaning.FAILED,
    },
    resend=Resend.REPLAYS,
    quarantine_ms=HOUR_MS,
    asked_for_ms=90 * DAY_MS,
    patience_ms=4 * DAY_MS,
    per_second=1,
    kinds=(Kind.TOP_UP, Kind.BOUGHT_CODE),
)

SKU = re.compile(r"(?P<utid>U[0-9]{1,12}):(?P<amount>[0-9]{1,7}(\.[0-9]{1,3})?)\Z")
RECIPIENT = {
    "email": "email",
    "phone": "mobileNumber",
    "first_name": "firstName",
    "last_name": "lastName",
}
"""Fields of a form, and what Tango calls them."""

CREDENTIALS = {
    "code": ("claimCode", "cardNumber", "cardCode", "giftCode", "serialNumber"),
    "pin": ("pin", "securityCode", "cvc2", "eventNumber"),
    "url": ("redemptionUrl", "customUrl", "bypassUrl", "url"),
    "until": ("expirationDate",),
}
"""Their types by what they are to a buyer, the best first. Barcodes show what is there besides."""

Identifier = Annotated[str, msgspec.Meta(pattern=r"^[-a-zA-Z0-9]{5,100}\Z")]


class TangoSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`platform` and `key`: of the platform, which has others in the sandbox. `customer` (group)
    and `account`: identifiers of whose money it is."""

    platform: Annotated[str, msgspec.Meta(pattern=r"^[!-9;-~]{1,100}\Z")]  # a colon ends a name
    key: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{8,200}\Z")]
    customer: Identifier
    account: Identifier
    sandbox: bool = False

    def __repr__(self) -> str:
        return "TangoSecrets(...)"


class _Order(msgspec.Struct, frozen=True):
    """Its reward, with what it is redeemed with, is not read."""

    reference_order_id: str = msgspec.field(name="referenceOrderID")
    external_ref_id: str = msgspec.field(name="externalRefID")
    account: str = msgspec.field(name="accountIdentifier")
    utid: str
    status: str


class _Credential(msgspec.Struct, frozen=True):
    value: str
    type: str | None = None
    credential_type: str | None = msgspec.field(default=None, name="credentialType")

    def __repr__(self) -> str:
        return "_Credential(...)"


class _Reward(msgspec.Struct, frozen=True):
    credentials: list[_Credential] = msgspec.field(default=[], name="credentialList")


class _Details(_Order, frozen=True):
    """Of an order whose code is to be handed to us."""

    reward: _Reward | None = None


class _Orders(msgspec.Struct, frozen=True):
    orders: list[_Order]


class _Account(msgspec.Struct, frozen=True, rename="camel"):
    current_balance: Decimal
    currency_code: str


class _Item(msgspec.Struct, frozen=True, rename="camel"):
    utid: str
    currency_code: str
    status: str
    face_value: Decimal | None = None
    min_value: Decimal | None = None
    max_value: Decimal | None = None


class _Brand(msgspec.Struct, frozen=True):
    items: list[_Item]


class _Catalog(msgspec.Struct, frozen=True):
    brands: list[_Brand]


class Sku(NamedTuple):
    """`U123456:25.5`: a reward, and its value in the reward's own currency."""

    utid: str
    amount: Decimal

    @classmethod
    def read(cls, sku: str) -> "Sku | None":
        found = SKU.match(sku)
        return cls(found["utid"], Decimal(found["amount"])) if found else None


class TangoSupplier:
    """One merchant's account, live or in the sandbox."""

    terms = TERMS

    def __init__(self, secrets: TangoSecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.url = api_base or (SANDBOX if secrets.sandbox else LIVE)
        self.http = http

    def send(self, charge: Charge) -> Said:
        """A code to nobody but us; else to the mail address, if there is one, or to the phone."""
        sku = Sku.read(charge.sku)
        if sku is None:
            return Said(Meaning.REFUSED, "sku")
        filled = charge.filled
        request: dict[str, Any] = {
            "externalRefID": charge.reference,
            "customerIdentifier": self.secrets.customer,
            "accountIdentifier": self.secrets.account,
            "utid": sku.utid,
            "amount": sku.amount,
        }
        if charge.kind is Kind.BOUGHT_CODE:
            request["deliveryMethod"] = "NONE"
        else:
            request["deliveryMethod"] = "EMAIL" if filled.get("email") else "PHONE"
            named = {RECIPIENT[each]: filled[each] for each in RECIPIENT if filled.get(each)}
            request["recipient"] = named
        return answer_to_order(lambda: self._sent(request, charge))

    def ask(self, charge: Charge) -> Said:
        return answer_to_question(lambda: self._found(charge))

    def balance(self) -> Money:
        found = self._read(f"/accounts/{quoted(self.secrets.account, safe='')}", _Account)
        # What was borrowed is not there to spend.
        return minor_of(max(found.current_balance, Decimal(0)), found.currency_code, ROUND_FLOOR)

    def quote(self, sku: str) -> Quote:
        """The value, in its own currency."""
        good = Sku.read(sku)
        if good is None:
            raise SupplierAnswerInvalid("no such reward")
        catalog = self._read(f"/catalogs?{urlencode({'utid': good.utid})}", _Catalog)
        items = [item for brand in catalog.brands for item in brand.items]
        item = next((each for each in items if each.utid == good.utid), None)
        if item is None:
            raise SupplierAnswerInvalid("no such reward")
        available = item.status == "active" and _offers(item, good.amount)
        return Quote(minor_of(good.amount, item.currency_code, ROUND_CEILING), available)

    def read_callback(self, _raw: bytes, _headers: dict[str, str], _now_seconds: int) -> str:
        raise SignatureMissing("Tango tells nothing by itself")

    def _sent(self, request: dict[str, Any], charge: Charge) -> Said:
        answer = self._asked("POST", "/orders", ENCODER.encode(request))
        if answer.status in TAKEN_WITH:
            return self._said(decoded(answer.content, _Order), charge)
        return Said(self.terms.meaning(str(answer.status)), f"status {answer.status}")

    def _found(self, charge: Charge) -> Said:
        query = {"accountIdentifier": self.secrets.account, "externalRefID": charge.reference}
        found = self._read(f"/orders?{urlencode(query)}", _Orders).orders
        if not found:
            return Said(Meaning.NOT_FOUND, "missing")
        if len(found) > 1:
            raise SupplierAnswerInvalid(f"{len(found)} orders")
        return self._said(found[0], charge)

    def _said(self, found: _Order, charge: Charge) -> Said:
        """A replay may be about another reward."""
        asked = (charge.reference, self.secrets.account, charge.sku.partition(":")[0])
        if (found.external_ref_id, found.account, found.utid) != asked:
            raise SupplierAnswerInvalid("it is about another order")
        status = found.status.upper()
        meaning = self.terms.meaning(status) if status.isalpha() else Meaning.UNCLEAR
        number = found.reference_order_id
        wanted = meaning is Meaning.DONE and charge.kind is Kind.BOUGHT_CODE
        return Said(meaning, status[:100], number, secret=self._code(number) if wanted else None)

    def _code(self, number: str) -> Code | None:
        """None where it is not told: the order is none the less done, and is asked about."""
        try:
            found: _Details = self._read(f"/orders/{quoted(number, safe='')}", _Details)
        except (SupplierUnavailable, SupplierAnswerInvalid):
            return None
        if found.reference_order_id != number or found.reward is None:
            return None
        told = {each.credential_type or each.type: each.value for each in found.reward.credentials}
        parts = {
            part: next((told[each] for each in types if told.get(each)), "")
            for part, types in CREDENTIALS.items()
        }
        return code_told(**parts)

    def _read(self, path: str, shape: Any) -> Any:
        """Raises SupplierUnavailable, SupplierAnswerInvalid."""
        answer = self._asked("GET", path)
        if answer.status != 200:
            raise SupplierAnswerInvalid(f"status {answer.status}")
        return decoded(answer.content, shape)

    def _asked(self, method: str, path: str, body: bytes = b"") -> HttpAnswer:
        login = base64.b64encode(f"{self.secrets.platform}:{self.secrets.key}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}
        if body:
            headers["Content-Type"] = "application/json"
        return in_service(exchange(self.http, method, self.url + path, headers, body))


ENCODER = msgspec.json.Encoder(decimal_format="number")


def _offers(item: _Item, amount: Decimal) -> bool:
    finite = [each for each in (item.min_value, item.max_value) if each and each.is_finite()]
    within = len(finite) == 2 and finite[0] <= amount <= finite[1]
    return within or amount == item.face_value


SECRETS, SUPPLIER = TangoSecrets, TangoSupplier
