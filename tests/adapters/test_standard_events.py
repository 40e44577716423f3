"""Events of a provider that only its merchant knows, read as the settings say."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.errors import (
    PaymentMerchantMismatch,
    PaymentModeMismatch,
    Rejected,
    RequestInvalid,
    RequestMalformed,
)
from scrip.domain.money import Money
from scrip.domain.notice import (
    DisputeNotice,
    IgnoredNotice,
    Notice,
    PaymentNotice,
    RefundNotice,
    UnpaidNotice,
)
from scrip.domain.payment import Payment
from scrip.domain.refund import RefundReport, RefundState
from tests.adapters.standard_making import NOW, SET_UP, gateway
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.standard_bridge import sign

HAPPENED_AT_MS = 1_759_999_990_000


def event(kind: str = "payment.succeeded", **data: Any) -> dict[str, Any]:
    told = {
        "id": "tx_1",
        "amount": "45.00",
        "currency": "eur",
        "livemode": False,
        "account": "acct_demo",
        "metadata": {"order_id": ORDER_ID, "shop": "demo"},
        **data,
    }
    return {"type": kind, "timestamp": "2025-10-09T08:53:10Z", "data": told}


def read(told: Any, **changes: Any) -> Notice:
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    return gateway(**changes).read_callback(raw, sign(raw, NOW), NOW)


def mapped(**fields: Any) -> dict[str, Any]:
    """Settings with other paths."""
    events = SET_UP["events"]
    return {"events": {**events, "fields": {**events["fields"], **fields}}}


PAID = PaymentNotice(
    "demo", ORDER_ID, Payment("standard", "tx_1", Money(4500, "EUR"), False, HAPPENED_AT_MS)
)


def test_a_payment_is_read_where_the_settings_say() -> None:
    assert read(event()) == PAID


def test_an_event_that_does_not_name_the_shop_is_of_whom_it_was_set_up_for() -> None:
    assert read(event(), **mapped(merchant_id=None)) == PAID
    assert read(event(metadata={"order_id": ORDER_ID})) == PAID


def test_an_event_that_names_another_shop_says_so() -> None:
    notice = read(event(metadata={"order_id": ORDER_ID, "shop": "other"}))

    assert isinstance(notice, PaymentNotice)
    assert notice.merchant_id == "other"


@pytest.mark.parametrize("at", [None, "yesterday", 7, "2025-10-09T08:53:10"])
def test_without_a_time_of_its_own_the_time_of_sending_counts(at: Any) -> None:
    notice = read({**event(), "timestamp": at})

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.succeeded_at_ms == NOW_MS


def test_a_failed_payment_brought_no_money() -> None:
    assert read(event("payment.failed", reason="declined")) == UnpaidNotice(
        "demo", ORDER_ID, "declined"
    )
    assert read(event("payment.failed")) == UnpaidNotice("demo", ORDER_ID, "payment.failed")


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("refund.succeeded", RefundState.SUCCEEDED),
        ("refund.pending", RefundState.PENDING),
        ("refund.failed", RefundState.FAILED),
    ],
)
def test_a_refund_is_as_far_as_the_event_says(kind: str, state: RefundState) -> None:
    refund = {"number": "R1", "id": "rf_1", "amount": 10}

    assert read(event(kind, refund=refund)) == RefundNotice(
        "demo",
        ORDER_ID,
        "tx_1",
        RefundReport("R1", "rf_1", state, Money(1000, "EUR"), HAPPENED_AT_MS),
    )


def test_a_refund_needs_one_number_of_two() -> None:
    known = [{"number": "R1", "amount": 10}, {"id": "rf_1", "amount": 10}]
    for refund in known:
        assert isinstance(read(event("refund.succeeded", refund=refund)), RefundNotice)

    with pytest.raises(RequestInvalid):
        read(event("refund.succeeded", refund={"amount": 10}))


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("dispute.created", DisputeState.OPENED),
        ("dispute.won", DisputeState.WON),
        ("dispute.lost", DisputeState.LOST),
    ],
)
def test_a_dispute_stands_as_the_event_says(kind: str, state: DisputeState) -> None:
    notice = read(event(kind, dispute={"id": "d_1"}, reason="fraud"))

    told = Dispute("standard", "d_1", "tx_1", state, Money(4500, "EUR"), "fraud", HAPPENED_AT_MS)
    assert notice == DisputeNotice("demo", ORDER_ID, told)


@pytest.mark.parametrize(
    "told",
    [
        event("customer.created"),
        {**event(), "type": 7},
        {"data": {}},
        [],
        "payment.succeeded",
        event(metadata={}),
        event(metadata=None),
        event(metadata="x"),
    ],
)
def test_what_moves_nothing_is_ignored(told: Any) -> None:
    assert isinstance(read(told), IgnoredNotice)


# Amounts.


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        (b'"45.10"', 4510),
        (b"45.10", 4510),
        (b"45", 4500),
        (b"4.51e1", 4510),
        (b"0.29", 29),
        (b'"1.000"', 100),
        (b"1000000000000.29", 100000000000029),
        (b"0", 0),
    ],
)
def test_decimal_amounts_are_exact(written: bytes, minor: int) -> None:
    raw = json.dumps(event(amount="AMOUNT")).encode().replace(b'"AMOUNT"', written)

    notice = read(raw)

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.money == Money(minor, "EUR")


@pytest.mark.parametrize(("written", "minor"), [(4510, 4510), ("4510", 4510)])
def test_minor_amounts_are_taken_as_they_are(written: Any, minor: int) -> None:
    events = {**SET_UP["events"], "amounts": "minor"}

    notice = read(event(amount=written), events=events)

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.money == Money(minor, "EUR")


@pytest.mark.parametrize("amounts", ["minor", "decimal"])
@pytest.mark.parametrize(
    "amount",
    [
        None,
        True,
        "",
        "x",
        "45.001",
        "45." + "0" * 30 + "1",
        -1,
        "-1",
        "NaN",
        "Infinity",
        "1e999999999",
        "1e-999999999",
        10**17,
        {},
        [45],
    ],
)
def test_what_is_no_amount_is_refused(amounts: str, amount: Any) -> None:
    with pytest.raises(RequestInvalid):
        read(event(amount=amount), events={**SET_UP["events"], "amounts": amounts})


def test_half_a_cent_is_refused() -> None:
    with pytest.raises(RequestInvalid):
        read(event(amount=45.5), events={**SET_UP["events"], "amounts": "minor"})


# What is refused.


@pytest.mark.parametrize("live", [True, "false", 1])
def test_test_money_buys_nothing_from_a_live_shop_nor_the_other_way_round(live: Any) -> None:
    with pytest.raises(PaymentModeMismatch):
        read(event(livemode=live))
    with pytest.raises(PaymentModeMismatch):
        read(event(), live=True)


def test_money_on_another_account_is_not_ours() -> None:
    with pytest.raises(PaymentMerchantMismatch):
        read(event(account="acct_other"))
    with pytest.raises(RequestInvalid):
        read(event(account=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": ""},
        {"id": "x" * 129},
        {"id": True},
        {"id": 4.5},
        {"currency": None},
        {"currency": "euro"},
        {"currency": "€€€"},
        {"metadata": {"order_id": {}}},
        {"metadata": {"order_id": ORDER_ID, "shop": []}},
    ],
)
def test_a_signed_event_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        read(event(**changes))


def test_a_number_may_name_a_transaction() -> None:
    notice = read(event(id=70001))

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.transaction_id == "70001"


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b"null{}", b"1e99999999999999999999"])
def test_a_signed_body_that_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestMalformed):
        read(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
NAMES = ("id", "amount", "currency", "livemode", "account", "metadata", "refund", "dispute")


@settings(deadline=None)
@given(
    kind=st.sampled_from(sorted(SET_UP["events"]["types"])),
    data=st.dictionaries(st.sampled_from(NAMES), JSON),
)
def test_whatever_is_signed_is_read_or_refused(kind: str, data: dict[str, Any]) -> None:
    with suppress(Rejected):
        read(event(kind, **data))
