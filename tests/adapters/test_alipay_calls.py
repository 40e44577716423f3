"""A shop's calls to Alipay, against a stand-in over loopback."""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scrip.adapters.gateways.alipay import ACKNOWLEDGED, METHODS
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    ScripError,
)
from scrip.domain.money import Money
from scrip.domain.payment import Payment, PaymentAsked, Unpaid
from tests.adapters.alipay_making import (
    EXPIRES_MS,
    NOW,
    SECRETS,
    gateway,
    opened,
    refund_of,
    request,
    secrets,
)
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.alipay_server import ALIPAY_KEY, OTHER_KEY, AlipayServer, bare


@pytest.fixture
def api(alipay_api: AlipayServer) -> AlipayServer:
    alipay_api.forget(NOW)
    return alipay_api


def content_of(url: str | None) -> str:
    assert url
    return parse_qs(urlsplit(url).query)["biz_content"][0]


def test_what_stops_alipay_is_the_word_success_alone() -> None:
    assert ACKNOWLEDGED == (200, "text/plain", b"success")


def test_a_page_is_signed_without_asking_alipay(api: AlipayServer) -> None:
    payment = gateway(api).open_payment(request(return_url="https://shop.example/thanks?a=1&b="))

    assert api.requests == []
    assert payment.checkout_url
    content = api.visit(payment.checkout_url).content
    assert payment.provider == "alipay"
    assert payment.checkout_url.startswith(f"{api.base}/gateway.do?")
    assert content == {
        "out_trade_no": ORDER_ID,
        "total_amount": "45.00",
        "subject": "Shop demo",
        "time_expire": "2025-10-09 17:53:20",
        "passback_params": "demo",
        "product_code": "FAST_INSTANT_TRADE_PAY",
        "quit_url": "https://shop.example/thanks?a=1&b=",
    }
    assert api.parameters[0]["return_url"] == "https://shop.example/thanks?a=1&b="


def test_a_page_for_phones_is_another_product(api: AlipayServer) -> None:
    payment = gateway(api).open_payment(request(method="wap"))

    assert payment.checkout_url
    assert api.visit(payment.checkout_url).content["product_code"] == "QUICK_WAP_WAY"
    assert "return_url" not in api.parameters[0]


@pytest.mark.parametrize("product", ["FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE"])
def test_a_code_to_scan_comes_from_alipay(api: AlipayServer, product: str) -> None:
    payment = gateway(api, secrets(qr_product=product)).open_payment(request(method="qr"))

    assert payment.qr_text
    assert payment.checkout_url is None
    assert api.scan(payment.qr_text).content["product_code"] == product


@pytest.mark.parametrize("method", METHODS)
def test_opening_again_opens_the_same_payment(api: AlipayServer, method: str) -> None:
    first = gateway(api).open_payment(request(method=method))

    assert gateway(api).open_payment(request(method=method)) == first
    assert gateway(api).read_payment(request(), first.reference) == first


def test_a_payment_read_later_expires_when_it_was_to_expire(api: AlipayServer) -> None:
    first = gateway(api).open_payment(request())
    api.now += 60

    again = gateway(api).read_payment(request(expires_at_ms=EXPIRES_MS + 999_000), first.reference)

    assert again.reference == first.reference
    assert again.checkout_url != first.checkout_url
    assert content_of(again.checkout_url) == content_of(first.checkout_url)


def test_other_figures_are_another_reference(api: AlipayServer) -> None:
    payments = [
        gateway(api).open_payment(request(**changes)).reference
        for changes in (
            {},
            {"money": Money(1, "CNY")},
            {"method": "wap"},
            {"expires_at_ms": NOW_MS},
        )
    ]

    assert len(set(payments)) == 4


def test_a_code_opened_with_other_figures_is_told_as_such(api: AlipayServer) -> None:
    gateway(api).open_payment(request(method="qr"))

    with pytest.raises(IdempotencyKeyReused):
        gateway(api).open_payment(request(method="qr", money=Money(1, "CNY")))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"money": Money(4500, "EUR")}, PaymentProviderRefused),
        ({"money": Money(0, "CNY")}, PaymentProviderRefused),
        ({"money": Money(10_000_000_001, "CNY")}, PaymentProviderRefused),
        ({"method": "jsapi"}, RequestInvalid),
    ],
)
def test_what_alipay_cannot_take_is_refused_here(
    api: AlipayServer, changes: dict[str, Any], error: type[ScripError]
) -> None:
    with pytest.raises(error):
        gateway(api).open_payment(request(**changes))

    assert api.requests == []


