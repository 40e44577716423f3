"""Ding (DingConnect), API v1: phones, data, games and bills around the world.

Sources: dingconnect.com/Api (methods), /Api/Description (error and context codes), /Api/Faq. What
its users measured where the pages say less (github.com/vlab-research/go-dingconnect, September
2026): a DistributorRef that is sent again is charged again; what succeeded is `Complete`, not
`Completed`; refusals may come with status 500; ValidateOnly must be there, a + before an account
must not.

After 90 seconds Ding gives up with ProviderTimedOut: failed, nothing debited. Not documented: how
soon a transfer is listed, so that is the quarantine's matter; how a callback of a deferred transfer
is signed, so none is asked for and none believed.

Receipts of PINs and vouchers are secrets, and no place here is made for them: only products that
need none are for this adapter.
"""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated, Any
from urllib.parse import quote as quoted

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.suppliers.http import (
    answer_to_order,
    answer_to_question,
    decoded,
    exchange,
    minor_of,
)
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.errors import (
    RequestInvalid,
    SignatureMissing,
    SupplierAnswerInvalid,
    SupplierUnavailable,
)
from scrip.domain.money import Money, minor_digits
from scrip.domain.precheck import Refusal
from scrip.domain.supplier_terms import DAY_MS, Meaning, Resend, Terms

SUPPLIER_NAME = "ding"
SIGNATURE_HEADERS: tuple[str, ...] = ()
ACKNOWLEDGED = Acknowledgement(204, "text/plain", b"")

API = "https://api.dingconnect.com"
SUCCESS = 1
"""Of ResultCode. 2: nearly; 3: transient; 4: not understood; 5: refused."""

REFUSED = (
    "AccountNumberInvalid",
    "AuthenticationFailed",
    "InsufficientBalance",
    "ParameterCombinationInvalid",
    "ParameterInvalid",
    "ParameterMissing",
    "ParameterOutOfRange",
    "ProviderError/ProductUnavailable",
    "ProviderError/ProviderTemporarilyUnavailable",
    "ProviderError/RechargeNotAllowed",
    "RechargeNotAllowed",
    "RequestInvalid",
    "TooManyParameters",
    "TransientProviderError/ProviderRefusedRequest",
)
"""Codes whatever their context, and codes with one. Not here: DuplicateTransactionPrevented,
OtherError, and what else a provider may mean."""

CHECKED = {
    "AccountNumberInvalid": Refusal.ACCOUNT,
    "RechargeNotAllowed": Refusal.ACCOUNT,
    "ProviderError/RechargeNotAllowed": Refusal.ACCOUNT,
    "ParameterOutOfRange": Refusal.GOOD,
    "ProviderError/ProductUnavailable": Refusal.GOOD,
}
"""What of a check has to do with the account or the good. The rest, such as what is left of the
shop's balance, or an operator's bad moment, says nothing of an order that is paid later."""

TERMS = Terms(
    supplier=SUPPLIER_NAME,
    meanings={
        **dict.fromkeys(REFUSED, Meaning.REFUSED),
        "RateLimited": Meaning.NOT_SENT,
        "TransientProviderError/ProviderTimedOut": Meaning.FAILED,
        "Submitted": Meaning.TAKEN,
        "Processing": Meaning.TAKEN,
        "Cancelling": Meaning.TAKEN,
        "Complete": Meaning.DONE,
        "Completed": Meaning.DONE,
        "Failed": Meaning.FAILED,
        "Cancelled": Meaning.REVERSED,
    },
    resend=Resend.NEW,
    asked_for_ms=60 * DAY_MS,
)

STRONGEST = (Meaning.DONE, Meaning.TAKEN, Meaning.UNCLEAR, Meaning.REVERSED, Meaning.FAILED)
"""What counts where several transfers have one reference: any that may have charged, first."""

ACCOUNTS = ("account_number", "account", "phone")
NO_ACCOUNT = "0000000000"
TAKEN_AT_ONCE = 20

SettingName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
FieldName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class DingSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`api_key`: of the developer tab. `settings`: which field of a form is which of the settings
    that products ask for, by Ding's name: {"MeterId": "meter"}."""

    api_key: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{8,200}\Z")]
    settings: Annotated[dict[SettingName, FieldName], msgspec.Meta(max_length=20)] = {}

    def __repr__(self) -> str:
        return "DingSecrets(...)"


