"""A shop's refunds over Alipay, against a stand-in over loopback."""

import pytest

from scrip.domain.errors import PaymentProviderRefused, PaymentProviderUnavailable
from scrip.domain.money import Money
from scrip.domain.payment import PaymentAsked, Unpaid
from scrip.domain.refund import RefundReport, RefundState
from tests.adapters.alipay_making import NOW, REFUND_ID, gateway, paid, refund_of
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.alipay_server import AlipayServer


@pytest.fixture
def api(alipay_api: AlipayServer) -> AlipayServer:
    alipay_api.forget(NOW)
    return alipay_api


def test_money_that_was_given_back_whole_is_no_payment(api: AlipayServer) -> None:
    payment = paid(api)
    gateway(api).refund(refund_of(payment))

    asked = PaymentAsked("demo", ORDER_ID, "page-0-0")

    assert gateway(api).query_payment(asked) == Unpaid(closed=True)


def test_a_refund_moves_money_once(api: AlipayServer) -> None:
    payment = paid(api)
    wanted = refund_of(payment, 1234)
    report = RefundReport(REFUND_ID, REFUND_ID, RefundState.SUCCEEDED, Money(1234, "CNY"), NOW_MS)

    assert gateway(api).query_refund(wanted) is None
    assert [gateway(api).refund(wanted) for _ in range(2)] == [report, report]
    assert gateway(api).query_refund(wanted) == report
    assert {k: str(v) for k, v in api.trades[ORDER_ID].refunds.items()} == {REFUND_ID: "12.34"}


def test_a_refund_whose_answer_is_lost_is_found_again(api: AlipayServer) -> None:
    payment = paid(api)
    api.lose = 1

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).refund(refund_of(payment))

    assert gateway(api).refund(refund_of(payment)).state is RefundState.SUCCEEDED
    assert len(api.trades[ORDER_ID].refunds) == 1


def test_a_refund_under_way_is_pending_until_it_is_done(api: AlipayServer) -> None:
    payment = paid(api)
    api.slow_refunds = True

    assert gateway(api).refund(refund_of(payment)).state is RefundState.PENDING
    assert gateway(api).refund(refund_of(payment)).state is RefundState.PENDING
    api.slow_refunds = False
    assert gateway(api).refund(refund_of(payment)).state is RefundState.SUCCEEDED


def test_a_refund_of_more_than_was_paid_is_refused(api: AlipayServer) -> None:
    payment = paid(api)
    gateway(api).refund(refund_of(payment, 4000))

    with pytest.raises(PaymentProviderRefused, match="REFUND_AMT_NOT_EQUAL_TOTAL"):
        gateway(api).refund(refund_of(payment, 501, refund_id="RF2"))
    with pytest.raises(PaymentProviderRefused, match="DISCORDANT_REPEAT_REQUEST"):
        gateway(api).refund(refund_of(payment, 3999))
    with pytest.raises(PaymentProviderRefused, match="CNY"):
        gateway(api).refund(refund_of(payment, money=Money(1, "EUR")))


@pytest.mark.parametrize("why", ["ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.REASON_TRADE_BEEN_FREEZEN"])
def test_a_refund_that_waits_for_the_merchant_is_stuck(api: AlipayServer, why: str) -> None:
    payment = paid(api)
    api.fail_with.append({"code": "40004", "sub_code": why})

    assert gateway(api).refund(refund_of(payment)).state is RefundState.STUCK


def test_an_old_answer_about_another_refund_tells_nothing(api: AlipayServer) -> None:
    payment = paid(api)
    gateway(api).refund(refund_of(payment, 1000, refund_id="RF1"))
    asked = {"out_trade_no": ORDER_ID, "out_request_no": "RF1"}
    old = {"code": "10000", **api._refund_query(asked)}
    api.fail_with.append(api.signed("alipay.trade.fastpay.refund.query", old))

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).query_refund(refund_of(payment, 1000, refund_id="RF2"))


def test_a_reason_is_sent_where_there_is_one(api: AlipayServer) -> None:
    payment = paid(api)
    for refund_id, reason in (("RF1", ""), ("RF2", "缺货" * 200)):
        gateway(api).refund(refund_of(payment, 1, refund_id=refund_id, reason=reason))

    sent = [content for method, content in api.requests if method == "alipay.trade.refund"]

    assert [content.get("refund_reason") for content in sent] == [None, "缺货" * 128]
