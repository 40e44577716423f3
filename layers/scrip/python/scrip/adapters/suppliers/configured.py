"""Any supplier with signed requests and answers in JSON, described by its merchant's settings.

docs/suppliers.md says what the settings are. What they cannot say (a login first, XML, encrypted
fields, several orders in one call) needs a module of its own.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from secrets import token_hex
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.exact_json import DECODER
from scrip.adapters.suppliers.configured_settings import (
    BLANK,
    CALLBACK_HEADERS,
    FORM,
    MEANINGS,
    STATE,
    Call,
    ConfiguredSecrets,
    Figure,
)
from scrip.adapters.suppliers.configured_signing import fits, made, signed, text_of
from scrip.adapters.suppliers.http import (
    UNREADABLE,
    answer_to_order,
    answer_to_question,
    exchange,
    minor_of,
)
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.code import Code, code_told
from scrip.domain.errors import (
    RequestInvalid,
    RequestMalformed,
    SignatureInvalid,
    SignatureMissing,
    SupplierAnswerInvalid,
)
from scrip.domain.goods import Kind
from scrip.domain.money import Money, minor_digits
from scrip.domain.supplier_terms import Meaning, Terms

SIGNATURE_HEADERS = CALLBACK_HEADERS
ACKNOWLEDGED = Acknowledgement(200, "text/plain", b"success")
LONGEST_TEXT = 200


class Told(NamedTuple):
    """An answer: `code` as a text."""

    code: str
    content: object

    def at(self, path: str | None) -> object:
        """What lies there; None where nothing does."""
        return found_at(self.content, path) if path else None

    def text(self, path: str | None) -> str:
        return (text_of(self.at(path)) or "")[:LONGEST_TEXT]


class ConfiguredSupplier:
    """One merchant's account with a supplier of its own. `clock` in seconds; `nonce`: 32 letters
    and digits, never the same twice."""

    def __init__(
        self,
        secrets: ConfiguredSecrets,
        api_base: str,
        http: URLLib3Session,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: token_hex(16),
    ) -> None:
        self.secrets = secrets
        self.terms = terms_of(secrets)
        self.api = api_base or secrets.api
        self.http = http
        self.clock = clock
        self.nonce = nonce

    def send(self, charge: Charge) -> Said:
        call = self.secrets.send
        return answer_to_order(lambda: self._said(call, call.codes, charge))

    def ask(self, charge: Charge) -> Said:
        call = self.secrets.ask
        return answer_to_question(lambda: self._said(call, call.codes, charge))

    def balance(self) -> Money:
        told, call = self._figure(self.secrets.balance, Charge("", "", {}))
        return self._money(told.at(call.amount), ROUND_FLOOR)

    def quote(self, sku: str) -> Quote:
        told, call = self._figure(self.secrets.quote, Charge("", sku, {}))
        available = call.available is None or told.text(call.available) in call.available_words
        return Quote(self._money(told.at(call.amount), ROUND_CEILING), available)

    def read_callback(self, raw: bytes, headers: dict[str, str], _now_seconds: int) -> str:
        by = self.secrets.callback
        if by is None:
            raise SignatureMissing("no callback is expected of this supplier")
        told: dict[str, Any] = _form(raw) if by.content == "form" else _object(raw)
        sign = by.signature
        given = headers.get((sign.header or "").lower()) or told.get(sign.field or "")
        if not given or not isinstance(given, str):
            raise SignatureMissing("no signature")
        content = raw if sign.over == "body" else signed(told, sign)
        if not fits(given, content, sign, self.secrets.secret):
            raise SignatureInvalid("the signature does not fit")
        reference = found_at(told, by.reference)
        if not reference or not isinstance(reference, str):
            raise RequestInvalid("no reference")
        return reference

    def _said(self, call: Call, codes: Mapping[str, str], charge: Charge) -> Said:
        told, answers = self._asked(call, charge), self.secrets.answers
        word = codes.get(told.code)
        code = told.code[:LONGEST_TEXT]
        if word == STATE:
            code = told.text(answers.state)
            meaning = self.terms.meaning(code)
        else:
            meaning = MEANINGS[word] if word else Meaning.UNCLEAR
        told_of = told.at(answers.reference)
        if told_of is not None and text_of(told_of) != charge.reference:
            raise SupplierAnswerInvalid("it is about another order")
        ref, receipt = told.text(answers.ref), told.text(answers.receipt)
        wanted = meaning is Meaning.DONE and charge.kind is Kind.BOUGHT_CODE
        return Said(meaning, code, ref, receipt, secret=self._secret(told) if wanted else None)

    def _secret(self, told: Told) -> Code | None:
        paths = self.secrets.answers.secret
        if paths is None:
            return None
        parts = (paths.code, paths.pin, paths.url, paths.until)
        return code_told(*(text_of(told.at(each)) or "" for each in parts))

    def _figure(self, call: Figure | None, charge: Charge) -> tuple[Told, Figure]:
        if call is None:
            raise SupplierAnswerInvalid("this supplier has no such call")
        told = self._asked(call, charge)
        if told.code != call.ok:
            raise SupplierAnswerInvalid("it was not answered")
        return told, call

    def _asked(self, call: Call, charge: Charge) -> Told:
        """Raises NothingHeard, SupplierAnswerInvalid. A 5xx says nothing, whatever is in it."""
        url, headers, body = self._request(call, charge)
        answer = exchange(self.http, call.method, url, headers, body)
        if answer.status >= 500:
            raise SupplierAnswerInvalid(f"status {answer.status}")
        path = self.secrets.answers.code
        try:
            content = DECODER.decode(answer.content)
        except UNREADABLE:
            if path is not None:
                raise SupplierAnswerInvalid("it does not fit") from None
            content = None
        code = text_of(found_at(content, path)) if path else str(answer.status)
        return Told(code or "", content)

    def _request(self, call: Call, charge: Charge) -> tuple[str, dict[str, str], bytes]:
        """Its address, headers and body, signed."""
        sign, blanks = self.secrets.signature, self._blanks(charge)
        fields: dict[str, str | int] = {
            name: _filled(each, blanks) if isinstance(each, str) else each
            for name, each in call.fields.items()
        }
        headers = {"Accept": "application/json", "User-Agent": "Scrip", **self.secrets.headers}
        signature = made(signed(fields, sign), sign, self.secrets.secret)
        if sign.field:
            fields[sign.field] = signature
        url, body = self.api.rstrip("/") + call.path, b""
        if call.content == "query":
            url += "?" + urlencode(fields)
        elif call.content == "form":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(fields).encode()
        else:
            headers["Content-Type"] = "application/json"
            body = msgspec.json.encode(fields)
        if sign.over == "body":
            signature = made(body, sign, self.secrets.secret)
        if sign.header:
            headers[sign.header] = signature
        return url, headers, body

    def _blanks(self, charge: Charge) -> dict[str, str]:
        now, worth = self.clock(), charge.worth
        there = timezone(timedelta(hours=self.secrets.utc_offset_hours))
        return {
            "reference": charge.reference,
            "sku": charge.sku,
            "ref": charge.ref,
            "callback_url": charge.callback_url,
            "worth": _decimal(worth) if worth else "",
            "worth_minor": str(worth.amount_minor) if worth else "",
            "currency": worth.currency if worth else "",
            "seconds": str(int(now)),
            "milliseconds": str(int(now * 1000)),
            "time": datetime.fromtimestamp(now, there).strftime("%Y-%m-%d %H:%M:%S"),
            "nonce": self.nonce(),
            **{FORM + name: value for name, value in charge.filled.items()},
        }

    def _money(self, found: object, rounding: str) -> Money:
        if isinstance(found, bool) or not isinstance(found, int | str | Decimal):
            raise SupplierAnswerInvalid("no amount")
        currency = self.secrets.currency
        places = minor_digits(currency) if self.secrets.amounts == "decimal" else 0
        try:
            return minor_of(Decimal(found), currency, rounding, places)
        except InvalidOperation:
            raise SupplierAnswerInvalid("not an amount") from None


def terms_of(secrets: ConfiguredSecrets) -> Terms:
    return secrets.terms.terms(secrets.states, sells_codes=secrets.answers.secret is not None)


def found_at(content: object, path: str) -> object:
    """What lies at a path of names and places; None where nothing does."""
    at = content
    for name in path.split("."):
        if isinstance(at, list):
            at = at[int(name)] if name.isdecimal() and int(name) < len(at) else None
        else:
            at = at.get(name) if isinstance(at, dict) else None
    return at


def _filled(template: str, blanks: Mapping[str, str]) -> str:
    """What a form has no field for stays empty."""
    return BLANK.sub(lambda blank: blanks.get(blank[1], ""), template)


def _decimal(money: Money) -> str:
    return str(Decimal(money.amount_minor).scaleb(-minor_digits(money.currency)))


def _object(raw: bytes) -> dict[str, Any]:
    """Raises RequestMalformed, RequestInvalid."""
    try:
        told = DECODER.decode(raw)
    except UNREADABLE as error:
        raise RequestMalformed("the callback is not valid JSON") from error
    if not isinstance(told, dict):
        raise RequestInvalid("not an object")
    return told


def _form(raw: bytes) -> dict[str, Any]:
    """Raises RequestMalformed."""
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=100
        )
    except ValueError as error:
        raise RequestMalformed("the callback is not a form") from error
    return dict(pairs)


SECRETS, SUPPLIER = ConfiguredSecrets, ConfiguredSupplier
