"""Tango's adapter against the simulator and against answers that no simulator would give."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers import tango as adapter
from scrip.adapters.suppliers.port import Supplier
from scrip.adapters.suppliers.tango import TERMS, TangoSecrets, TangoSupplier
from scrip.domain.attempt import AttemptState, Said
from scrip.domain.charge import Charge
from scrip.domain.errors import SignatureMissing, SupplierAnswerInvalid, SupplierUnavailable
from scrip.domain.money import Money
from scrip.domain.supplier_terms import DAY_MS, Meaning
from tests.adapters.test_gateway_http import answering, whole
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.running import run
from tests.suppliers.server import Simulator, simulated
from tests.suppliers.tango import ACCOUNT, CUSTOMER, KEY, PLATFORM, TangoDialect, item

REFERENCE = "0123456789ABCDEF000001"
SKU = "U123456:25"
GOODS = {SKU: 2500, "U123456:2.5": 250}
SECRETS = TangoSecrets(PLATFORM, KEY, CUSTOMER, ACCOUNT)


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(TangoDialect(TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(), currency="USD", goods=GOODS)
    return server


def supplier(server: Simulator) -> TangoSupplier:
    return TangoSupplier(SECRETS, server.base, server.http)


def charge(reference: str = REFERENCE, sku: str = SKU, **filled: str) -> Charge:
    return Charge(reference, sku, filled or {"email": "b@x.example", "first_name": "Bo"})


def sent(server: Simulator) -> dict[str, Any]:
    assert isinstance(server.dialect, TangoDialect)
    return server.dialect.sent


def test_it_is_a_supplier(shop: Simulator) -> None:
    made: Supplier = supplier(shop)

    assert made.terms is TERMS
    assert TangoSupplier(SECRETS, "", shop.http).url == adapter.LIVE
    integration = TangoSecrets(PLATFORM, KEY, CUSTOMER, ACCOUNT, sandbox=True)
    assert TangoSupplier(integration, "", shop.http).url == adapter.SANDBOX


def test_an_order_is_taken_and_done_later(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(takes_ms=20_000))

    taken = supplier(shop).send(charge())

    number = f"RA{shop.book.orders[0].number}"
    assert taken == Said(Meaning.TAKEN, "PENDING", number)
    assert supplier(shop).ask(charge()) == Said(Meaning.TAKEN, "PENDING", number)
    shop.now_ms += 20_000
    assert supplier(shop).ask(charge()) == Said(Meaning.DONE, "COMPLETE", number)


def test_what_is_sent_again_is_answered_as_it_was(shop: Simulator) -> None:
    shop.plan.fates.append(Fate())
    first = supplier(shop).send(charge())

    again = supplier(shop).send(charge())

    assert first == again
    assert first.meaning is Meaning.DONE
    assert len(shop.book.orders) == 1
    another = charge(sku="U999999:25")
    assert supplier(shop).send(another).meaning is Meaning.UNCLEAR


def test_an_order_that_never_came_is_sent_again(shop: Simulator) -> None:
    shop.plan.fates.append(Fate())
    shop.plan.script.append(Fault.BUSY)

    attempt = run(supplier(shop), shop, charge(), lambda: False)

    assert (attempt.state, attempt.sends) == (AttemptState.DONE, 2)
    assert shop.book.charged(REFERENCE) == 1


@pytest.mark.parametrize(
    ("filled", "method", "recipient"),
    [
        ({"email": "b@x", "phone": ""}, "EMAIL", {"email": "b@x"}),
        ({"phone": "+1", "other": "x"}, "PHONE", {"mobileNumber": "+1"}),
        (
            {"email": "é😀@x", "first_name": 'B"\\', "last_name": "Ø", "phone": "+1"},
            "EMAIL",
            {"email": "é😀@x", "firstName": 'B"\\', "lastName": "Ø", "mobileNumber": "+1"},
        ),
    ],
)
def test_it_goes_to_whom_the_buyer_said(
    shop: Simulator, filled: dict[str, str], method: str, recipient: dict[str, str]
) -> None:
    assert supplier(shop).send(charge(sku="U123456:2.5", **filled)).meaning is Meaning.TAKEN

    assert (sent(shop)["deliveryMethod"], sent(shop)["recipient"]) == (method, recipient)
    assert (sent(shop)["utid"], sent(shop)["amount"]) == ("U123456", 2.5)


def test_goods_that_cannot_be_tangos_are_not_asked_for(shop: Simulator) -> None:
    for sku in ("", "U123456", "u123456:5", "U123456:", "U1:1e3", "U1:-1", "U1:5\n"):
        assert supplier(shop).send(charge(sku=sku)) == Said(Meaning.REFUSED, "sku")
        with pytest.raises(SupplierAnswerInvalid):
            supplier(shop).quote(sku)

    assert shop.requests == []


def test_a_refusal_ends_it(shop: Simulator) -> None:
    assert supplier(shop).send(charge(sku="U1:5")) == Said(Meaning.REFUSED, "status 422")
    assert supplier(shop).ask(charge(sku="U1:5")) == Said(Meaning.NOT_FOUND, "missing")
    assert shop.book.orders == []


def test_another_key_is_refused_and_a_question_of_its_says_nothing(shop: Simulator) -> None:
    secrets = TangoSecrets(PLATFORM, "another-key", CUSTOMER, ACCOUNT)
    other = TangoSupplier(secrets, shop.base, shop.http)

    assert other.send(charge()) == Said(Meaning.REFUSED, "status 401")
    assert other.ask(charge()).meaning is Meaning.UNCLEAR


# --- answers


@pytest.mark.parametrize("number", range(199, 600))
def test_only_documented_statuses_refuse(number: int) -> None:
    documented = number in (400, 401, 402, 403, 422)
    meaning = Meaning.REFUSED if documented else Meaning.UNCLEAR

    said = heard(number, {})
    troubled = number in (200, 201, 429) or number >= 500
    assert (said.meaning, said.trouble) == (meaning, troubled)
    assert heard(number, {}, ask=True).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("COMPLETE", Meaning.DONE),
        ("Complete", Meaning.DONE),
        ("PENDING", Meaning.TAKEN),
        ("FAILED", Meaning.FAILED),
        ("PARTIAL", Meaning.UNCLEAR),
        ("CANCELED", Meaning.UNCLEAR),
        ("422", Meaning.UNCLEAR),
        ("", Meaning.UNCLEAR),
    ],
)
def test_states(state: str, meaning: Meaning) -> None:
    for number in (200, 201):
        assert heard(number, order(status=state)) == Said(meaning, state.upper(), "RA1")
    listed = {"orders": [order(status=state)]}
    assert heard(200, listed, ask=True) == Said(meaning, state.upper(), "RA1")


@pytest.mark.parametrize(
    "change",
    [
        {"externalRefID": "another"},
        {"externalRefID": None},
        {"accountIdentifier": "account-2"},
        {"utid": "U999999"},
        {"status": None},
        {"referenceOrderID": 1},
    ],
)
def test_an_order_that_is_not_told_or_another_is_unclear(change: dict[str, Any]) -> None:
    assert heard(201, order(**change)).meaning is Meaning.UNCLEAR
    assert heard(200, {"orders": [order(**change)]}, ask=True).meaning is Meaning.UNCLEAR


def test_only_one_can_be_it() -> None:
    assert heard(200, {"orders": [order()] * 2}, ask=True).meaning is Meaning.UNCLEAR
    assert heard(200, {"orders": None}, ask=True).meaning is Meaning.UNCLEAR
    assert heard(200, {}, ask=True).meaning is Meaning.UNCLEAR
    assert heard(200, {"orders": []}, ask=True).meaning is Meaning.NOT_FOUND


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"<p>", b"[" * 99_999])
def test_what_is_no_answer_of_tangos_is_unclear(content: bytes) -> None:
    with answering(whole(content)) as base:
        assert made(base).send(charge()).meaning is Meaning.UNCLEAR
    with answering(whole(content)) as base:
        assert made(base).ask(charge()).meaning is Meaning.UNCLEAR


# --- balance, quotes, callbacks, secrets


def test_balance_and_quote(shop: Simulator) -> None:
    assert supplier(shop).balance() == Money(1_000_000_000, "USD")
    assert supplier(shop).quote("U123456:25") == (Money(2500, "USD"), True)

    with pytest.raises(SupplierAnswerInvalid):
        supplier(shop).quote("U5:5")
    shop.plan.script.append(Fault.LOST)
    with pytest.raises(SupplierUnavailable):
        supplier(shop).balance()


@pytest.mark.parametrize(
    ("told", "available"),
    [
        ({"faceValue": 25.0}, True),
        ({"faceValue": 24}, False),
        ({"minValue": 5, "maxValue": 25}, True),
        ({"minValue": 26, "maxValue": 30}, False),
        ({"minValue": 5}, False),
        ({"minValue": "NaN", "maxValue": 30}, False),
        ({"faceValue": 25, "status": "inactive"}, False),
        ({}, False),
    ],
)
def test_quotes(told: dict[str, Any], available: bool) -> None:
    found = {"brands": [{"items": [item("U9"), item("U123456", **told)]}]}
    with answering(status(200, found)) as base:
        assert made(base).quote(SKU) == (Money(2500, "USD"), available)


def test_a_debt_is_no_balance() -> None:
    with answering(status(200, {"currentBalance": -1.5, "currencyCode": "USD"})) as base:
        assert made(base).balance() == Money(0, "USD")


def test_no_callback_is_believed(shop: Simulator) -> None:
    with pytest.raises(SignatureMissing):
        supplier(shop).read_callback(b"{}", {}, 0)


@pytest.mark.parametrize(
    "change", [{"platform": "a:b"}, {"key": ""}, {"customer": "a/b/c"}, {"more": 1}]
)
def test_secrets_that_cannot_be_set(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.structs.asdict(SECRETS) | change, type=adapter.SECRETS)


# --- in time


def test_a_weekend_is_waited_for(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(takes_ms=3 * DAY_MS))

    assert run(supplier(shop), shop, charge(), lambda: False).state is AttemptState.DONE


def made(base: str) -> TangoSupplier:
    return TangoSupplier(SECRETS, base, URLLib3Session(timeout=2))


def order(**changes: Any) -> dict[str, Any]:
    told = {"referenceOrderID": "RA1", "externalRefID": REFERENCE, "utid": "U123456"}
    return told | {"accountIdentifier": ACCOUNT, "status": "COMPLETE"} | changes


def status(number: int, answer: Any) -> bytes:
    content = json.dumps(answer).encode()
    return b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (number, len(content)) + content


def heard(number: int, answer: Any, *, ask: bool = False) -> Said:
    """What an answer to an order, or to a question, means."""
    with answering(status(number, answer)) as base:
        return made(base).ask(charge()) if ask else made(base).send(charge())
