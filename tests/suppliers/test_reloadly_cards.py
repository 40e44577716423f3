"""Gift cards at Reloadly: the simulator, and answers that no simulator would give."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers import reloadly_cards as adapter
from scrip.adapters.suppliers.port import Supplier
from scrip.adapters.suppliers.reloadly_cards import TERMS, ReloadlyCardsSupplier, Sku
from scrip.adapters.tokens import Tokens
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge
from scrip.domain.code import Code
from scrip.domain.errors import SignatureInvalid, SupplierAnswerInvalid
from scrip.domain.goods import Kind
from scrip.domain.money import Money
from scrip.domain.supplier_terms import Meaning
from tests.adapters.test_gateway_http import answering, whole
from tests.buying_codes import code_of
from tests.suppliers.book import LATE_CODE_MS
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.kinds import cards_at
from tests.suppliers.reloadly import CLIENT_ID, CLIENT_SECRET
from tests.suppliers.reloadly_asking import encoded, status
from tests.suppliers.reloadly_cards import ReloadlyCardsDialect
from tests.suppliers.server import Simulator, simulated

REFERENCE = "0123456789ABCDEF000001"
SKU = "120:25"
SECRETS = adapter.SECRETS(CLIENT_ID, CLIENT_SECRET, sender_name="Shop")
DONE = {"transactionId": 7, "status": "SUCCESSFUL", "customIdentifier": REFERENCE}


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(ReloadlyCardsDialect(TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(), currency="USD", goods={SKU: 5000, "120:2.5": 500})
    return server


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReloadlyCardsSupplier, "tokens", Tokens())


def charge(sku: str = SKU, *, ref: str = "", **filled: str) -> Charge:
    return Charge(REFERENCE, sku, filled, ref=ref, kind=Kind.BOUGHT_CODE)


def sent(shop: Simulator) -> dict[str, Any]:
    assert isinstance(shop.dialect, ReloadlyCardsDialect)
    return shop.dialect.sent


def made(base: str) -> ReloadlyCardsSupplier:
    found = ReloadlyCardsSupplier(SECRETS, base, URLLib3Session(timeout=2))
    found.tokens.keep(found._account, "t", 86_400)
    return found


def heard(answer: bytes) -> Said:
    """What an answer to an order means."""
    with answering(answer) as base:
        return made(base).send(charge())


def test_it_is_a_supplier_of_codes_with_a_token_of_its_own(shop: Simulator) -> None:
    supplier: Supplier = cards_at(shop)

    assert supplier.terms is TERMS
    assert TERMS.kinds == (Kind.BOUGHT_CODE,)
    assert ReloadlyCardsSupplier(SECRETS, "", shop.http).url == adapter.LIVE
    assert "Shop" not in repr(SECRETS)


def test_a_card_is_bought_and_told_as_often_as_it_is_asked_for(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(takes_ms=20_000))

    taken = cards_at(shop).send(charge())

    [order] = shop.book.orders
    assert taken.meaning is Meaning.TAKEN
    assert taken.secret is None
    assert sent(shop)["unitPrice"] == 25
    shop.now_ms += 20_000 + LATE_CODE_MS
    for _ in range(2):
        for asked in (charge(), charge(ref=order.number)):
            said = cards_at(shop).ask(asked)
            assert said == Said(Meaning.DONE, "SUCCESSFUL", order.number)
            assert said.secret == code_of(order)
            assert order.code not in repr(said)
    assert shop.book.charged(REFERENCE) == 1


def test_one_that_is_sold_but_not_told_yet_is_done_without_a_code(
    shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.suppliers.book.Order.hands_over", lambda *_: False)
    shop.plan.fates.append(Fate())

    said = cards_at(shop).send(charge())

    assert (said.meaning, said.secret) == (Meaning.DONE, None)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.CUT, Fault.BUSY, Fault.GARBAGE, Fault.REFUSED])
def test_a_card_that_cannot_be_read_says_nothing_against_its_purchase(
    shop: Simulator, fault: Fault
) -> None:
    cards_at(shop).balance()  # its token
    shop.plan.fates.append(Fate())
    shop.plan.script.extend([None, fault])

    said = cards_at(shop).send(charge())

    assert (said.meaning, said.secret) == (Meaning.DONE, None)
    assert said.ref == shop.book.orders[0].number


@pytest.mark.parametrize(
    ("cards", "code"),
    [
        ({"cardNumber": 6120200345149064, "pinCode": 5821}, Code("6120200345149064", "5821")),
        ([{"cardNumber": None, "pinCode": "EFSD"}], Code("EFSD")),
        (
            {"cardNumber": "A", "redemptionUrl": "https://x.example/?c=A"},
            Code("A", url="https://x.example/?c=A"),
        ),
        ({"redemptionUrl": "https://x.example/?c=A"}, Code("https://x.example/?c=A")),
        ([], None),
        ([{"cardNumber": "A"}, {"cardNumber": "B"}], None),
        ({"cardNumber": "A\nB"}, None),
        ({}, None),
        ({"cardNumber": {"a": 1}}, None),
    ],
)
def test_cards_of_all_shapes(cards: Any, code: Code | None) -> None:
    with answering(whole(encoded(DONE)), whole(encoded(cards))) as base:
        said = made(base).ask(charge(ref="7"))

    assert (said.meaning, said.secret) == (Meaning.DONE, code)


@pytest.mark.parametrize(
    ("answer", "meaning", "code"),
    [
        (DONE | {"status": "PENDING"}, Meaning.TAKEN, "PENDING"),
        (DONE | {"status": "FAILED"}, Meaning.FAILED, "FAILED"),
        (DONE | {"status": "REFUNDED"}, Meaning.REVERSED, "REFUNDED"),
        (DONE | {"status": "ODD"}, Meaning.UNCLEAR, "ODD"),
        (DONE | {"customIdentifier": "R2"}, Meaning.UNCLEAR, "supplier-answer-invalid"),
        (DONE | {"product": {"productId": 121}}, Meaning.UNCLEAR, "supplier-answer-invalid"),
        ([], Meaning.UNCLEAR, "supplier-answer-invalid"),
    ],
)
def test_statuses_and_purchases_of_others(answer: Any, meaning: Meaning, code: str) -> None:
    said = heard(whole(encoded(answer)))

    assert (said.meaning, said.code) == (meaning, code)


def test_a_price_that_is_none_has_no_code_and_so_is_asked_about() -> None:
    refusal = json.dumps({"errorCode": None, "message": "Invalid price"}).encode()

    assert heard(status(400, refusal)).meaning is Meaning.UNCLEAR
    broke = json.dumps({"errorCode": "INSUFFICIENT_BALANCE"}).encode()
    assert heard(status(400, broke)) == Said(Meaning.REFUSED, "INSUFFICIENT_BALANCE")


def test_two_purchases_under_one_reference_are_for_a_person() -> None:
    with answering(whole(encoded({"content": [DONE, DONE | {"transactionId": 8}]}))) as base:
        assert made(base).ask(charge()).meaning is Meaning.UNCLEAR


def test_who_it_is_for_is_told_where_a_product_asks(shop: Simulator) -> None:
    cards_at(shop).send(charge(user_id="player-7", phone="1"))

    assert sent(shop)["productAdditionalRequirements"] == {"userId": "player-7"}
    assert "player-7" not in json.dumps(sent(shop) | {"productAdditionalRequirements": None})


def test_goods_that_cannot_be_cards_are_not_asked_for(shop: Simulator) -> None:
    for sku in ("120", "NG:341:10", "120:", "120:1e3", "120:25\n", ""):
        assert cards_at(shop).send(charge(sku)) == Said(Meaning.REFUSED, "sku")
        with pytest.raises(SupplierAnswerInvalid):
            cards_at(shop).quote(sku)

    assert shop.requests == []
    assert Sku.read(SKU) == Sku(120, "25")


def test_a_quote_has_all_fees_in_it_and_no_discount(shop: Simulator) -> None:
    quote = cards_at(shop).quote(SKU)

    assert quote.cost == Money(5100, "USD")  # 50.00, 1 %, 0.50
    assert quote.available
    assert not cards_at(shop).quote("120:26").available


def test_a_range_costs_by_its_rate() -> None:
    offer = adapter._Offer(
        1, "USD", min_recipient_denomination=Decimal(5), max_recipient_denomination=Decimal(50)
    )
    told = msgspec.structs.replace(offer, min_sender_denomination=Decimal(6))

    assert adapter._cost(offer, Decimal(10)) is None
    assert adapter._cost(told, Decimal(10)) == 12
    assert adapter._cost(told, Decimal(51)) is None


def test_a_callback_names_its_order(shop: Simulator) -> None:
    shop.plan.fates.append(Fate())
    cards_at(shop).send(charge())
    [told] = shop.callbacks()

    assert cards_at(shop).read_callback(told.body, told.headers, 0) == REFERENCE
    with pytest.raises(SignatureInvalid):
        cards_at(shop).read_callback(told.body + b" ", told.headers, 0)