def test_a_name_that_alipay_would_refuse_is_written_without_its_signs(api: AlipayServer) -> None:
    named = request(description='A/B=C&D,"E"\n中文 ' + "x" * 300, merchant_id="a b/ü")

    content = api.visit(gateway(api).open_payment(named).checkout_url or "").content

    assert content["subject"] == ("A B C D  E  中文 " + "x" * 300)[:256]
    assert content["passback_params"] == "a%20b%2F%C3%BC"


def test_a_paid_trade_is_a_payment(api: AlipayServer) -> None:
    asked = opened(api)
    api.now += 5

    before = gateway(api).query_payment(asked)
    api.pay(ORDER_ID)
    payment = gateway(api).query_payment(asked)
    api.trades[ORDER_ID].status = "TRADE_FINISHED"

    assert before == Unpaid(closed=False)
    number = api.trades[ORDER_ID].trade_no
    at_ms = NOW_MS + 5000
    assert payment == Payment(
        "alipay", number, Money(4500, "CNY"), live=False, succeeded_at_ms=at_ms
    )
    assert gateway(api).query_payment(asked) == payment
    assert gateway(api).close_payment(asked) == payment


def test_live_keys_make_live_payments(api: AlipayServer) -> None:
    asked = opened(api)
    api.pay(ORDER_ID)

    payment = gateway(api, secrets(sandbox=False)).query_payment(asked)

    assert isinstance(payment, Payment)
    assert payment.live


