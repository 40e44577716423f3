"""Orders at Reloadly: against the simulator and against answers that no simulator would give."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scrip.adapters.suppliers import reloadly as adapter
from scrip.adapters.suppliers.port import Supplier
from scrip.adapters.suppliers.reloadly import TERMS, ReloadlySupplier, Sku
from scrip.adapters.tokens import Tokens
from scrip.domain.attempt import Said
from scrip.domain.errors import (
    SupplierAnswerInvalid,
)
from scrip.domain.supplier_terms import Meaning
from tests.adapters.test_gateway_http import whole
from tests.suppliers.faults import Fate, Plan
from tests.suppliers.reloadly import (
    ReloadlyDialect,
)
from tests.suppliers.reloadly_asking import (
    GOODS,
    REFERENCE,
    charge,
    encoded,
    heard,
    status,
    supplier,
)
from tests.suppliers.server import Simulator, simulated


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(ReloadlyDialect(TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(), currency="USD", goods=GOODS)
    return server


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> Tokens:
    kept = Tokens()
    monkeypatch.setattr(ReloadlySupplier, "tokens", kept)
    return kept


def test_it_is_a_supplier(shop: Simulator) -> None:
    made: Supplier = supplier(shop)

    assert made.terms is TERMS


def test_an_order_is_taken_and_done_later(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(takes_ms=20_000))

    taken = supplier(shop).send(charge())

    number = shop.book.orders[0].number
    assert taken == Said(Meaning.TAKEN, "taken", number)
    assert supplier(shop).ask(charge(ref=number)) == Said(Meaning.TAKEN, "PROCESSING", number)
    assert supplier(shop).ask(charge()) == Said(Meaning.TAKEN, "PROCESSING", number)
    shop.now_ms += 20_000
    done = Said(Meaning.DONE, "SUCCESSFUL", number, f"op-{number}")
    assert supplier(shop).ask(charge(ref=number)) == done
    assert supplier(shop).ask(charge()) == done
    assert shop.book.charged(REFERENCE) == 1


@pytest.mark.parametrize("phone", ["+2348147658721", "08147658721", "٠٨١٤٧", 'a"b\\c/é😀\n'])
def test_a_phone_arrives_as_it_is_but_for_its_plus(shop: Simulator, phone: str) -> None:
    assert supplier(shop).send(charge(phone)).meaning is Meaning.TAKEN

    assert shop.book.orders[0].account == phone.removeprefix("+")


def test_goods_that_cannot_be_reloadlys_are_not_asked_for(shop: Simulator) -> None:
    for sku in ("341", "ng:341:10", "NG:341:", "NG:341:1e3", "NG:341:10:loc", "NG:341:10\n", ""):
        assert supplier(shop).send(charge(sku=sku)) == Said(Meaning.REFUSED, "sku")
        with pytest.raises(SupplierAnswerInvalid):
            supplier(shop).quote(sku)

    assert shop.requests == []
    assert Sku.read("NG:341:500:local") == Sku("NG", 341, "500", local=True)


def test_a_refusal_ends_it_and_leaves_no_record(shop: Simulator) -> None:
    shop.book.bad_accounts.add("1")

    assert supplier(shop).send(charge("1")) == Said(Meaning.REFUSED, "INVALID_RECIPIENT_PHONE")
    assert supplier(shop).ask(charge()) == Said(Meaning.NOT_FOUND, "missing")
    assert shop.book.orders == []


def test_an_order_that_exists_is_not_refused(shop: Simulator) -> None:
    supplier(shop).send(charge())

    again = Said(Meaning.UNCLEAR, "CUSTOM_IDENTIFIER_ALREADY_USED")
    assert supplier(shop).send(charge()) == again


@pytest.mark.parametrize("code", adapter.REFUSED)
def test_documented_refusals(code: str) -> None:
    refusal = json.dumps({"errorCode": code}).encode()

    assert heard(status(400, refusal)) == Said(Meaning.REFUSED, code)
    assert heard(status(300, refusal)) == Said(Meaning.UNCLEAR, code)
    for number in (429, 500, 503):
        said = heard(status(number, refusal))
        assert (said.meaning, said.trouble) == (Meaning.UNCLEAR, True)
    assert heard(status(404, refusal), ask=True).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize(
    "code",
    [
        "CUSTOM_IDENTIFIER_ALREADY_USED",
        "PHONE_RECENTLY_RECHARGED",
        "TOPUP_TRANSACTION_FAILED",
        "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT",
        "taken",
        "SUCCESSFUL",
        "FAILED",
        "missing",
        "invalid_amount",
        "",
        None,
    ],
)
def test_what_may_have_been_taken_is_unclear(code: str | None) -> None:
    refusal = json.dumps({"errorCode": code}).encode()

    assert heard(status(400, refusal)).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"transactionId": "x"}', b"<p>"])
def test_what_is_no_answer_of_reloadlys_is_unclear(content: bytes) -> None:
    assert heard(whole(content)).meaning is Meaning.UNCLEAR
    assert heard(whole(content), ask=True).meaning is Meaning.UNCLEAR
    assert heard(whole(content), ask=True, ref="7").meaning is Meaning.UNCLEAR


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("PROCESSING", Meaning.TAKEN),
        ("SUCCESSFUL", Meaning.DONE),
        ("FAILED", Meaning.FAILED),
        ("REFUNDED", Meaning.REVERSED),
        ("PENDING", Meaning.UNCLEAR),
        ("successful", Meaning.UNCLEAR),
        ("INVALID_AMOUNT", Meaning.UNCLEAR),
        ("", Meaning.UNCLEAR),
    ],
)
def test_states(state: str, meaning: Meaning) -> None:
    listed = {"content": [top_up(state)]}
    told = {"status": state, "transaction": top_up(state)}

    assert heard(whole(encoded(listed)), ask=True).meaning is meaning
    assert heard(whole(encoded(told)), ask=True, ref="7").meaning is meaning
    early = heard(whole(encoded({"status": state, "transaction": None})), ask=True, ref="7")
    assert early.meaning is meaning


@pytest.mark.parametrize(
    "told",
    [
        {"content": [{"transactionId": 7, "status": "SUCCESSFUL", "customIdentifier": "other"}]},
        {"content": [{"transactionId": 7, "status": "SUCCESSFUL"}]},
        {
            "content": [{"transactionId": 7, "status": "SUCCESSFUL", "customIdentifier": REFERENCE}]
            * 2
        },
        {"content": None},
    ],
)
def test_a_report_of_others_or_of_several_is_unclear(told: dict[str, Any]) -> None:
    assert heard(whole(encoded(told)), ask=True).meaning is Meaning.UNCLEAR


def test_a_status_of_another_or_that_contradicts_itself_is_unclear() -> None:
    other = {"status": "SUCCESSFUL", "transaction": top_up("SUCCESSFUL") | {"transactionId": 8}}
    split = {"status": "SUCCESSFUL", "transaction": top_up("FAILED")}

    assert heard(whole(encoded(other)), ask=True, ref="7").meaning is Meaning.UNCLEAR
    assert heard(whole(encoded(split)), ask=True, ref="7").meaning is Meaning.UNCLEAR


def top_up(state: str) -> dict[str, Any]:
    return {"transactionId": 7, "status": state, "customIdentifier": REFERENCE}
