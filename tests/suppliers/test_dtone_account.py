"""An account with DT One: its balance, quotes, callbacks and keys."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from scrip.adapters.suppliers import dtone as adapter
from scrip.adapters.suppliers.dtone import TERMS, DtoneSecrets, DtoneSupplier
from scrip.domain.errors import (
    RequestInvalid,
    RequestMalformed,
    SupplierAnswerInvalid,
    SupplierUnavailable,
)
from scrip.domain.money import Money
from scrip.domain.supplier_terms import Meaning
from tests.adapters.test_gateway_http import answering
from tests.suppliers.dtone import API_KEY, API_SECRET, DtoneDialect, product
from tests.suppliers.dtone_asking import (
    GOODS,
    REFERENCE,
    SECRETS,
    SKU,
    charge,
    made,
    status,
    supplier,
)
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.server import Simulator, simulated


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(DtoneDialect(TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(), currency="USD", goods=GOODS)
    return server


def test_balance_and_quote(shop: Simulator) -> None:
    assert supplier(shop).balance() == Money(1_000_000_000, "USD")
    assert supplier(shop).quote("4002") == (Money(111, "USD"), True)

    with pytest.raises(SupplierAnswerInvalid, match="404"):
        supplier(shop).quote("5")
    sterling = DtoneSupplier(DtoneSecrets(API_KEY, API_SECRET, "GBP"), shop.base, shop.http)
    with pytest.raises(SupplierAnswerInvalid, match="currency"):
        sterling.balance()
    shop.plan.script.append(Fault.LOST)
    with pytest.raises(SupplierUnavailable):
        supplier(shop).balance()


@pytest.mark.parametrize(
    ("amount", "fee", "cost"),
    [(27.9, 0, 2790), (1.0001, 0, 101), (1, 0.5, 150), ({"min": 2.5, "max": 9}, 0.1, 260)],
)
def test_quotes(amount: Any, fee: float, cost: int) -> None:
    with answering(status(200, product(4001, amount, fee))) as base:
        assert made(base).quote(SKU) == (Money(cost, "USD"), True)


@pytest.mark.parametrize(
    "found",
    [
        product(4002, 1),
        product(4001, -1),
        product(4001, "NaN"),
        product(4001, None),
        product(4001, {"max": 1}),
        {"id": 4001},
    ],
)
def test_quotes_that_make_no_sense(found: dict[str, Any]) -> None:
    with answering(status(200, found)) as base, pytest.raises(SupplierAnswerInvalid):
        made(base).quote(SKU)


def test_a_debt_is_no_balance() -> None:
    owed = [{"id": 1, "unit_type": "CURRENCY", "unit": "USD", "available": -3.5}]
    with answering(status(200, owed)) as base:
        assert made(base).balance() == Money(0, "USD")


def test_a_callback_names_its_order_and_proves_no_more(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(contradicted=True))
    supplier(shop).send(charge())

    (callback,) = shop.callbacks()

    assert json.loads(callback.body)["status"]["class"]["message"] == "DECLINED"
    assert supplier(shop).read_callback(callback.body, callback.headers, 0) == REFERENCE
    assert supplier(shop).ask(charge()).meaning is Meaning.DONE


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", RequestMalformed),
        (b"<p>", RequestMalformed),
        (b"\xff", RequestMalformed),
        (b"{}", RequestInvalid),
        (b"[]", RequestInvalid),
        (b'{"external_id": ""}', RequestInvalid),
        (b'{"external_id": 1}', RequestInvalid),
        (json.dumps({"external_id": "x" * 41}).encode(), RequestInvalid),
    ],
)
def test_callbacks_that_are_none(shop: Simulator, raw: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        supplier(shop).read_callback(raw, {}, 0)


@pytest.mark.parametrize(
    "change",
    [{"api_key": "has:a:colon"}, {"api_secret": ""}, {"currency": "usd"}, {"more": 1}],
)
def test_secrets_that_cannot_be_set(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.structs.asdict(SECRETS) | change, type=adapter.SECRETS)
