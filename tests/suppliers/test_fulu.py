"""Fulu's adapter against the simulator and against answers that no simulator would give."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers import fulu as adapter
from scrip.adapters.suppliers.fulu import TERMS, FuluSecrets, FuluSupplier
from scrip.adapters.suppliers.port import Supplier
from scrip.domain.attempt import Said
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
from scrip.domain.supplier_terms import HOUR_MS, Meaning
from tests.adapters.test_gateway_http import answering, whole
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.fulu import APP_KEY, SECRET, FuluDialect, signature
from tests.suppliers.server import Simulator, simulated

REFERENCE = "0123456789ABCDEF000001"
SKU = "10000001"
GOODS = {SKU: 2790, "10000002": 111}


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(FuluDialect(TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(), goods=GOODS)
    return server


def supplier(server: Simulator) -> FuluSupplier:
    secrets = FuluSecrets(APP_KEY, SECRET)
    return FuluSupplier(secrets, server.base, server.http, lambda: server.now_ms / 1000)


def charge(account: str = "888888", reference: str = REFERENCE, **filled: str) -> Charge:
    return Charge(reference, SKU, {"account": account, **filled})


def test_it_is_a_supplier(shop: Simulator) -> None:
    made: Supplier = supplier(shop)

    assert made.terms is TERMS


def test_an_order_is_taken_and_done_later(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(takes_ms=20_000))

    assert supplier(shop).send(charge()).meaning is Meaning.TAKEN
    assert supplier(shop).ask(charge()).meaning is Meaning.TAKEN
    shop.now_ms += 20_000
    said = supplier(shop).ask(charge())

    number = shop.book.orders[0].number
    assert said == Said(Meaning.DONE, "success", number, f"asix{number}")
    assert shop.book.charged(REFERENCE) == 1


def test_an_order_that_ends_at_once_is_asked_about_all_the_same(shop: Simulator) -> None:
    shop.plan.fates.append(Fate())

    assert supplier(shop).send(charge()).meaning is Meaning.TAKEN
    assert supplier(shop).ask(charge()).meaning is Meaning.DONE


@pytest.mark.parametrize(
    "account",
    ["玩家/一号", "emoji😀ok", 'quote"\\back', "é\n\t\x7f", "<&>'/", "\U00010001\uffee", "😀😁😀"],
)
def test_what_is_filled_in_arrives_as_it_is(shop: Simulator, account: str) -> None:
    said = supplier(shop).send(
        charge(account, game="三国群英传", region="电信一区", server="逐鹿中原")
    )

    assert said.meaning is Meaning.TAKEN
    assert shop.book.orders[0].account == account


def test_fields_have_our_names_or_fulus_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(FuluSupplier, "_taken", lambda *called: sent.append(called[-1]))

    made("").send(Charge(REFERENCE, SKU, {"phone": "1", "charge_type": "Q", "colour": "red"}))

    assert sent == [
        {
            "customer_order_no": REFERENCE,
            "product_id": int(SKU),
            "buy_num": 1,
            "charge_account": "1",
            "charge_type": "Q",
        }
    ]


def test_goods_that_cannot_be_fulus_are_not_asked_for(shop: Simulator) -> None:
    wrong = Charge(REFERENCE, "SKU1", {"account": "1"})

    assert supplier(shop).send(wrong) == Said(Meaning.REFUSED, "sku")
    with pytest.raises(SupplierAnswerInvalid):
        supplier(shop).quote("SKU1")
    assert shop.requests == []


def test_a_refusal_ends_it(shop: Simulator) -> None:
    assert supplier(shop).send(charge("00000")) == Said(Meaning.REFUSED, "4004")
    assert supplier(shop).ask(charge("00000")) == Said(Meaning.NOT_FOUND, "4011")
    assert shop.book.orders == []


def test_an_order_that_exists_is_not_refused(shop: Simulator) -> None:
    supplier(shop).send(charge())

    assert supplier(shop).send(charge()) == Said(Meaning.UNCLEAR, "4010")


def test_a_clock_that_is_late_is_told(shop: Simulator) -> None:
    made = supplier(shop)
    made.clock = lambda: shop.now_ms / 1000 - 700

    assert made.send(charge()) == Said(Meaning.REFUSED, "1004")
    assert made.ask(charge()) == Said(Meaning.UNCLEAR, "1004")


def test_another_secret_signs_nothing(shop: Simulator) -> None:
    made = supplier(shop)
    made.secrets = FuluSecrets(APP_KEY, "another secret.."[::-1].replace(" ", "-"))

    # Its answer does not fit our secret either.
    assert made.send(charge()).meaning is Meaning.UNCLEAR
    assert shop.book.orders == []


@pytest.mark.parametrize("code", [*range(999, 1021), *range(1999, 2005), *range(2999, 3010)])
def test_only_documented_codes_refuse(code: int) -> None:
    documented = str(code) in adapter.REFUSED

    assert said(code, "") == Said(Meaning.REFUSED if documented else Meaning.UNCLEAR, str(code))


@pytest.mark.parametrize("code", [-1, 4003, 4005, 4008, 4009, 4010, 4012, 5000, 200])
def test_what_may_have_been_taken_is_unclear(code: int) -> None:
    assert said(code, "").meaning is Meaning.UNCLEAR


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("untreated", Meaning.TAKEN),
        ("processing", Meaning.TAKEN),
        ("success", Meaning.DONE),
        ("failed", Meaning.FAILED),
        ("SUCCESS", Meaning.UNCLEAR),
        ("refunded", Meaning.UNCLEAR),
        ("0", Meaning.TAKEN),
        ("", Meaning.UNCLEAR),
    ],
)
def test_states(state: str, meaning: Meaning) -> None:
    assert said(0, order(order_state=state), ask=True).meaning is meaning
    assert said(0, order(order_state=state)) == Said(Meaning.TAKEN, "0", "1")


@pytest.mark.parametrize(
    "result",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"order_state": "success"}',
        '{"customer_order_no": "0123456789ABCDEF000002", "order_state": "success"}',
        '{"customer_order_no": 1, "order_state": "success"}',
    ],
)
def test_an_order_that_is_not_told_or_another_is_unclear(result: str) -> None:
    assert said(0, result).meaning is Meaning.UNCLEAR
    assert said(0, result, ask=True).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"code": "0"}', b"[" * 99_999])
def test_what_is_no_answer_of_fulus_is_unclear(content: bytes) -> None:
    assert heard(content).meaning is Meaning.UNCLEAR


def test_another_status_is_unclear_whatever_it_says() -> None:
    failed = answer(0, order(order_state="success")).replace(b"200 OK", b"500 No")
    with answering(failed) as base:
        assert made(base).ask(charge()).meaning is Meaning.UNCLEAR


def test_an_order_must_be_signed_and_a_refusal_with_words_too() -> None:
    told = {"code": 0, "message": "", "result": order(order_state="success")}

    assert heard(json.dumps(told).encode(), ask=True).meaning is Meaning.UNCLEAR
    assert heard(json.dumps({"code": 4004, "result": "x"}).encode()).meaning is Meaning.UNCLEAR
    assert heard(json.dumps({"code": 4004, "sign": "x"}).encode()).meaning is Meaning.UNCLEAR
    assert heard(json.dumps({"code": 4004}).encode()) == Said(Meaning.REFUSED, "4004")


def test_balance_and_quote(shop: Simulator) -> None:
    assert supplier(shop).balance() == Money(1_000_000_000, "CNY")
    quote = supplier(shop).quote("10000002")
    assert (quote.cost, quote.available) == (Money(111, "CNY"), True)

    with pytest.raises(SupplierAnswerInvalid, match="3001"):
        supplier(shop).quote("5")
    shop.plan.script.append(Fault.LOST)
    with pytest.raises(SupplierUnavailable):
        supplier(shop).balance()


@pytest.mark.parametrize(
    ("result", "cost", "available"),
    [
        ({"purchase_price": 27.9, "sales_status": "上架", "stock_status": "充足"}, 2790, True),
        ({"purchase_price": 1.0001, "sales_status": "上架", "stock_status": "警报"}, 101, True),
        ({"purchase_price": "1.1", "sales_status": "上架", "stock_status": "断货"}, 110, False),
        ({"purchase_price": 0, "sales_status": "维护中", "stock_status": "充足"}, 0, False),
        ({"purchase_price": 1}, 100, False),
    ],
)
def test_quotes(result: dict[str, Any], cost: int, available: bool) -> None:
    with answering(answer(0, json.dumps({"product_id": int(SKU), **result}))) as base:
        quote = made(base).quote(SKU)

    assert (quote.cost, quote.available) == (Money(cost, "CNY"), available)


@pytest.mark.parametrize(
    "result",
    [
        {"product_id": 5, "purchase_price": 1},
        {"product_id": int(SKU), "purchase_price": -1},
        {"product_id": int(SKU), "purchase_price": "NaN"},
        {"product_id": int(SKU), "purchase_price": "1e40"},
        {"product_id": int(SKU)},
    ],
)
def test_quotes_that_make_no_sense(result: dict[str, Any]) -> None:
    with answering(answer(0, json.dumps(result))) as base, pytest.raises(SupplierAnswerInvalid):
        made(base).quote(SKU)


def test_a_callback_names_its_order_and_proves_no_more(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(contradicted=True))
    supplier(shop).send(charge())

    (callback,) = shop.callbacks()

    assert json.loads(callback.body)["order_status"] == "failed"
    assert supplier(shop).read_callback(callback.body, callback.headers, 0) == REFERENCE
    assert supplier(shop).ask(charge()).meaning is Meaning.DONE


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"sign": None}, SignatureMissing),
        ({"sign": ""}, SignatureMissing),
        ({"sign": "é"}, SignatureInvalid),
        ({"order_status": "success!"}, SignatureInvalid),
        ({"buy_num": 1}, RequestInvalid),
    ],
)
def test_callbacks_that_do_not_fit(
    shop: Simulator, change: dict[str, Any], error: type[Exception]
) -> None:
    supplier(shop).send(charge())
    shop.now_ms += HOUR_MS
    told = json.loads(shop.callbacks()[0].body) | change

    with pytest.raises(error):
        supplier(shop).read_callback(json.dumps(told).encode(), {}, 0)


@pytest.mark.parametrize("raw", [b"", b"\xff", b"<html>"])
def test_callbacks_that_are_none(shop: Simulator, raw: bytes) -> None:
    with pytest.raises(RequestMalformed):
        supplier(shop).read_callback(raw, {}, 0)


def test_a_callback_without_an_order_is_none(shop: Simulator) -> None:
    raw = json.dumps({"sign": signature("{}")}).encode()

    with pytest.raises(RequestInvalid):
        supplier(shop).read_callback(raw, {}, 0)


@pytest.mark.parametrize(
    "secrets",
    [
        {"app_key": "k"},
        {"app_key": "", "app_secret": SECRET},
        {"app_key": "k", "app_secret": "short"},
        {"app_key": "k", "app_secret": SECRET + "\n"},
        {"app_key": "k", "app_secret": SECRET, "more": 1},
    ],
)
def test_half_of_the_secrets_cannot_be_set(secrets: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(secrets, type=adapter.SECRETS)
    assert SECRET not in repr(FuluSecrets("k", SECRET))


def made(base: str) -> FuluSupplier:
    return FuluSupplier(FuluSecrets(APP_KEY, SECRET), base, URLLib3Session(timeout=2))


def order(**fields: Any) -> str:
    return json.dumps({"customer_order_no": REFERENCE, "order_id": "1", **fields})


def answer(code: int, result: str) -> bytes:
    told = {"code": code, "message": "", "result": result, "sign": signature(result)}
    return whole(json.dumps(told).encode())


def said(code: int, result: str, *, ask: bool = False) -> Said:
    with answering(answer(code, result)) as base:
        return made(base).ask(charge()) if ask else made(base).send(charge())


def heard(content: bytes, *, ask: bool = False) -> Said:
    with answering(whole(content)) as base:
        return made(base).ask(charge()) if ask else made(base).send(charge())