class _Error(msgspec.Struct, frozen=True, rename="pascal"):
    code: str
    context: str | None = None


class _Id(msgspec.Struct, frozen=True, rename="pascal"):
    distributor_ref: str
    transfer_ref: str | None = None


class _Record(msgspec.Struct, frozen=True, rename="pascal"):
    processing_state: str | None = None
    transfer_id: _Id | None = None
    receipt_params: dict[str, str | None] | None = None


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    """To SendTransfer, and each item of ListTransferRecords."""

    result_code: int
    error_codes: list[_Error] = []
    transfer_record: _Record | None = None


class _Listed(msgspec.Struct, frozen=True, rename="pascal"):
    result_code: int
    items: list[_Answer]
    error_codes: list[_Error] = []


class _Balance(msgspec.Struct, frozen=True, rename="pascal"):
    result_code: int
    balance: Decimal = Decimal("NaN")
    currency_iso: str = ""


class _Price(msgspec.Struct, frozen=True, rename="pascal"):
    send_value: Decimal
    send_currency_iso: str
    distributor_fee: Decimal = Decimal(0)


class _Product(msgspec.Struct, frozen=True, rename="pascal"):
    sku_code: str
    minimum: _Price
    maximum: _Price


class _Products(msgspec.Struct, frozen=True, rename="pascal"):
    result_code: int
    items: list[_Product] = []


