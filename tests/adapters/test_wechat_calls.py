"""A shop's calls to WeChat Pay, against a stand-in over loopback that checks each signature."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from wechatpayv3.utils import rsa_verify

from scrip.adapters.gateways.port import Gateway
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentMerchantMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
)
from scrip.domain.money import Money
from scrip.domain.payment import Payer, PaymentAsked, Unpaid
from scrip.domain.refund import RefundReport, RefundState
from tests.adapters.wechat_calling import ASKED, gateway, payment, refund, request
from tests.domain.making import ORDER_ID
from tests.oracles.wechat_keys import APPID, MINI_APPID, NOTIFY_URL, NOW_SECONDS, certified
from tests.oracles.wechat_server import WechatServer


def test_it_is_a_gateway() -> None:
    offered: Gateway = gateway("")

    assert offered.provider == "wechat"


def test_a_payment_opens_as_a_qr_code_unless_asked_otherwise(wechat_api: WechatServer) -> None:
    opened = gateway(wechat_api.base).open_payment(request())

    kept = wechat_api.orders[ORDER_ID]
    assert opened.reference == ORDER_ID
    assert opened.qr_text is not None
    assert opened.qr_text.startswith("weixin://wxpay/bizpayurl?pr=")
    assert (opened.client_secret, opened.checkout_url, opened.invoke) == (None, None, None)
    assert kept["amount"] == {"total": 4500, "currency": "CNY"}
    assert (kept["appid"], kept["attach"]) == (APPID, "demo")
    assert NOTIFY_URL.encode() in wechat_api.opened[ORDER_ID]
    assert b'"time_expire":"2025-10-09T17:08:20+08:00"' in wechat_api.opened[ORDER_ID]
    assert "演示商店 7K2M".encode() in wechat_api.opened[ORDER_ID]


@pytest.mark.parametrize(("method", "appid"), [("jsapi", APPID), ("mini", MINI_APPID)])
def test_a_payment_inside_wechat_opens_with_signed_parameters(
    wechat_api: WechatServer, method: str, appid: str
) -> None:
    asked = request(method=method, payer=Payer(openid="oUpF8uMuAJO"))

    invoke = gateway(wechat_api.base).open_payment(asked).invoke

    assert invoke is not None
    assert wechat_api.orders[ORDER_ID]["appid"] == invoke["appId"] == appid
    assert list(invoke) == ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"]
    assert invoke["package"].startswith("prepay_id=wx")
    assert (invoke["timeStamp"], invoke["signType"]) == (str(NOW_SECONDS), "RSA")
    first = f"{appid}\n{invoke['timeStamp']}"  # the library knows three lines, these are four
    key = certified("merchant").pair.private.public_key()
    assert rsa_verify(first, invoke["nonceStr"], invoke["package"], invoke["paySign"], key)


def test_without_an_app_of_its_own_a_mini_program_uses_the_usual_one(
    wechat_api: WechatServer,
) -> None:
    asked = request(method="mini", payer=Payer(openid="oUpF8uMuAJO"))

    invoke = gateway(wechat_api.base, mini_appid=None).open_payment(asked).invoke

    assert invoke is not None
    assert invoke["appId"] == APPID


def test_a_payment_opens_on_a_page_that_leads_back(wechat_api: WechatServer) -> None:
    back = "https://shop.example/thanks?order=1&x=ü"
    asked = request(method="h5", payer=Payer(ip="203.0.113.7"), return_url=back)

    opened = gateway(wechat_api.base).open_payment(asked)

    assert opened.checkout_url is not None
    assert parse_qs(urlsplit(opened.checkout_url).query)["redirect_url"] == [back]
    assert b'"payer_client_ip":"203.0.113.7"' in wechat_api.opened[ORDER_ID]
    plain = gateway(wechat_api.base).open_payment(
        request(order_id="0000000000000001", method="h5", payer=Payer(ip="203.0.113.7"))
    )
    assert "redirect_url" not in (plain.checkout_url or "")


@pytest.mark.parametrize(
    "changes",
    [{"method": "card"}, {"method": "jsapi"}, {"method": "mini"}, {"method": "h5"}],
)
def test_what_a_way_to_pay_needs_must_be_there(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        gateway("http://127.0.0.1:9").open_payment(request(**changes))


def test_only_yuan_are_charged() -> None:
    with pytest.raises(PaymentProviderRefused, match="CNY"):
        gateway("http://127.0.0.1:9").open_payment(request(money=Money(4500, "EUR")))


@pytest.mark.parametrize("text", ["码" * 200, "a" + "码" * 200, "two\nlines \u2028 and\tmore"])
def test_a_description_is_one_line_of_a_length_that_wechat_takes(
    wechat_api: WechatServer, text: str
) -> None:
    gateway(wechat_api.base).open_payment(request(description=text))

    assert rb"\n" not in wechat_api.opened[ORDER_ID]
    assert "\u2028".encode() not in wechat_api.opened[ORDER_ID]


def test_opening_or_reading_again_shows_the_same_payment(wechat_api: WechatServer) -> None:
    first = gateway(wechat_api.base).open_payment(request())

    assert gateway(wechat_api.base).open_payment(request()) == first
    assert gateway(wechat_api.base).read_payment(request(), first.reference) == first
    assert len(wechat_api.orders) == 1


@pytest.mark.parametrize("changes", [{"money": Money(1, "CNY")}, {"description": "other"}])
def test_opening_again_with_other_figures_is_told_as_such(
    wechat_api: WechatServer, changes: dict[str, Any]
) -> None:
    gateway(wechat_api.base).open_payment(request())

    with pytest.raises(IdempotencyKeyReused):
        gateway(wechat_api.base).open_payment(request(**changes))

    wechat_api.fail_with = [(403, {"code": "OUT_TRADE_NO_USED", "message": "用过"})]
    with pytest.raises(IdempotencyKeyReused):
        gateway(wechat_api.base).open_payment(request(**changes))


def test_an_order_is_unpaid_until_it_is_paid(wechat_api: WechatServer) -> None:
    asking = gateway(wechat_api.base)
    assert asking.query_payment(ASKED) == Unpaid()
    asking.open_payment(request())
    assert asking.query_payment(ASKED) == Unpaid()

    wechat_api.pay(ORDER_ID)

    assert asking.query_payment(ASKED) == payment(wechat_api)


@pytest.mark.parametrize(
    ("state", "closed"),
    [
        ("NOTPAY", False),
        ("USERPAYING", False),
        ("PAYERROR", False),
        ("CLOSED", True),
        ("REVOKED", True),
        ("REFUND", True),
        ("SOMETHING_NEW", False),
    ],
)
def test_no_other_state_than_success_is_a_payment(
    wechat_api: WechatServer, state: str, closed: bool
) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.pay(ORDER_ID)
    wechat_api.orders[ORDER_ID]["trade_state"] = state

    assert gateway(wechat_api.base).query_payment(ASKED) == Unpaid(closed)


def test_an_order_of_another_app_is_not_ours(wechat_api: WechatServer) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.orders[ORDER_ID]["appid"] = "wx0000000000000000"

    with pytest.raises(PaymentMerchantMismatch):
        gateway(wechat_api.base).query_payment(ASKED)


def test_a_closed_order_stays_closed(wechat_api: WechatServer) -> None:
    closing = gateway(wechat_api.base)
    closing.open_payment(request())

    assert closing.close_payment(ASKED) == Unpaid(closed=True)
    assert closing.close_payment(ASKED) == Unpaid(closed=True)
    assert closing.query_payment(ASKED) == Unpaid(closed=True)
    with pytest.raises(PaymentProviderRefused, match="ORDER_CLOSED"):
        closing.open_payment(request())


@pytest.mark.parametrize("code", ["ORDERPAID", "ORDER_PAID", "TRADE_ERROR", "INVALID_REQUEST"])
def test_closing_a_paid_order_finds_the_payment_however_it_is_told(
    wechat_api: WechatServer, code: str
) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.pay(ORDER_ID)
    wechat_api.fail_with = [(400, {"code": code, "message": "订单已支付"})]

    assert gateway(wechat_api.base).close_payment(ASKED) == payment(wechat_api)
    assert gateway(wechat_api.base).close_payment(ASKED) == payment(wechat_api)


def test_closing_what_is_closed_already_may_be_refused(wechat_api: WechatServer) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.orders[ORDER_ID]["trade_state"] = "CLOSED"
    wechat_api.fail_with = [(400, {"code": "ORDER_CLOSED", "message": "订单已关闭"})]

    assert gateway(wechat_api.base).close_payment(ASKED) == Unpaid(closed=True)


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST"])
def test_an_order_that_was_never_opened_counts_as_closed(
    wechat_api: WechatServer, code: str
) -> None:
    assert gateway(wechat_api.base).close_payment(ASKED) == Unpaid(closed=True)

    wechat_api.fail_with = [(404, {"code": code, "message": "订单不存在"})]
    assert gateway(wechat_api.base).close_payment(ASKED) == Unpaid(closed=True)


def test_an_order_in_the_middle_of_being_paid_is_not_closed(wechat_api: WechatServer) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.paying = True

    assert gateway(wechat_api.base).close_payment(ASKED) == Unpaid(closed=False)

    wechat_api.fail_with = [(400, {"code": "USERPAYING", "message": "用户支付中"})]
    assert gateway(wechat_api.base).close_payment(ASKED) == Unpaid(closed=False)


def test_a_refusal_to_close_an_open_order_is_passed_on(wechat_api: WechatServer) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.fail_with = [(403, {"code": "NO_AUTH", "message": "没有权限"})]

    with pytest.raises(PaymentProviderRefused, match="403 NO_AUTH"):
        gateway(wechat_api.base).close_payment(ASKED)


@pytest.mark.parametrize(
    ("status", "state", "seconds"),
    [
        ("PROCESSING", RefundState.PENDING, 0),
        ("SUCCESS", RefundState.SUCCEEDED, 5),
        ("CLOSED", RefundState.FAILED, 0),
        ("ABNORMAL", RefundState.STUCK, 0),
    ],
)
def test_a_refund_is_reported_and_found_again(
    wechat_api: WechatServer, status: str, state: RefundState, seconds: int
) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.pay(ORDER_ID)
    wechat_api.refund_state = status

    report = gateway(wechat_api.base).refund(refund(wechat_api))

    kept = wechat_api.refunds["R7K2M9Q4XTB3WHD5N0"]
    assert report == RefundReport(
        "R7K2M9Q4XTB3WHD5N0",
        kept["refund_id"],
        state,
        Money(1000, "CNY"),
        (NOW_SECONDS + seconds) * 1000,
    )
    assert gateway(wechat_api.base).query_refund(refund(wechat_api)) == report


def test_a_refund_sent_again_is_the_same_refund(wechat_api: WechatServer) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.pay(ORDER_ID)

    assert gateway(wechat_api.base).refund(refund(wechat_api)) == gateway(wechat_api.base).refund(
        refund(wechat_api)
    )
    assert len(wechat_api.refunds) == 1
    with pytest.raises(PaymentProviderRefused):
        gateway(wechat_api.base).refund(refund(wechat_api, 999))


@pytest.mark.parametrize("reason", ["", " \n", "卖完了" * 30])
def test_a_refund_needs_no_reason_and_takes_a_long_one(
    wechat_api: WechatServer, reason: str
) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.pay(ORDER_ID)

    report = gateway(wechat_api.base).refund(refund(wechat_api, reason=reason))

    assert report.state is RefundState.PENDING


def test_more_than_was_paid_is_not_refunded(wechat_api: WechatServer) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.pay(ORDER_ID)
    gateway(wechat_api.base).refund(refund(wechat_api, 4000))

    with pytest.raises(PaymentProviderRefused):
        gateway(wechat_api.base).refund(refund(wechat_api, 501, refund_id="R2"))


def test_a_refund_that_was_never_sent_is_unknown(wechat_api: WechatServer) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.pay(ORDER_ID)

    assert gateway(wechat_api.base).query_refund(refund(wechat_api)) is None


def test_an_answer_about_something_else_is_not_taken(wechat_api: WechatServer) -> None:
    gateway(wechat_api.base).open_payment(request())
    wechat_api.pay(ORDER_ID)
    gateway(wechat_api.base).refund(refund(wechat_api))

    wechat_api.refunds["R2"] = wechat_api.refunds["R7K2M9Q4XTB3WHD5N0"]
    wechat_api.orders["0000000000000001"] = wechat_api.orders[ORDER_ID]

    with pytest.raises(PaymentProviderUnavailable, match="another refund"):
        gateway(wechat_api.base).query_refund(refund(wechat_api, refund_id="R2"))
    with pytest.raises(PaymentProviderUnavailable, match="another order"):
        gateway(wechat_api.base).query_payment(PaymentAsked("demo", "0000000000000001", ""))
