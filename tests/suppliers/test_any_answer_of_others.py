"""Whatever these suppliers answer has a meaning or is no answer: nothing of it is a bug of ours."""

import json
from types import ModuleType
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session
from hypothesis import given
from hypothesis import strategies as st

from scrip.adapters.http import HttpAnswer
from scrip.adapters.suppliers import dtone, reloadly_api, reloadly_cards, tango
from scrip.adapters.suppliers.port import Supplier
from scrip.domain.charge import Charge
from scrip.domain.errors import (
    RequestInvalid,
    RequestMalformed,
    SignatureInvalid,
    SignatureMissing,
    SupplierAnswerInvalid,
    SupplierUnavailable,
)
from scrip.domain.goods import Kind
from scrip.domain.money import Money
from scrip.domain.supplier_terms import Meaning
from tests.suppliers import dtone_asking, reloadly_asking
from tests.suppliers.dtone import product
from tests.suppliers.reloadly import CLIENT_ID, CLIENT_SECRET
from tests.suppliers.tango import ACCOUNT, CUSTOMER, KEY, PLATFORM, item
from tests.suppliers.test_any_answer import near

HTTP = URLLib3Session()
STATUSES = st.sampled_from([200, 201, 202, 204, 302, 400, 401, 402, 404, 409, 422, 429, 500, 503])
CODES = [
    {"errorCode": "INVALID_AMOUNT", "errors": [{"code": 1008004}, {"code": 1006001}]},
    {"errorCode": None, "errors": []},
]
TOP_UP = {"transactionId": 7, "status": "SUCCESSFUL", "customIdentifier": "R1"}
OPERATOR = {
    "operatorId": 341,
    "senderCurrencyCode": "USD",
    "fx": {"rate": 3},
    "localMinAmount": 1,
    "localMaxAmount": 99,
    "localFixedAmounts": [10],
}
TRANSACTION = {
    "id": 7,
    "external_id": "R1",
    "status": {"message": "COMPLETED", "class": {"message": "COMPLETED"}},
}
BALANCES = [{"unit_type": "CURRENCY", "unit": "USD", "available": 1.5}]
REWARD = {
    "referenceOrderID": "RA1",
    "externalRefID": "R1",
    "utid": "U1",
    "accountIdentifier": ACCOUNT,
    "status": "COMPLETE",
}
CATALOG = {"brands": [{"items": [item("U1", minValue=1, maxValue=99, faceValue=10)]}]}

RELOADLYS = (
    near(TOP_UP)
    | near({"content": [TOP_UP]})
    | near({"status": "SUCCESSFUL", "transaction": TOP_UP})
    | near({"balance": 1.5, "currencyCode": "USD"})
    | near(OPERATOR)
)
DTONES = near(TRANSACTION) | near([TRANSACTION]) | near(BALANCES) | near(product(10, {"min": 1.5}))
TANGOS = (
    near(REWARD)
    | near({"orders": [REWARD]})
    | near({"currentBalance": 1.5, "currencyCode": "USD"})
    | near(CATALOG)
)
CARDS = near(TOP_UP | {"cardNumber": 1, "pinCode": "2", "redemptionUrl": "3"}) | near(
    {"productId": 120, "senderCurrencyCode": "USD", "fixedRecipientDenominations": [25]}
)
REWARDS = near(REWARD | {"reward": {"credentialList": [{"type": "pin", "value": "1"}]}})
FAILURES = near(CODES[0]) | near(CODES[1])


def asked(
    supplier: Supplier,
    module: ModuleType,
    sku: str,
    status: int,
    content: bytes,
    kind: Kind = Kind.TOP_UP,
) -> None:
    charge = Charge("R1", sku, {"phone": "1"}, Money(1, "EUR"), ref="7", kind=kind)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "exchange", lambda *_: HttpAnswer(status, {}, content))
        sent, found = supplier.send(charge), supplier.ask(charge)
        assert found.meaning not in (Meaning.REFUSED, Meaning.NOT_SENT)
        assert sent.meaning is not Meaning.NOT_FOUND
        if status >= 300:
            assert sent.meaning in (Meaning.REFUSED, Meaning.UNCLEAR, Meaning.NOT_SENT)
        for figure in (supplier.balance, lambda: supplier.quote(sku)):
            try:
                figure()
            except (SupplierUnavailable, SupplierAnswerInvalid):
                continue


def encoded(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@given(status=STATUSES, answer=RELOADLYS | FAILURES | st.binary(max_size=20))
def test_of_reloadly(status: int, answer: Any) -> None:
    supplier = reloadly_asking.made("")
    asked(supplier, reloadly_api, "NG:341:10:local", status, encoded(answer))


@given(status=STATUSES, answer=DTONES | FAILURES | st.binary(max_size=20))
def test_of_dt_one(status: int, answer: Any) -> None:
    asked(dtone_asking.made(""), dtone, "10", status, encoded(answer))


@given(status=STATUSES, answer=TANGOS | st.binary(max_size=20))
def test_of_tango(status: int, answer: Any) -> None:
    supplier = tango.SUPPLIER(tango.SECRETS(PLATFORM, KEY, CUSTOMER, ACCOUNT), "", HTTP)
    asked(supplier, tango, "U1:10", status, encoded(answer))


@given(status=STATUSES, answer=CARDS | FAILURES | st.binary(max_size=20))
def test_of_reloadly_cards(status: int, answer: Any) -> None:
    secrets = reloadly_cards.SECRETS(CLIENT_ID, CLIENT_SECRET, sender_name="Shop")
    supplier = reloadly_cards.SUPPLIER(secrets, "", HTTP)
    supplier.tokens.keep(supplier._account, "t", 86_400)
    asked(supplier, reloadly_api, "120:25", status, encoded(answer), Kind.BOUGHT_CODE)


@given(status=STATUSES, answer=REWARDS | st.binary(max_size=20))
def test_of_codes_of_tango(status: int, answer: Any) -> None:
    supplier = tango.SUPPLIER(tango.SECRETS(PLATFORM, KEY, CUSTOMER, ACCOUNT), "", HTTP)
    asked(supplier, tango, "U1:10", status, encoded(answer), Kind.BOUGHT_CODE)


@given(raw=st.binary(max_size=60) | RELOADLYS.map(encoded), header=st.text(max_size=9))
def test_of_callbacks(raw: bytes, header: str) -> None:
    headers = {reloadly_api.SIGNATURE: header, reloadly_api.SIGNED_AT: header}
    with pytest.raises((RequestInvalid, RequestMalformed, SignatureInvalid, SignatureMissing)):
        reloadly_asking.made("").read_callback(raw, headers, 0)
    try:
        assert dtone_asking.made("").read_callback(raw, {}, 0)
    except (RequestInvalid, RequestMalformed):
        return
