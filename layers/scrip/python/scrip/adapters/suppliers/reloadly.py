"""Reloadly, airtime API: phones around the world.

Sources: docs.reloadly.com/airtime (topups-async, top-up-status, transactions, operators, balance,
error codes), /webhooks. What its users measured where the pages say less (2026): a reference that
is used a second time is refused with CUSTOM_IDENTIFIER_ALREADY_USED, but two requests at the same
time are both done; what was refused leaves no record; the search by reference ignores case.

Not documented: whether the report tells of top-ups that are still processed, so one that is missing
is believed to be only after hours; whether what was successful may be refunded, which is heard if
it is; what a discount takes off, so a quote is without. A phone that was recharged two minutes ago
is refused, and so is the second of two that were sent by mistake: that is no refusal of the first.

Top-ups that answer a PIN are secrets, and no place here is made for them.
"""

import hmac
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote as quoted
from urllib.parse import urlencode

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.http import HttpAnswer
from scrip.adapters.suppliers.http import (
    UNREADABLE,
    NothingHeard,
    answer_to_order,
    answer_to_question,
    decoded,
    exchange,
    in_service,
    minor_of,
)
from scrip.adapters.tokens import Tokens
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.errors import (
    RequestInvalid,
    RequestMalformed,
    SignatureInvalid,
    SignatureMissing,
    SupplierAnswerInvalid,
)
from scrip.domain.money import Money
from scrip.domain.supplier_terms import HOUR_MS, Meaning, Resend, Terms

SUPPLIER_NAME = "reloadly"
SIGNATURE, SIGNED_AT = "x-reloadly-signature", "x-reloadly-request-timestamp"
SIGNATURE_HEADERS = (SIGNATURE, SIGNED_AT)
ACKNOWLEDGED = Acknowledgement(200, "text/plain", b"")

AUTH = "https://auth.reloadly.com"
LIVE, SANDBOX = "https://topups.reloadly.com", "https://topups-sandbox.reloadly.com"
ACCEPT = "application/com.reloadly.topups-v1+json"

REFUSED = (
    *("INVALID_TOKEN", "TOKEN_EXPIRED", "ACCOUNT_NOT_FOUND", "INACTIVE_ACCOUNT"),
    *("INSUFFICIENT_BALANCE", "MAX_DAILY_TRANSACTION_AMOUNT_REACHED"),
    *("MAX_DAILY_TRANSACTION_COUNT_REACHED", "COUNTRY_NOT_SUPPORTED"),
    *("OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", "OPERATOR_NOT_IN_SERVICE"),
    *("COULD_NOT_AUTO_DETECT_OPERATOR", "INVALID_AMOUNT", "INVALID_AMOUNT_FOR_OPERATOR"),
    *("INVALID_RECIPIENT_PHONE", "INVALID_SENDER_PHONE", "INVALID_PHONE_NUMBER"),
)
"""Not here: CUSTOM_IDENTIFIER_ALREADY_USED, PHONE_RECENTLY_RECHARGED (perhaps by this very order),
TOPUP_TRANSACTION_FAILED, TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT."""

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

Secret = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{8,200}\Z")]


class ReloadlySecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`client_id` and `client_secret`: of the dashboard's API settings, which has others for its
    sandbox. `webhook_secret`: of the webhook, where there is one."""

    client_id: Secret
    client_secret: Secret
    sandbox: bool = False
    webhook_secret: Secret | None = None

    def __repr__(self) -> str:
        return "ReloadlySecrets(...)"


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


class _Failure(msgspec.Struct, frozen=True, rename="camel"):
    error_code: str | None = None


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


class _Balance(msgspec.Struct, frozen=True, rename="camel"):
    balance: Decimal
    currency_code: str


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


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    custom_identifier: str | None = None


class _Event(msgspec.Struct, frozen=True):
    data: _Data


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


class ReloadlySupplier:
    """One merchant's account, live or in the sandbox."""

    terms = TERMS
    tokens = Tokens()
    """Of every account of this process: what reads a merchant's secrets forgets them sooner."""

    def __init__(self, secrets: ReloadlySecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.audience = SANDBOX if secrets.sandbox else LIVE
        self.url = api_base or self.audience
        self.auth = api_base or AUTH
        self.http = http

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

    def balance(self) -> Money:
        found = self._read("/accounts/balance", _Balance)
        # What was borrowed is not there to spend.
        return minor_of(max(found.balance, Decimal(0)), found.currency_code, ROUND_FLOOR)

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

    def read_callback(self, raw: bytes, headers: dict[str, str], _now_seconds: int) -> str:
        """Its age is not looked at: one that is told again only has us ask again."""
        given, signed_at = headers.get(SIGNATURE), headers.get(SIGNED_AT)
        if not given or not signed_at:
            raise SignatureMissing(f"{SIGNATURE} and {SIGNED_AT} are needed")
        secret = self.secrets.webhook_secret
        if secret is None:
            raise SignatureInvalid("there is no secret to know it by")
        own = hmac.digest(secret.encode(), raw + b":" + signed_at.encode(), "sha256").hex()
        if not hmac.compare_digest(given.encode(), own.encode()):
            raise SignatureInvalid("the signature does not fit")
        try:
            reference = msgspec.json.decode(raw, type=_Event).data.custom_identifier
        except msgspec.ValidationError as error:
            raise RequestInvalid("no event of Reloadly's") from error
        except UNREADABLE as error:
            raise RequestMalformed("the callback is not valid JSON") from error
        if not reference:
            raise RequestInvalid("no customIdentifier")
        return reference

    def _sent(self, request: dict[str, Any]) -> Said:
        answer = self._asked("POST", "/topups-async", msgspec.json.encode(request))
        if answer.status != 200:
            return self._refusal(answer)
        taken: _Taken = decoded(answer.content, _Taken)
        return Said(Meaning.TAKEN, "taken", str(taken.transaction_id))

    def _refusal(self, answer: HttpAnswer) -> Said:
        """Its code counts only with the status of a refusal."""
        code = decoded(answer.content, _Failure).error_code or f"status {answer.status}"
        refused = answer.status >= 400 and self.terms.meaning(code) is Meaning.REFUSED
        return Said(Meaning.REFUSED if refused else Meaning.UNCLEAR, code[:100])

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

    def _read(self, path: str, shape: Any) -> Any:
        """Raises SupplierUnavailable, SupplierAnswerInvalid."""
        answer = self._asked("GET", path)
        if answer.status != 200:
            raise SupplierAnswerInvalid(f"status {answer.status}")
        return decoded(answer.content, shape)

    def _asked(self, method: str, path: str, body: bytes = b"") -> HttpAnswer:
        """A token may be revoked before its time: what it was refused for was not looked at."""
        answer = self._asked_as(self._token(), method, path, body)
        if answer.status == 401:
            self.tokens.forget(self._account)
            answer = self._asked_as(self._token(), method, path, body)
        return answer

    def _asked_as(self, token: str, method: str, path: str, body: bytes) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {token}", "Accept": ACCEPT}
        if body:
            headers["Content-Type"] = "application/json"
        return in_service(exchange(self.http, method, self.url + path, headers, body))

    @property
    def _account(self) -> tuple[str, str, str]:
        return self.auth, self.audience, self.secrets.client_id

    def _token(self) -> str:
        """Raises NothingHeard: without a token nothing of an order leaves."""
        kept = self.tokens.get(self._account)
        if kept:
            return kept
        body = {
            "client_id": self.secrets.client_id,
            "client_secret": self.secrets.client_secret,
            "grant_type": "client_credentials",
            "audience": self.audience,
        }
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            answer = exchange(
                self.http, "POST", f"{self.auth}/oauth/token", headers, msgspec.json.encode(body)
            )
            if answer.status != 200:
                raise SupplierAnswerInvalid(f"status {answer.status}")
            token: _Token = decoded(answer.content, _Token)
        except (NothingHeard, SupplierAnswerInvalid) as error:
            raise NothingHeard(f"no token: {error}", sent=False) from error
        self.tokens.keep(self._account, token.access_token, token.expires_in)
        return token.access_token


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
