"""Orders at DT One: against the simulator and against answers that no simulator would give."""

from collections.abc import Iterator
from typing import Any

import pytest

from scrip.adapters.suppliers import dtone as adapter
from scrip.adapters.suppliers.dtone import TERMS, DtoneSecrets, DtoneSupplier
from scrip.adapters.suppliers.port import Supplier
from scrip.domain.attempt import Attempt, AttemptState, Said
from scrip.domain.charge import Charge
from scrip.domain.errors import (
    SupplierAnswerInvalid,
)
from scrip.domain.money import Money
from scrip.domain.supplier_terms import DAY_MS, Meaning
from tests.adapters.test_gateway_http import answering, whole
from tests.suppliers.dtone import API_KEY, API_SECRET, DtoneDialect
from tests.suppliers.dtone_asking import (
    GOODS,
    REFERENCE,
    SECRETS,
    SKU,
    charge,
    heard,
    made,
    supplier,
)
from tests.suppliers.faults import Fate, Plan
from tests.suppliers.server import Simulator, simulated


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(DtoneDialect(TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(), currency="USD", goods=GOODS)
    return server


def sent(server: Simulator) -> dict[str, Any]:
    assert isinstance(server.dialect, DtoneDialect)
    return server.dialect.sent


def test_it_is_a_supplier(shop: Simulator) -> None:
    made: Supplier = supplier(shop)

    assert made.terms is TERMS
    assert DtoneSupplier(SECRETS, "", shop.http).url == adapter.LIVE
    preproduction = DtoneSecrets(API_KEY, API_SECRET, "USD", sandbox=True)
    assert DtoneSupplier(preproduction, "", shop.http).url == adapter.SANDBOX


def test_an_order_is_taken_done_and_may_be_reversed(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(takes_ms=20_000, reversed_ms=DAY_MS))

    taken = supplier(shop).send(charge())

    number = shop.book.orders[0].number
    assert taken == Said(Meaning.TAKEN, "CONFIRMED", number)
    assert supplier(shop).ask(charge(ref=number)) == Said(Meaning.TAKEN, "SUBMITTED", number)
    shop.now_ms += 20_000
    done = Said(Meaning.DONE, "COMPLETED", number, f"op-{number}")
    assert supplier(shop).ask(charge()) == done
    shop.now_ms += DAY_MS
    assert supplier(shop).ask(charge()) == Said(Meaning.REVERSED, "REVERSED", number)


def test_what_was_done_is_reversed_and_what_was_open_has_failed() -> None:
    reversed_ = Said(Meaning.REVERSED, "REVERSED")
    done = Attempt(REFERENCE, "dtone", 0, AttemptState.DONE, sends=1)
    taken = Attempt(REFERENCE, "dtone", 0, AttemptState.TAKEN, sends=1)

    assert TERMS.reversible
    assert done.told(reversed_, 1, TERMS).state is AttemptState.REVERSED
    assert taken.told(reversed_, 1, TERMS).state is AttemptState.FAILED


@pytest.mark.parametrize(
    ("filled", "party"),
    [
        ({"phone": "+6595123100"}, {"mobile_number": "+6595123100"}),
        ({"phone": "6595123100", "other": "x"}, {"mobile_number": "+6595123100"}),
        ({"mobile_number": "+1", "account": ""}, {"mobile_number": "+1"}),
        ({"account": 'A é😀"\\/', "account_qualifier": "Q"}, None),
        ({"account_number": "7"}, {"account_number": "7"}),
        ({"other": "x"}, {}),
    ],
)
def test_what_is_filled_in_arrives_as_it_is(
    shop: Simulator, filled: dict[str, str], party: dict[str, str] | None
) -> None:
    assert supplier(shop).send(charge(**filled)).meaning is Meaning.TAKEN

    told = {"account_number": filled.get("account", ""), "account_qualifier": "Q"}
    assert sent(shop)["credit_party_identifier"] == (told if party is None else party)
    assert "destination" not in sent(shop)
    assert "callback_url" not in sent(shop)


@pytest.mark.parametrize(
    ("worth", "amount"),
    [(Money(1050, "SGD"), 10.5), (Money(500, "JPY"), 500), (Money(1, "KWD"), 0.001)],
)
def test_a_worth_is_what_arrives(shop: Simulator, worth: Money, amount: float) -> None:
    asked = Charge(REFERENCE, SKU, {"phone": "+1"}, worth, callback_url="https://x.example/hook")

    supplier(shop).send(asked)

    assert sent(shop)["calculation_mode"] == "DESTINATION_AMOUNT"
    destination = {"unit_type": "CURRENCY", "unit": worth.currency, "amount": amount}
    assert sent(shop)["destination"] == destination
    assert sent(shop)["callback_url"] == "https://x.example/hook"


def test_goods_that_cannot_be_dt_ones_are_not_asked_for(shop: Simulator) -> None:
    for sku in ("", "0", "4001x", "-1", "1" * 10, "4001\n"):
        assert supplier(shop).send(charge(sku=sku)) == Said(Meaning.REFUSED, "sku")
        with pytest.raises(SupplierAnswerInvalid):
            supplier(shop).quote(sku)

    assert shop.requests == []


@pytest.mark.parametrize("finds_by_404", [True, False])
def test_a_refusal_ends_it(
    shop: Simulator, finds_by_404: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.dialect, "finds_by_404", finds_by_404)

    assert supplier(shop).send(charge(sku="5")) == Said(Meaning.REFUSED, "1003001")
    assert supplier(shop).ask(charge(sku="5")).meaning is Meaning.NOT_FOUND
    assert shop.book.orders == []


def test_an_order_that_exists_is_not_refused(shop: Simulator) -> None:
    supplier(shop).send(charge())

    assert supplier(shop).send(charge()) == Said(Meaning.UNCLEAR, "1007001")


def test_other_keys_are_refused_and_a_question_of_theirs_says_nothing(shop: Simulator) -> None:
    other = DtoneSupplier(DtoneSecrets(API_KEY, "another-secret", "USD"), shop.base, shop.http)

    assert other.send(charge()) == Said(Meaning.REFUSED, "1000401")
    assert other.ask(charge()) == Said(Meaning.UNCLEAR, "1000401")


# --- answers


@pytest.mark.parametrize("code", adapter.REFUSED)
def test_documented_refusals(code: str) -> None:
    assert heard(400, errors(int(code))) == Said(Meaning.REFUSED, code)
    assert heard(300, errors(int(code))) == Said(Meaning.UNCLEAR, code)
    for number in (429, 500, 503):
        said = heard(number, errors(int(code)))
        assert (said.meaning, said.trouble) == (Meaning.UNCLEAR, True)
    assert heard(400, errors(int(code)), ask=True) == Said(Meaning.UNCLEAR, code)


@pytest.mark.parametrize("code", [0, 1000429, 1007001, 1008004, 1009001, 1009503, 1005007, 7])
def test_what_may_have_been_taken_is_unclear(code: int) -> None:
    assert heard(400, errors(code)) == Said(Meaning.UNCLEAR, str(code))


def test_several_errors_must_mean_the_same() -> None:
    assert heard(400, errors(1003002, 1006001)) == Said(Meaning.REFUSED, "1003002 1006001")
    assert heard(400, errors(1003002, 1007001)).meaning is Meaning.UNCLEAR
    assert heard(404, errors(1008004, 1000404), ask=True).meaning is Meaning.UNCLEAR
    assert heard(404, errors(1008004), ask=True) == Said(Meaning.NOT_FOUND, "1008004")
    assert heard(400, errors()).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize(
    ("kind", "status", "meaning"),
    [
        ("CREATED", "CREATED", Meaning.TAKEN),
        ("CONFIRMED", "CONFIRMED", Meaning.TAKEN),
        ("SUBMITTED", "SUBMITTED", Meaning.TAKEN),
        ("COMPLETED", "COMPLETED", Meaning.DONE),
        ("REJECTED", "REJECTED-INSUFFICIENT-BALANCE", Meaning.FAILED),
        ("CANCELLED", "CANCELLED", Meaning.FAILED),
        ("DECLINED", "DECLINED-DUPLICATED-TRANSACTION", Meaning.FAILED),
        ("REVERSED", "REVERSED", Meaning.REVERSED),
        ("COMPLETED-LATE", "COMPLETED", Meaning.UNCLEAR),
        ("completed", "COMPLETED", Meaning.UNCLEAR),
        ("1003002", "COMPLETED", Meaning.UNCLEAR),
        ("1008004", "COMPLETED", Meaning.UNCLEAR),
        ("", "COMPLETED", Meaning.UNCLEAR),
    ],
)
def test_classes(kind: str, status: str, meaning: Meaning) -> None:
    found = told(kind, status)

    assert heard(201, found) == Said(meaning, status, "7")
    assert heard(200, [found], ask=True) == Said(meaning, status, "7")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        None,
        {"id": 7, "external_id": REFERENCE},
        {"id": 7, "external_id": REFERENCE, "status": {"message": "COMPLETED"}},
        {"id": 7, "external_id": "other", "status": {"message": "x", "class": {"message": "x"}}},
        {"id": "7", "external_id": REFERENCE},
    ],
)
def test_an_order_that_is_not_told_or_another_is_unclear(answer: Any) -> None:
    assert heard(201, answer).meaning is Meaning.UNCLEAR
    assert heard(200, [answer], ask=True).meaning is Meaning.UNCLEAR


