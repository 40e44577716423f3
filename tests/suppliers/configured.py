"""A supplier that is as a merchant's settings say: it reads requests by them and answers by them.

Signatures are reckoned anew, with nothing of the adapter but the settings' shape.
"""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from scrip.adapters.suppliers.configured import terms_of
from scrip.adapters.suppliers.configured_settings import (
    Call,
    CallbackMap,
    ConfiguredSecrets,
    Signature,
)
from scrip.domain.supplier_terms import Terms
from tests.suppliers.book import Book, Duplicate, Missing, Order, OrderState, Refused, Taken, Why
from tests.suppliers.dialect import Ask, Asked, Balance, Callback, Found, Quote, Request, Send, Wire

UNLISTED = "made up"
STATES = {
    OrderState.PROCESSING: "taken",
    OrderState.DONE: "done",
    OrderState.FAILED: "failed",
    OrderState.REVERSED: "reversed",
}


class ConfiguredDialect:
    signs = False

    def __init__(self, settings: ConfiguredSecrets, account_field: str) -> None:
        self.settings = settings
        self.account_field = account_field

    @property
    def terms(self) -> Terms:
        return terms_of(self.settings)

    def read(self, request: Request) -> Asked | Refused | Wire:
        settings = self.settings
        calls = (settings.send, settings.ask, settings.balance, settings.quote)
        sent, call = next(
            (found, each)
            for each in calls
            if each and (each.method, each.path) == (request.method, request.path)
            for found in [_fields(each, request)]
            if set(found) - {settings.signature.field} == set(each.fields)
        )
        given = sent.pop(settings.signature.field or "", None)
        if settings.signature.header:
            given = request.headers[settings.signature.header.lower()]
        if given != signature(sent, request.body, settings.signature, settings.secret):
            return Refused(Why.BAD_SIGNATURE)
        named = {template: str(sent[name]) for name, template in call.fields.items()}
        if call is settings.send:
            return Send(named["{reference}"], named["{sku}"], sent[self.account_field])
        if call is settings.ask:
            return Ask(named["{reference}"])
        return Balance() if call is settings.balance else Quote(named["{sku}"])

    def write(self, asked: Asked | Refused, found: Found, book: Book, now_ms: int) -> Wire:
        settings, told, code = self.settings, dict[str, Any](), UNLISTED
        codes: dict[str, Any] = dict(
            settings.send.codes if isinstance(asked, Send) else settings.ask.codes
        )
        match found:
            case Taken(order, state):
                word = "taken" if isinstance(asked, Send) else STATES[state]
                code = _of(codes, "state", word)
                _put(told, settings.answers.state, _of(settings.states, word))
                _put(told, settings.answers.reference, order.reference)
                _put(told, settings.answers.ref, order.number)
                _put(told, settings.answers.receipt, f"S/{order.number}")
                secret = settings.answers.secret
                if secret and word == "done" and order.hands_over(now_ms):
                    _put(told, secret.code, order.code)
                    _put(told, secret.pin, order.pin)
            case Refused(why) if why is not Why.BAD_SIGNATURE:
                code = _of(codes, "refused")
            case Missing():
                code = _of(codes, "not_found")
            case Refused() | Duplicate():
                pass
            case None if isinstance(asked, Balance) and settings.balance:
                code = settings.balance.ok
                _put(told, settings.balance.amount, self._amount(book.balance()))
            case None if isinstance(asked, Quote) and settings.quote:
                cost = book.goods.get(asked.sku)
                code = UNLISTED if cost is None else settings.quote.ok
                _put(told, settings.quote.amount, self._amount(cost or 0))
                _put(told, settings.quote.available, (*settings.quote.available_words, None)[0])
        return self._wire(code, told)

    def _wire(self, code: str, told: dict[str, Any]) -> Wire:
        if self.settings.answers.code is None:
            return Wire(int(code) if code.isdecimal() else 409, json.dumps(told).encode())
        _put(told, self.settings.answers.code, int(code) if code.isdecimal() else code)
        return Wire(200, json.dumps(told).encode())

    def _amount(self, minor: int) -> int | str:
        return minor if self.settings.amounts == "minor" else f"{minor / 100:.2f}"

    def busy(self) -> Wire:
        return self._wire(_of(self.settings.send.codes, "too_fast"), {})

    def mistaken(self, wire: Wire) -> Wire:
        raise NotImplementedError

    def callback(self, order: Order, state: OrderState, now_ms: int) -> Callback | None:
        by = self.settings.callback
        if by is None:
            return None
        return sent_by_itself(by, self.settings.secret, order.reference, STATES[state])


def sent_by_itself(by: CallbackMap, secret: str, reference: str, state: str) -> Callback:
    told: dict[str, Any] = {"state": state, "note": ""}
    _put(told, by.reference, reference)
    encode = urlencode if by.content == "form" else json.dumps
    if by.signature.field:
        told[by.signature.field] = signature(told, b"", by.signature, secret)
        return Callback(encode(told).encode(), {})
    body = encode(told).encode()
    given = signature(told, body, by.signature, secret)
    return Callback(body, {(by.signature.header or "").lower(): given})


def signature(fields: dict[str, Any], body: bytes, by: Signature, secret: str) -> str:
    if by.over == "fields":
        names = sorted(name for name in fields if by.empty or fields[name] != "")
        body = "&".join(f"{name}={fields[name]}" for name in names).encode()
    if by.scheme == "md5":
        content = body + by.before_secret.encode() + secret.encode()
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    else:
        found = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return found.upper() if by.upper else found


def _fields(call: Call, request: Request) -> dict[str, Any]:
    if call.content == "json":
        told: dict[str, Any] = json.loads(request.body)
        return told
    text = request.query if call.content == "query" else request.body.decode()
    return dict(parse_qsl(text, keep_blank_values=True))


def _of(words: dict[str, Any], *wanted: str) -> str:
    """The first code that means one of these, the first wanted first."""
    for want in wanted:
        for code, word in words.items():
            if word == want:
                return code
    return UNLISTED


def _put(told: dict[str, Any], path: str | None, value: object) -> None:
    if path is None:
        return
    *parents, last = path.split(".")
    for name in parents:
        told = told.setdefault(name, {})
    told[last] = value