class DingSupplier:
    """One merchant's account."""

    terms = TERMS

    def __init__(self, secrets: DingSecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.url = f"{api_base or API}/api/V1/"
        self.http = http

    def send(self, charge: Charge) -> Said:
        """`worth` is what Ding is to send; without it the product must have one value."""
        try:
            request = self._request(charge)
        except RequestInvalid:
            return Said(Meaning.REFUSED, "send_value")
        except (SupplierUnavailable, SupplierAnswerInvalid) as error:  # of what it costs
            return Said(Meaning.NOT_SENT, error.slug)
        return answer_to_order(lambda: self._said(self._sent(request), charge))

    def ask(self, charge: Charge) -> Said:
        return answer_to_question(lambda: self._listed(charge))

    def balance(self) -> Money:
        found: _Balance = decoded(self._asked("GetBalance"), _Balance)
        if found.result_code != SUCCESS:
            raise SupplierAnswerInvalid(f"GetBalance answered {found.result_code}")
        return minor_of(found.balance, found.currency_iso, ROUND_FLOOR)

    def quote(self, sku: str) -> Quote:
        """Of a product with a range of values, the least."""
        product = self._product(sku)
        if product is None:
            raise SupplierAnswerInvalid("no such product")
        least = product.minimum
        cost = least.send_value + least.distributor_fee
        return Quote(minor_of(cost, least.send_currency_iso, ROUND_CEILING), available=True)

    def check(self, charge: Charge) -> Refusal | None:
        try:
            request = self._request(charge)
        except RequestInvalid:
            return Refusal.GOOD
        answer = self._sent(request | {"ValidateOnly": True})
        if answer.result_code == SUCCESS:
            return None
        found = {
            CHECKED.get(f"{each.code}/{each.context}") or CHECKED.get(each.code)
            for each in answer.error_codes
        }
        [reason, *others] = found or {None}
        if reason is None or others:
            raise SupplierUnavailable(self._refusal(answer).code)
        return reason

    def read_callback(self, _raw: bytes, _headers: dict[str, str], _now_seconds: int) -> str:
        raise SignatureMissing("Ding's callbacks prove nothing, and none was asked for")

    def _request(self, charge: Charge) -> dict[str, Any]:
        """Raises RequestInvalid, SupplierUnavailable, SupplierAnswerInvalid."""
        if charge.worth is None:
            product = self._product(charge.sku)
            if product is None or product.minimum != product.maximum:
                raise RequestInvalid("nothing tells what is to be sent")
            value, currency = product.minimum.send_value, product.minimum.send_currency_iso
        else:
            currency = charge.worth.currency
            value = Decimal(charge.worth.amount_minor).scaleb(-minor_digits(currency))
        account = next(filter(None, map(charge.filled.get, ACCOUNTS)), NO_ACCOUNT)
        filled = {name: charge.filled.get(ours) for name, ours in self.secrets.settings.items()}
        return {
            "SkuCode": charge.sku,
            "SendValue": value,
            "SendCurrencyIso": currency,
            "AccountNumber": account.removeprefix("+"),
            "DistributorRef": charge.reference,
            "ValidateOnly": False,
            "Settings": [{"Name": name, "Value": value} for name, value in filled.items() if value],
        }

    def _sent(self, request: dict[str, Any]) -> _Answer:
        answer: _Answer = decoded(self._asked("SendTransfer", request), _Answer)
        return answer

    def _listed(self, charge: Charge) -> Said:
        request = {"DistributorRef": charge.reference, "Take": TAKEN_AT_ONCE}
        listed: _Listed = decoded(self._asked("ListTransferRecords", request), _Listed)
        if listed.result_code != SUCCESS:
            return Said(Meaning.UNCLEAR, f"result {listed.result_code}")
        if not listed.items:
            return Said(Meaning.NOT_FOUND, "no items")
        found = [self._said(each, charge) for each in listed.items]
        return min(found, key=lambda said: _rank(said.meaning))

    def _said(self, answer: _Answer, charge: Charge) -> Said:
        """By the transfer's state; by the codes where there is none or it is no success."""
        record = answer.transfer_record
        if record is None or record.processing_state is None:
            return self._refusal(answer)
        state = record.processing_state
        meaning = self.terms.meaning(state)
        failed = meaning in (Meaning.FAILED, Meaning.REVERSED)
        if answer.result_code != SUCCESS and not failed:
            return Said(Meaning.UNCLEAR, state)
        if record.transfer_id is None:
            return self._refusal(answer) if failed else Said(Meaning.UNCLEAR, state)
        if record.transfer_id.distributor_ref != charge.reference:
            raise SupplierAnswerInvalid("it is about another transfer")
        receipt = (record.receipt_params or {}).get("providerRef") or ""
        return Said(meaning, state, record.transfer_id.transfer_ref or "", receipt)

    def _refusal(self, answer: _Answer) -> Said:
        """All the codes of one answer must mean the same."""
        if answer.result_code == SUCCESS or not answer.error_codes:
            return Said(Meaning.UNCLEAR, f"result {answer.result_code}")
        codes = [f"{each.code}/{each.context}" for each in answer.error_codes]
        meanings = {self._meaning(each) for each in answer.error_codes}
        meaning = meanings.pop() if len(meanings) == 1 else Meaning.UNCLEAR
        return Said(meaning, " ".join(codes).replace("/None", "")[:200])

    def _meaning(self, error: _Error) -> Meaning:
        known = self.terms.meanings.get(f"{error.code}/{error.context}")
        return known or self.terms.meaning(error.code)

    def _product(self, sku: str) -> _Product | None:
        content = self._asked(f"GetProducts?skuCodes={quoted(sku, safe='')}")
        found: _Products = decoded(content, _Products)
        if found.result_code != SUCCESS:
            raise SupplierAnswerInvalid(f"GetProducts answered {found.result_code}")
        return _named(found.items, sku)

    def _asked(self, method: str, request: dict[str, Any] | None = None) -> bytes:
        """Its codes count whatever the status is."""
        headers = {"api_key": self.secrets.api_key, "Accept": "application/json"}
        if request is None:
            return exchange(self.http, "GET", self.url + method, headers).content
        headers["Content-Type"] = "application/json"
        body = ENCODER.encode(request)
        return exchange(self.http, "POST", self.url + method, headers, body).content


ENCODER = msgspec.json.Encoder(decimal_format="number")


def _named(products: Iterable[_Product], sku: str) -> _Product | None:
    return next((each for each in products if each.sku_code == sku), None)


def _rank(meaning: Meaning) -> int:
    return STRONGEST.index(meaning) if meaning in STRONGEST else len(STRONGEST)


SECRETS, SUPPLIER = DingSecrets, DingSupplier
