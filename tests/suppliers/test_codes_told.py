"""Codes that Tango and suppliers by settings sell, beside what they charge."""

from collections import deque
from collections.abc import Iterator

import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers import tango
from scrip.domain.charge import Charge
from scrip.domain.code import Code
from scrip.domain.goods import Kind
from scrip.domain.supplier_terms import Meaning
from tests.adapters.test_gateway_http import answering, whole
from tests.buying_codes import code_of
from tests.suppliers.book import LATE_CODE_MS
from tests.suppliers.configured_making import REST, settings
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.kinds import by_settings, tango_at
from tests.suppliers.reloadly_asking import encoded
from tests.suppliers.server import Simulator, simulated
from tests.suppliers.tango import ACCOUNT, CUSTOMER, KEY, PLATFORM, TangoDialect

REFERENCE, SKU = "0123456789ABCDEF000001", "U123456:25"
REWARD = {
    "referenceOrderID": "RA1",
    "externalRefID": REFERENCE,
    "accountIdentifier": ACCOUNT,
    "utid": "U123456",
    "status": "COMPLETE",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(TangoDialect(tango.TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(fates=deque([Fate()])), goods={SKU: 2500})
    return server


def charge(kind: Kind = Kind.BOUGHT_CODE, **filled: str) -> Charge:
    return Charge(REFERENCE, SKU, filled, kind=kind)


def test_tango_hands_a_code_to_nobody_but_us(shop: Simulator) -> None:
    first = tango_at(shop).send(charge())

    shop.now_ms += LATE_CODE_MS
    said = tango_at(shop).ask(charge())

    assert isinstance(shop.dialect, TangoDialect)
    assert shop.dialect.sent["deliveryMethod"] == "NONE"
    assert first.meaning is said.meaning is Meaning.DONE
    assert said.secret == code_of(shop.book.orders[0])


def test_what_tango_sends_to_the_buyer_is_not_read(shop: Simulator) -> None:
    tango_at(shop).send(charge(Kind.TOP_UP, email="b@x.example"))

    said = tango_at(shop).ask(charge(Kind.TOP_UP))

    assert (said.meaning, said.secret) == (Meaning.DONE, None)
    assert not any(path.startswith("/orders/") for _, path in shop.requests)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.BUSY, Fault.GARBAGE, Fault.REFUSED])
def test_a_code_that_cannot_be_read_says_nothing_against_its_order(
    shop: Simulator, fault: Fault
) -> None:
    shop.plan.script.extend([None, fault])

    said = tango_at(shop).send(charge())

    assert (said.meaning, said.secret) == (Meaning.DONE, None)


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (
            [("cardNumber", "6006"), ("pin", "12"), ("expirationDate", "2030-01-31")],
            Code("6006", "12", until="2030-01-31"),
        ),
        ([("claimCode", "AB"), ("cardNumber", "6006")], Code("AB")),
        (
            [("redemptionUrl", "https://r.example/1"), ("securityCode", "9")],
            Code("9", url="https://r.example/1"),
        ),
        ([("redemptionUrl", "https://r.example/1")], Code("https://r.example/1")),
        ([("barcodeUrl", "https://b.example/1.png")], None),
        ([], None),
    ],
)
@pytest.mark.parametrize("name", ["credentialType", "type"])
def test_credentials_by_their_types(
    credentials: list[tuple[str, str]], code: Code | None, name: str
) -> None:
    told = [{"label": "x", "value": value, name: kind} for kind, value in credentials]
    details = REWARD | {"reward": {"credentialList": told}}

    with answering(whole(encoded({"orders": [REWARD]})), whole(encoded(details))) as base:
        secrets = tango.SECRETS(PLATFORM, KEY, CUSTOMER, ACCOUNT)
        said = tango.SUPPLIER(secrets, base, URLLib3Session(timeout=2)).ask(charge())

    assert (said.meaning, said.secret) == (Meaning.DONE, code)


PATHS = {"code": "order.cards.no", "pin": "order.cards.password"}


def test_settings_say_where_a_code_lies() -> None:
    kind = by_settings(REST, "to", Kind.BOUGHT_CODE, answers__secret=PATHS)
    with simulated(kind.dialect, Plan(fates=deque([Fate()]))) as shop:
        shop.book.goods = {"10": 500}
        supplier = kind.made(shop)
        bought = Charge(REFERENCE, "10", kind.filled, kind=Kind.BOUGHT_CODE)
        supplier.send(bought)
        shop.now_ms += LATE_CODE_MS

        assert supplier.ask(bought).secret == code_of(shop.book.orders[0])
        charged = Charge(REFERENCE, "10", kind.filled)
        assert supplier.ask(charged).secret is None
        assert supplier.terms.kinds == (Kind.TOP_UP, Kind.BOUGHT_CODE)


def test_without_a_place_for_codes_none_are_sold() -> None:
    kind = by_settings(REST, "to")
    with simulated(kind.dialect) as shop:
        assert kind.made(shop).terms.kinds == (Kind.TOP_UP,)
    with pytest.raises(ValueError, match="secret"):
        settings(REST, answers__secret={"pin": "a"})
