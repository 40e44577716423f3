"""Whatever a supplier answers has a meaning or is no answer: nothing of it is a bug of ours."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session
from hypothesis import event, given
from hypothesis import strategies as st

from scrip.adapters.http import HttpAnswer
from scrip.adapters.suppliers import configured, ding, fulu
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
from scrip.domain.money import Money
from scrip.domain.supplier_terms import Meaning
from tests.suppliers.configured_making import settings
from tests.suppliers.ding import API_KEY
from tests.suppliers.fulu import APP_KEY, SECRET, signature

CHARGE = Charge("R1", "10", {"phone": "1"}, Money(1, "EUR"))
HTTP = URLLib3Session()
NONE = (RequestInvalid, RequestMalformed, SignatureInvalid, SignatureMissing)

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["R1", "Complete", "success", "0", "2", "EUR", "10", "1e400", "上架"])
    | st.sampled_from([0, 1, 2, 5, 1e300])
)


def places(told: Any) -> list[tuple[Any, Any]]:
    """Each thing that holds others, with each name or number that it holds one by."""
    if not isinstance(told, dict | list):
        return []
    names = list(told) if isinstance(told, dict) else list(range(len(told)))
    here = [(told, name) for name in names]
    return here + [place for name in names for place in places(told[name])]


@st.composite
def near(draw: st.DrawFn, valid: Any) -> Any:
    """Answers like a valid one, with a thing or two left out or something else."""
    told = deepcopy(valid)
    for _ in range(draw(st.integers(0, 2))):
        found = places(told)
        if not found:
            break
        holder, name = draw(st.sampled_from(found))
        if draw(st.booleans()):
            del holder[name]
        else:
            holder[name] = draw(LEAVES)
    return told


PRICE = {"SendValue": 1.5, "SendCurrencyIso": "EUR", "DistributorFee": 0.1}
RECORD = {
    "TransferId": {"DistributorRef": "R1", "TransferRef": "7"},
    "ProcessingState": "Complete",
    "ReceiptParams": {"providerRef": "8"},
}
ERRORS = [{"Code": "InsufficientBalance", "Context": "x"}]
ENVELOPE = {"ResultCode": 1, "ErrorCodes": ERRORS, "TransferRecord": RECORD}
PRODUCT = {"SkuCode": "10", "Minimum": PRICE, "Maximum": PRICE}
DINGS = (
    near(ENVELOPE)
    | near({"ResultCode": 5, "ErrorCodes": ERRORS})
    | near({"ResultCode": 1, "ErrorCodes": ERRORS, "Items": [ENVELOPE]})
    | near({"ResultCode": 1, "Items": [PRODUCT]})
    | near({"ResultCode": 1, "Balance": 1.5, "CurrencyIso": "EUR"})
)
FULUS = (
    near({"customer_order_no": "R1", "order_state": "success", "order_id": "7"})
    | near({"balance": 1.5, "is_open": 1})
    | near(
        {"product_id": 10, "purchase_price": 1.5, "sales_status": "上架", "stock_status": "警报"}
    )
)
TOLD = {"status": 2, "out_trade_no": "R1", "order_id": 7, "serial": "8"}
CONFIGURED = near({"code": 0, "data": TOLD | {"price": "1.5", "sale": "on", "balance": 2}})


def asked(supplier: Supplier, content: bytes, patched: Any, module: Any) -> None:
    patched.setattr(module, "exchange", lambda *_: HttpAnswer(200, {}, content))
    sent, found = supplier.send(CHARGE), supplier.ask(CHARGE)
    event(f"{sent.meaning.value}, {found.meaning.value}")
    assert found.meaning not in (Meaning.REFUSED, Meaning.NOT_SENT)
    figures: tuple[Callable[[], object], ...] = (supplier.balance, lambda: supplier.quote("10"))
    for figure in figures:
        try:
            figure()
        except (SupplierUnavailable, SupplierAnswerInvalid):
            continue
        event("a figure")


@given(answer=DINGS)
def test_of_ding(answer: Any) -> None:
    supplier = ding.SUPPLIER(ding.SECRETS(API_KEY), "", HTTP)
    with pytest.MonkeyPatch.context() as patched:
        asked(supplier, json.dumps(answer).encode(), patched, ding)


@given(result=FULUS)
def test_of_fulu(result: Any) -> None:
    supplier = fulu.SUPPLIER(fulu.SECRETS(APP_KEY, SECRET), "", HTTP)
    text = json.dumps(result)
    told = {"code": 0, "result": text, "sign": signature(text)}
    with pytest.MonkeyPatch.context() as patched:
        asked(supplier, json.dumps(told).encode(), patched, fulu)


@given(answer=CONFIGURED | st.binary(max_size=20))
def test_of_one_by_settings(answer: Any) -> None:
    supplier = configured.SUPPLIER(settings(), "", HTTP)
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    with pytest.MonkeyPatch.context() as patched:
        asked(supplier, content, patched, configured)


@given(
    raw=st.binary(max_size=60)
    | FULUS.map(lambda told: json.dumps(told).encode())
    | st.text(alphabet="sign=out_trade&%é", max_size=30).map(str.encode),
    header=st.text(max_size=9),
)
def test_of_callbacks(raw: bytes, header: str) -> None:
    suppliers = (
        fulu.SUPPLIER(fulu.SECRETS(APP_KEY, SECRET), "", HTTP),
        configured.SUPPLIER(settings(), "", HTTP),
    )
    for supplier in suppliers:
        with pytest.raises(NONE):
            supplier.read_callback(raw, {"sign": header}, 0)