def test_only_what_was_created_is_taken_and_only_one_is_it() -> None:
    found = told("COMPLETED", "COMPLETED")

    assert heard(200, found).meaning is Meaning.UNCLEAR
    assert heard(200, [found, found], ask=True).meaning is Meaning.UNCLEAR
    assert heard(200, [found], ask=True, ref="8").meaning is Meaning.UNCLEAR
    another = found | {"external_id": "0123456789ABCDEF000002"}
    assert heard(200, [another], ask=True).meaning is Meaning.UNCLEAR
    assert heard(201, another).meaning is Meaning.UNCLEAR
    assert heard(200, [], ask=True) == Said(Meaning.NOT_FOUND, "missing")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"<p>", b"[" * 99_999])
def test_what_is_no_answer_of_dt_ones_is_unclear(content: bytes) -> None:
    with answering(whole(content)) as base:
        assert made(base).send(charge()).meaning is Meaning.UNCLEAR
    with answering(whole(content)) as base:
        assert made(base).ask(charge()).meaning is Meaning.UNCLEAR


def told(kind: str, status: str) -> dict[str, Any]:
    state = {"id": 1, "message": status, "class": {"id": 1, "message": kind}}
    return {"id": 7, "external_id": REFERENCE, "status": state, "pin": {"code": "SECRET"}}


def errors(*codes: int) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": "no"} for code in codes]}
