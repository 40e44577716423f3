"""A supplier by settings: the example of docs/suppliers.md, other shapes, and settings that are no
good."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers.configured import ConfiguredSupplier, found_at
from scrip.adapters.suppliers.configured_settings import ConfiguredSecrets
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
from scrip.domain.supplier_terms import HOUR_MS, MINUTE_MS, Meaning, Resend
from tests.adapters.test_gateway_http import HEAD, answering, whole
from tests.suppliers.configured import ConfiguredDialect, sent_by_itself
from tests.suppliers.configured_making import EXAMPLE, REST, settings
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.server import NOW_MS, Simulator, simulated

REFERENCE = "0123456789ABCDEF000001"
GOODS = {"10": 2790}


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(ConfiguredDialect(settings(), "account")) as state:
        yield state


@pytest.fixture(params=[EXAMPLE, REST], ids=["example", "rest"])
def shop(server: Simulator, request: pytest.FixtureRequest) -> Simulator:
    server.dialect = ConfiguredDialect(
        settings(request.param), "account" if request.param is EXAMPLE else "to"
    )
    server.begin(Plan(), goods=GOODS)
    return server


@pytest.fixture
def example(server: Simulator) -> Simulator:
    server.dialect = ConfiguredDialect(settings(), "account")
    server.begin(Plan(), goods=GOODS)
    return server


def supplier(server: Simulator, of: ConfiguredSecrets | None = None) -> ConfiguredSupplier:
    assert isinstance(server.dialect, ConfiguredDialect)
    return ConfiguredSupplier(
        of or server.dialect.settings, server.base, server.http, lambda: server.now_ms / 1000
    )


def made(of: ConfiguredSecrets, base: str = "") -> ConfiguredSupplier:
    http = URLLib3Session(timeout=2)
    return ConfiguredSupplier(of, base, http, lambda: NOW_MS / 1000, lambda: "n" * 32)


def charge(account: str = "138000", reference: str = REFERENCE, **filled: str) -> Charge:
    return Charge(reference, "10", {"phone": account, **filled}, Money(4500, "CNY"))


def heard(of: ConfiguredSecrets, content: bytes, *, ask: bool = False) -> Said:
    with answering(content) as base:
        return made(of, base).ask(charge()) if ask else made(of, base).send(charge())


def told(of: ConfiguredSecrets, *, ask: bool = False, **answer: Any) -> Said:
    return heard(of, whole(json.dumps(answer).encode()), ask=ask)


def test_the_settings_make_a_supplier() -> None:
    example: Supplier = made(settings())

    terms = example.terms
    assert (terms.resend, terms.reversible) == (Resend.NEW_AFTER_FAILURE, True)
    assert (terms.quarantine_ms, terms.waits_ms[0]) == (30 * MINUTE_MS, MINUTE_MS)
    assert (terms.per_second, terms.at_once) == (5, 10)
    assert terms.meaning("2") is Meaning.DONE


def test_an_order_is_taken_and_done(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(takes_ms=20_000))

    assert supplier(shop).send(charge("玩家&=一 号+")).meaning is Meaning.TAKEN
    assert supplier(shop).ask(charge()).meaning is Meaning.TAKEN
    shop.now_ms += 20_000
    assert supplier(shop).ask(charge()).meaning is Meaning.DONE

    assert shop.book.orders[0].account == "玩家&=一 号+"
    assert shop.book.charged(REFERENCE) == 1


def test_number_and_receipt_are_told(example: Simulator) -> None:
    example.plan.fates.append(Fate())
    supplier(example).send(charge())

    said = supplier(example).ask(charge())

    number = example.book.orders[0].number
    assert said == Said(Meaning.DONE, "2", number, f"S/{number}")


def test_refusals_and_what_is_not_there(shop: Simulator) -> None:
    said = supplier(shop).send(charge("00000"))
    assert said.meaning is Meaning.REFUSED
    assert supplier(shop).ask(charge()).meaning is Meaning.NOT_FOUND


def test_an_order_that_exists_is_unclear_unless_it_is_replayed(shop: Simulator) -> None:
    supplier(shop).send(charge())

    replays = shop.dialect.terms.resend is Resend.REPLAYS
    assert supplier(shop).send(charge()).meaning is (Meaning.TAKEN if replays else Meaning.UNCLEAR)


def test_another_secret_is_not_understood(shop: Simulator) -> None:
    assert isinstance(shop.dialect, ConfiguredDialect)
    other = msgspec.structs.replace(shop.dialect.settings, secret="x" * 16)

    assert supplier(shop, other).send(charge()).meaning is Meaning.UNCLEAR
    assert shop.book.orders == []


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (0, Meaning.TAKEN),
        ("0", Meaning.TAKEN),
        (1003, Meaning.REFUSED),
        (1429, Meaning.NOT_SENT),
        (1404, Meaning.UNCLEAR),
        (9999, Meaning.UNCLEAR),
        (0.0, Meaning.UNCLEAR),
        (True, Meaning.UNCLEAR),
        (None, Meaning.UNCLEAR),
        ("", Meaning.UNCLEAR),
        ([0], Meaning.UNCLEAR),
    ],
)
def test_only_listed_codes_decide_what_became_of_sending(code: object, meaning: Meaning) -> None:
    assert told(settings(), code=code).meaning is meaning


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (1, Meaning.TAKEN),
        ("2", Meaning.DONE),
        (3, Meaning.FAILED),
        (4, Meaning.REVERSED),
        (5, Meaning.UNCLEAR),
        (None, Meaning.UNCLEAR),
        ({"2": 2}, Meaning.UNCLEAR),
    ],
)
def test_only_listed_states_decide_what_became_of_an_order(
    status: object, meaning: Meaning
) -> None:
    data = {"status": status, "out_trade_no": REFERENCE}

    assert told(settings(), ask=True, code=0, data=data).meaning is meaning
    assert told(settings(), ask=True, code=7, data=data).meaning is Meaning.UNCLEAR


def test_an_answer_about_another_order_is_unclear() -> None:
    data = {"status": 2, "out_trade_no": "R2"}

    assert told(settings(), ask=True, code=0, data=data).meaning is Meaning.UNCLEAR
    assert told(settings(), code=1003, data=data).meaning is Meaning.UNCLEAR


def test_a_5xx_says_nothing_and_the_status_may_be_the_code() -> None:
    failed = b"HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\n" + b'{"code":0}'
    missing = b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}"
    by_status = settings(
        REST,
        answers__code=None,
        send__codes={"200": "taken", "422": "refused"},
        ask__codes={"404": "not_found", "200": "state"},
    )

    assert heard(settings(), failed).meaning is Meaning.UNCLEAR
    assert heard(by_status, missing, ask=True).meaning is Meaning.NOT_FOUND
    assert heard(by_status, missing).meaning is Meaning.UNCLEAR
    assert heard(by_status, HEAD + b"Content-Length: 0\r\n\r\n").meaning is Meaning.TAKEN


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"1", b"\xff", b"[" * 99_999, b"<html>", b"1e99999999999999999999"]
)
def test_what_is_no_answer_is_unclear(content: bytes) -> None:
    assert heard(settings(), whole(content)).meaning is Meaning.UNCLEAR


def test_lists_are_reached_by_place() -> None:
    content = {"data": [{"s": 1}, {"s": 2}]}

    assert found_at(content, "data.1.s") == 2
    for path in ("data.2.s", "data.s", "data.1.s.t", "x"):
        assert found_at(content, path) is None


def test_balance_and_quote(example: Simulator) -> None:
    assert supplier(example).balance() == Money(1_000_000_000, "CNY")
    quote = supplier(example).quote("10")
    assert (quote.cost, quote.available) == (Money(2790, "CNY"), True)
    with pytest.raises(SupplierAnswerInvalid):
        supplier(example).quote("11")
    with pytest.raises(SupplierAnswerInvalid, match="no such call"):
        made(settings(REST)).balance()
    example.plan.script.append(Fault.LOST)
    with pytest.raises(SupplierUnavailable):
        supplier(example).balance()


@pytest.mark.parametrize(
    ("amounts", "price", "cost"),
    [
        ("decimal", "27.9", 2790),
        ("decimal", 27.9, 2790),
        ("decimal", "0.0001", 1),
        ("decimal", 28, 2800),
        ("minor", 28, 28),
        ("minor", "28.1", 29),
        ("minor", "NaN", None),
        ("decimal", "1e999999", None),
        ("decimal", True, None),
        ("decimal", None, None),
        ("decimal", "", None),
        ("decimal", -1, None),
    ],
)
def test_amounts(amounts: str, price: object, cost: int | None) -> None:
    answer = whole(json.dumps({"code": 0, "data": {"price": price, "sale": "off"}}).encode())
    with answering(answer) as base:
        asked = made(settings(amounts=amounts), base)
        if cost is None:
            with pytest.raises(SupplierAnswerInvalid):
                asked.quote("10")
            return
        quote = asked.quote("10")

    assert (quote.cost, quote.available) == (Money(cost, "CNY"), False)


def test_a_request_looks_as_the_page_says() -> None:
    of = settings()
    url, headers, body = made(of)._request(of.send, charge("1 3", region="中"))

    assert url == "https://open.example.com/v2/order/create"
    assert headers["X-Merchant"] == "EXAMPLE-MERCHANT"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    signed = re.search(rb"&sign=([0-9A-F]{32})\Z", body)
    assert signed
    # printf 'account=1 3&area=中&mch_id=EXAMPLE-MERCHANT&num=1&out_trade_no=0123456789ABCDEF000001'
    # '&product=10&time=2026-09-21 22:13:20&key=0123456789abcdef0123456789abcdef' | md5sum
    assert body[: signed.start()] == (
        b"mch_id=EXAMPLE-MERCHANT&time=2026-09-21+22%3A13%3A20&out_trade_no=0123456789ABCDEF000001"
        b"&product=10&account=1+3&area=%E4%B8%AD&num=1&notify_url="
    )
    assert signed[1] == b"BD1601A48CFE5BCDC9ABEFE02DBF463B"


def test_blanks_are_filled() -> None:
    blanks = (
        "{reference}|{sku}|{ref}|{worth}|{worth_minor}|{currency}|{seconds}|{milliseconds}|{nonce}|"
        "{callback_url}|{form.phone}|{form.none}|{time}"
    )
    of = settings(
        REST,
        send__method="GET",
        send__content="query",
        send__fields={"all": blanks, "n": 5},
        ask__content="query",
        signature={"scheme": "hmac-sha256", "header": "X-Sign"},
    )
    full = Charge(REFERENCE, "S", {"phone": "{sku}"}, Money(4505, "EUR"), "N1", "https://us")

    url, headers, body = made(of)._request(of.send, full)

    assert body == b""
    assert len(headers["X-Sign"]) == 64
    assert url == (
        "https://api.example.org/orders?all=0123456789ABCDEF000001%7CS%7CN1%7C45.05%7C4505%7CEUR%7C"
        f"{NOW_MS // 1000}%7C{NOW_MS}%7C{'n' * 32}%7Chttps%3A%2F%2Fus%7C%7Bsku%7D%7C%7C"
        "2026-09-21+14%3A13%3A20&n=5"
    )


@pytest.mark.parametrize("of", [EXAMPLE, REST], ids=["form", "header"])
def test_callbacks_name_their_order(of: dict[str, Any]) -> None:
    by, secret = settings(of).callback, settings(of).secret
    assert by
    sent = sent_by_itself(by, secret, REFERENCE, "done")

    assert made(settings(of)).read_callback(sent.body, sent.headers, 0) == REFERENCE

    forged = sent_by_itself(by, "another secret", REFERENCE, "done")
    with pytest.raises(SignatureInvalid):
        made(settings(of)).read_callback(forged.body, forged.headers, 0)
    nameless = sent_by_itself(by, secret, "", "done")
    with pytest.raises(RequestInvalid):
        made(settings(of)).read_callback(nameless.body, nameless.headers, 0)


@pytest.mark.parametrize(
    ("of", "raw", "error"),
    [
        (EXAMPLE, b"", SignatureMissing),
        (EXAMPLE, b"out_trade_no", RequestMalformed),
        (EXAMPLE, b"\xff=1", RequestMalformed),
        (EXAMPLE, b"out_trade_no=1", SignatureMissing),
        (EXAMPLE, b"out_trade_no=1&sign=", SignatureMissing),
        (EXAMPLE, "out_trade_no=1&sign=é".encode(), SignatureInvalid),
        (REST, b"", RequestMalformed),
        (REST, b"[1]", RequestInvalid),
        (REST, b"{}", SignatureMissing),
    ],
)
def test_callbacks_that_are_none(of: dict[str, Any], raw: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        made(settings(of)).read_callback(raw, {}, 0)


def test_without_settings_for_it_no_callback_is_believed() -> None:
    with pytest.raises(SignatureMissing):
        made(settings(callback=None)).read_callback(b"{}", {"sign": "x"}, 0)


def test_a_success_is_taken_back(example: Simulator) -> None:
    example.plan.fates.append(Fate(reversed_ms=HOUR_MS))
    supplier(example).send(charge())
    assert supplier(example).ask(charge()).meaning is Meaning.DONE
    example.now_ms += HOUR_MS
    assert supplier(example).ask(charge()).meaning is Meaning.REVERSED
