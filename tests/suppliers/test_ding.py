"""Ding's adapter against the simulator and against answers that no simulator would give."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers import ding as adapter
from scrip.adapters.suppliers.ding import TERMS, DingSecrets, DingSupplier
from scrip.adapters.suppliers.port import Prechecking, Supplier
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge
from scrip.domain.errors import SignatureMissing, SupplierAnswerInvalid, SupplierUnavailable
from scrip.domain.money import Money
from scrip.domain.precheck import Refusal
from scrip.domain.supplier_terms import HOUR_MS, Meaning
from tests.adapters.test_gateway_http import answering, whole
from tests.suppliers.ding import API_KEY, DingDialect
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.server import Simulator, simulated

REFERENCE = "0123456789ABCDEF000001"
SKU = "JM_DC_TopUp"
WORTH = Money(1250, "EUR")


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(DingDialect(TERMS)) as state:
        yield state


@pytest.fixture
def shop(server: Simulator) -> Simulator:
    server.begin(Plan(), goods={SKU: 1250})
    return server


def supplier(server: Simulator, **settings: str) -> DingSupplier:
    return DingSupplier(DingSecrets(API_KEY, settings), server.base, server.http)


def charge(
    account: str = "18760000000", reference: str = REFERENCE, worth: Money | None = WORTH
) -> Charge:
    return Charge(reference, SKU, {"phone": account}, worth)


def made(base: str) -> DingSupplier:
    return DingSupplier(DingSecrets(API_KEY), base, URLLib3Session(timeout=2))


def heard(content: bytes, *, ask: bool = False) -> Said:
    with answering(whole(content)) as base:
        return made(base).ask(charge()) if ask else made(base).send(charge())


def record(state: str | None, reference: str = REFERENCE, result: int = 1) -> dict[str, Any]:
    ids = {"TransferRef": "77", "DistributorRef": reference}
    told = {"TransferId": ids, "ProcessingState": state}
    return {"TransferRecord": told, "ResultCode": result, "ErrorCodes": []}


def listed(*items: dict[str, Any], result: int = 1) -> Said:
    told = {"ResultCode": result, "ErrorCodes": [], "Items": items, "ThereAreMoreItems": False}
    return heard(json.dumps(told).encode(), ask=True)


def refused(*errors: tuple[str, str | None], result: int = 5) -> Said:
    codes = [{"Code": code, "Context": context} for code, context in errors]
    return heard(json.dumps({"ResultCode": result, "ErrorCodes": codes}).encode())


def test_it_is_a_supplier_that_checks(shop: Simulator) -> None:
    as_supplier: Supplier = supplier(shop)
    as_prechecking: Prechecking = supplier(shop)

    assert as_supplier.terms is TERMS
    assert as_prechecking.check(charge()) is None


def test_a_transfer_is_done_at_once_or_later(shop: Simulator) -> None:
    shop.plan.fates.extend([Fate(), Fate(takes_ms=60_000)])
    later = charge(reference="R2")

    done = supplier(shop).send(charge())
    number = shop.book.orders[0].number
    assert done == Said(Meaning.DONE, "Complete", number, f"OP{number}")
    assert supplier(shop).send(later).meaning is Meaning.TAKEN
    assert supplier(shop).ask(later).meaning is Meaning.TAKEN
    shop.now_ms += 60_000
    assert supplier(shop).ask(later).meaning is Meaning.DONE
    assert [shop.book.charged(each) for each in (REFERENCE, "R2")] == [1, 1]


def test_a_transfer_that_failed_is_told_so(shop: Simulator) -> None:
    shop.plan.fates.append(Fate(fails=True))

    assert supplier(shop).send(charge()).meaning is Meaning.FAILED
    assert supplier(shop).ask(charge()).meaning is Meaning.FAILED
    assert shop.book.balance() == shop.book.balance_minor


def test_a_reference_that_is_sent_again_is_charged_again(shop: Simulator) -> None:
    supplier(shop).send(charge())
    supplier(shop).send(charge())
    shop.now_ms += HOUR_MS

    assert shop.book.charged(REFERENCE) == 2


def test_accounts_lose_their_plus_and_settings_get_dings_names(shop: Simulator) -> None:
    supplier(shop, MeterId="meter").send(
        Charge(REFERENCE, SKU, {"phone": "+18760000000", "meter": "M/1", "colour": "red"}, WORTH)
    )

    assert shop.book.orders[0].account == "18760000000"
    request = supplier(shop, MeterId="meter", Other="none")._request(
        Charge(REFERENCE, SKU, {"meter": "电表"}, WORTH)
    )
    assert request["Settings"] == [{"Name": "MeterId", "Value": "电表"}]
    assert request["AccountNumber"] == "0000000000"


def test_without_a_worth_the_products_only_value_is_sent(shop: Simulator) -> None:
    assert supplier(shop).send(charge(worth=None)).meaning in (Meaning.DONE, Meaning.TAKEN)
    assert [path for _, path in shop.requests] == ["/api/V1/GetProducts", "/api/V1/SendTransfer"]


def test_without_a_value_nothing_is_sent(shop: Simulator) -> None:
    unknown = Charge(REFERENCE, "NONE", {"phone": "1"})
    shop.plan.script.extend([Fault.ERROR_BEFORE, Fault.LOST, Fault.REFUSED])

    said = [supplier(shop).send(charge(worth=None)).meaning for _ in range(3)]

    assert said == [Meaning.NOT_SENT] * 3
    assert supplier(shop).send(unknown) == Said(Meaning.REFUSED, "send_value")
    assert supplier(shop).check(unknown) is Refusal.GOOD
    assert shop.book.orders == []


def test_of_a_range_of_values_none_is_guessed() -> None:
    least, most = (
        {"SendValue": value, "SendCurrencyIso": "EUR", "DistributorFee": 0.25} for value in (1, 9)
    )
    item = {"SkuCode": SKU, "Minimum": least, "Maximum": most}
    content = whole(json.dumps({"ResultCode": 1, "Items": [item]}).encode())

    with answering(content) as base:
        assert made(base).send(charge(worth=None)) == Said(Meaning.REFUSED, "send_value")
    with answering(content) as base:
        assert made(base).quote(SKU).cost == Money(125, "EUR")


@pytest.mark.parametrize(
    ("worth", "value"),
    [
        (Money(317, "EUR"), b'"SendValue":3.17,'),
        (Money(5, "JPY"), b'"SendValue":5,'),
        (Money(1234, "KWD"), b'"SendValue":1.234,'),
    ],
)
def test_values_are_numbers_in_the_currencys_own_unit(worth: Money, value: bytes) -> None:
    request = made("")._request(charge(worth=worth))

    assert value in adapter.ENCODER.encode(request)
    assert request["SendCurrencyIso"] == worth.currency


def test_refusals_by_the_book(shop: Simulator) -> None:
    shop.book.bad_accounts.add("1")
    assert supplier(shop).send(charge("1")).meaning is Meaning.REFUSED
    assert supplier(shop).check(charge("1")) is Refusal.ACCOUNT
    shop.book.balance_minor = 0
    with pytest.raises(SupplierUnavailable, match="InsufficientBalance"):
        supplier(shop).check(charge())
    assert supplier(shop).send(charge()) == Said(Meaning.REFUSED, "InsufficientBalance")
    assert supplier(shop).ask(charge()) == Said(Meaning.NOT_FOUND, "no items")

    stranger = DingSupplier(DingSecrets("another-key"), shop.base, shop.http)
    assert stranger.send(charge()) == Said(Meaning.REFUSED, "AuthenticationFailed")
    assert stranger.ask(charge()).meaning is Meaning.UNCLEAR
    with pytest.raises(SupplierAnswerInvalid):
        stranger.balance()


@pytest.mark.parametrize("code", adapter.REFUSED)
def test_documented_codes_refuse(code: str) -> None:
    name, _, context = code.partition("/")

    assert refused((name, context or None)) == Said(Meaning.REFUSED, code)
    assert refused((name, context or None), result=1).meaning is Meaning.UNCLEAR
    if not context:
        assert refused((name, "Whatever")).meaning is Meaning.REFUSED


@pytest.mark.parametrize(
    "code",
    [
        ("DuplicateTransactionPrevented", None),
        ("OtherError", None),
        ("ProviderError", None),
        ("ProviderError", "ProviderUnknownError"),
        ("TransientProviderError", None),
        ("TransientProviderError", "Whatever"),
        ("insufficientbalance", None),
        ("", None),
    ],
)
def test_undocumented_codes_are_unclear(code: tuple[str, str | None]) -> None:
    assert refused(code).meaning is Meaning.UNCLEAR


def test_a_provider_that_took_too_long_failed() -> None:
    late = ("TransientProviderError", "ProviderTimedOut")

    assert refused(late, result=3).meaning is Meaning.FAILED
    assert refused(late, late).meaning is Meaning.FAILED
    assert refused(late, ("OtherError", None)).meaning is Meaning.UNCLEAR
    assert refused(result=3).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("Submitted", Meaning.TAKEN),
        ("Processing", Meaning.TAKEN),
        ("Cancelling", Meaning.TAKEN),
        ("Complete", Meaning.DONE),
        ("Completed", Meaning.DONE),
        ("Failed", Meaning.FAILED),
        ("Cancelled", Meaning.REVERSED),
        ("complete", Meaning.UNCLEAR),
        ("RateLimited", Meaning.UNCLEAR),
        (None, Meaning.UNCLEAR),
    ],
)
def test_states(state: str | None, meaning: Meaning) -> None:
    assert listed(record(state)).meaning is meaning
    failed = meaning in (Meaning.FAILED, Meaning.REVERSED)
    assert listed(record(state, result=5)).meaning is (meaning if failed else Meaning.UNCLEAR)


@pytest.mark.parametrize(
    ("states", "meaning"),
    [
        (["Failed", "Complete"], Meaning.DONE),
        (["Failed", "Processing", "Cancelled"], Meaning.TAKEN),
        (["Failed", "Unheard"], Meaning.UNCLEAR),
        (["Cancelled", "Failed"], Meaning.REVERSED),
    ],
)
def test_of_several_transfers_the_one_counts_that_may_have_charged(
    states: list[str], meaning: Meaning
) -> None:
    assert listed(*map(record, states)).meaning is meaning
    assert listed(*map(record, reversed(states))).meaning is meaning


def test_transfers_of_others_are_none_of_ours() -> None:
    assert listed(record("Failed", "R2")).meaning is Meaning.UNCLEAR
    assert listed(record("Complete"), record("Complete", "R2")).meaning is Meaning.UNCLEAR
    assert listed(result=4).meaning is Meaning.UNCLEAR
    assert listed().meaning is Meaning.NOT_FOUND


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"ResultCode": "1"}', b"[" * 99_999, b"<html>"],
)
def test_what_is_no_answer_of_dings_is_unclear(content: bytes) -> None:
    assert heard(content).meaning is Meaning.UNCLEAR
    assert heard(content, ask=True).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize("state", ["Complete", "Processing"])
def test_a_transfer_without_its_ids_is_unclear(state: str) -> None:
    nameless = {"TransferRecord": {"ProcessingState": state}, "ResultCode": 1}

    assert heard(json.dumps(nameless).encode()).meaning is Meaning.UNCLEAR


def test_a_refusal_may_come_with_an_empty_record() -> None:
    codes = [{"Code": "InsufficientBalance", "Context": None}]
    told = {"TransferRecord": {"ProcessingState": "Failed"}, "ResultCode": 5, "ErrorCodes": codes}

    assert heard(json.dumps(told).encode()).meaning is Meaning.REFUSED


def test_secrets_of_receipts_are_left_where_they_are(shop: Simulator) -> None:
    shop.plan.fates.append(Fate())

    assert "1234" not in repr(supplier(shop).send(charge()))


def test_balance_and_quote(shop: Simulator) -> None:
    assert supplier(shop).balance() == Money(1_000_000_000, "EUR")
    quote = supplier(shop).quote(SKU)
    assert (quote.cost, quote.available) == (Money(1250, "EUR"), True)

    with pytest.raises(SupplierAnswerInvalid):
        supplier(shop).quote("NONE")
    shop.plan.script.append(Fault.LOST)
    with pytest.raises(SupplierUnavailable):
        supplier(shop).quote(SKU)


def test_a_check_that_tells_nothing_is_none(shop: Simulator) -> None:
    shop.plan.script.append(Fault.GARBAGE)
    with pytest.raises(SupplierAnswerInvalid):
        supplier(shop).check(charge())
    told = {"ResultCode": 5, "ErrorCodes": [{"Code": "OtherError"}]}
    with (
        answering(whole(json.dumps(told).encode())) as base,
        pytest.raises(SupplierUnavailable, match="OtherError"),
    ):
        made(base).check(charge())
    assert shop.book.orders == []


@pytest.mark.parametrize(
    "told",
    [
        {"Balance": 1, "CurrencyIso": "eur"},
        {"Balance": -1, "CurrencyIso": "EUR"},
        {"Balance": 1e40, "CurrencyIso": "EUR"},
        {"Balance": "NaN", "CurrencyIso": "EUR"},
        {"CurrencyIso": "EUR"},
        {},
    ],
)
def test_balances_that_make_no_sense(told: dict[str, Any]) -> None:
    content = json.dumps({"ResultCode": 1, **told}).encode()
    with answering(whole(content)) as base, pytest.raises(SupplierAnswerInvalid):
        made(base).balance()


def test_no_callback_is_believed() -> None:
    with pytest.raises(SignatureMissing):
        made("").read_callback(b"{}", {}, 0)


@pytest.mark.parametrize(
    "secrets", [{}, {"api_key": ""}, {"api_key": API_KEY, "more": 1}, {"api_key": "a b c d e f"}]
)
def test_half_of_the_secrets_cannot_be_set(secrets: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(secrets, type=adapter.SECRETS)
    assert API_KEY not in repr(DingSecrets(API_KEY))