def test_what_waits_for_its_buyer_can_be_closed(api: AlipayServer) -> None:
    asked = opened(api)

    assert gateway(api).close_payment(asked) == Unpaid(closed=True)
    assert api.trades[ORDER_ID].status == "TRADE_CLOSED"
    assert gateway(api).close_payment(asked) == Unpaid(closed=True)
    assert gateway(api).query_payment(asked) == Unpaid(closed=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_page_nobody_went_to_is_open_until_it_expires(api: AlipayServer, method: str) -> None:
    payment = gateway(api).open_payment(request(method=method))
    asked = PaymentAsked("demo", ORDER_ID, payment.reference)

    def told() -> set[Payment | Unpaid]:
        return {gateway(api).close_payment(asked), gateway(api).query_payment(asked)}

    assert told() == {Unpaid(closed=False)}
    api.now = EXPIRES_MS // 1000 + 60
    assert told() == {Unpaid(closed=False)}
    api.now += 1
    assert told() == {Unpaid(closed=True)}


ASKED = PaymentAsked("demo", ORDER_ID, f"page-{NOW}-0")
SOME = Payment("alipay", "2026112222001", Money(4500, "CNY"), live=False, succeeded_at_ms=0)
CALLS: dict[str, Callable[[AlipayServer], object]] = {
    "open": lambda api: gateway(api).open_payment(request(method="qr")),
    "query": lambda api: gateway(api).query_payment(ASKED),
    "close": lambda api: gateway(api).close_payment(ASKED),
    "refund": lambda api: gateway(api).refund(refund_of(SOME)),
    "query refund": lambda api: gateway(api).query_refund(refund_of(SOME)),
    "bill": lambda api: gateway(api).download_bill("2025-10-01"),
}
UNDECIDED = [("20000", "isp.unknow-error"), ("40005", "app-call-limited")]
UNDECIDED += [("40004", "ACQ.SYSTEM_ERROR"), ("40004", "AQC.SYSTEM_ERROR")]
REFUSED = [("40006", "isv.insufficient-isv-permissions"), ("40004", "ACQ.ACCESS_FORBIDDEN")]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("code", "sub_code"), UNDECIDED + REFUSED)
def test_a_failed_call_tells_whether_to_ask_again(
    api: AlipayServer, call: str, code: str, sub_code: str
) -> None:
    undecided = (code, sub_code) in UNDECIDED
    meant = PaymentProviderUnavailable if undecided else PaymentProviderRefused
    api.fail_with += [{"code": code, "sub_code": sub_code, "sub_msg": "quotes a secret"}] * 2

    with pytest.raises(meant) as failed:
        CALLS[call](api)

    assert failed.value.detail == f"Alipay answered {code} {sub_code}"


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_is_not_alipays_tells_nothing(api: AlipayServer, call: str) -> None:
    forged: list[bytes] = [
        b"<html>",
        b"",
        b"[]",
        b'{"sign":"x"}',
        b'{"alipay_trade_query_response":7,"sign":"x"}',
        b'{"error_response":{"code":"10000"}}',
        b'{"error_response":{"code":"40002","sub_code":"ACQ.TRADE_NOT_EXIST"}}',
        b'{"error_response":{"code":"40004","sub_code":"isv.invalid-app-id"}}',
        b'{"error_response":{"code":"40002","sub_code":"made up by us: <secret>"}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ]
    api.fail_with += forged

    for _ in forged:
        with pytest.raises(PaymentProviderUnavailable):
            CALLS[call](api)


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_somebody_else_signed_tells_nothing(api: AlipayServer, call: str) -> None:
    api.answer_key = OTHER_KEY

    with pytest.raises(PaymentProviderUnavailable, match="fits no key"):
        CALLS[call](api)


def test_during_a_change_of_keys_any_of_them_fits(api: AlipayServer) -> None:
    both = secrets(alipay_public_keys=(bare(OTHER_KEY.public_key()), bare(ALIPAY_KEY.public_key())))
    asked = opened(api)

    for api.answer_key in (ALIPAY_KEY, OTHER_KEY):
        assert gateway(api, both).query_payment(asked) == Unpaid(closed=False)


@pytest.mark.parametrize("name", ["alipay_trade_query_response", "error_response"])
def test_an_application_that_alipay_does_not_know_is_refused_unsigned(
    api: AlipayServer, name: str
) -> None:
    told = '{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id"}'
    api.fail_with.append(f'{{"{name}":{told},"sign":""}}'.encode())

    with pytest.raises(PaymentProviderRefused, match=r"isv\.invalid-app-id, unsigned"):
        gateway(api).query_payment(ASKED)


def test_an_old_answer_about_another_order_tells_nothing(api: AlipayServer) -> None:
    opened(api)
    other = PaymentAsked("demo", "0" * 16, ASKED.reference)
    old = api.signed(
        "alipay.trade.query", {"code": "10000", **api._query({"out_trade_no": ORDER_ID})}
    )
    api.fail_with.append(old)

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).query_payment(other)


@pytest.mark.parametrize(
    "wrong", [{"total_amount": "45.001"}, {"send_pay_date": "yesterday"}, {"trade_no": ""}]
)
def test_a_signed_answer_that_makes_no_sense_tells_nothing(
    api: AlipayServer, wrong: dict[str, str]
) -> None:
    asked = opened(api)
    api.pay(ORDER_ID)
    told = {"code": "10000", **api._query({"out_trade_no": ORDER_ID}), **wrong}
    api.fail_with.append(api.signed("alipay.trade.query", told))

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).query_payment(asked)


def test_a_lost_answer_is_asked_for_again(api: AlipayServer) -> None:
    for call in ("open", "query", "close"):
        api.lose = 1
        with pytest.raises(PaymentProviderUnavailable):
            CALLS[call](api)
        CALLS[call](api)


def test_nobody_listening_is_unavailable() -> None:
    with pytest.raises(PaymentProviderUnavailable):
        gateway().query_payment(ASKED)


def test_no_answer_in_time_is_unavailable() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        nobody = AlipayServer(base=f"http://127.0.0.1:{silent.getsockname()[1]}")

        with pytest.raises(PaymentProviderUnavailable):
            gateway(nobody, seconds=1).query_payment(ASKED)


def test_where_to_call_is_said_by_the_account() -> None:
    account = gateway(AlipayServer(base=""), secrets(sandbox=False))
    sandbox = gateway(AlipayServer(base=""), SECRETS)

    page = account.open_payment(request()).checkout_url or ""

    assert page.startswith("https://openapi.alipay.com/gateway.do?")
    assert "alipaydev.com" in (sandbox.open_payment(request()).checkout_url or "")
