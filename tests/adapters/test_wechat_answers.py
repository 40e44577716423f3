"""What is made of WeChat Pay's answers: lost, failed, badly signed, signed with a key to come."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.wechat import WechatGateway
from scrip.domain.errors import PaymentProviderRefused, PaymentProviderUnavailable
from tests.adapters.wechat_calling import ASKED, gateway, refund, request
from tests.domain.making import ORDER_ID
from tests.oracles.wechat_keys import (
    API_V3_KEY,
    NOW_SECONDS,
    PUBLIC_KEY_ID,
    certified,
    pair,
    secrets,
)
from tests.oracles.wechat_server import WechatServer

DAY = "2025-10-08"

CALLS: dict[str, Callable[[WechatGateway, WechatServer], object]] = {
    "open": lambda ours, _: ours.open_payment(request()),
    "read": lambda ours, _: ours.read_payment(request(), ORDER_ID),
    "query": lambda ours, _: ours.query_payment(ASKED),
    "close": lambda ours, _: ours.close_payment(ASKED),
    "refund": lambda ours, api: ours.refund(refund(api)),
    "query refund": lambda ours, api: ours.query_refund(refund(api)),
    "statement": lambda ours, _: list(ours.download_bill(DAY)),
    "certificates": lambda ours, _: ours.fetch_certificates(),
}


ON_PAID = ("refund", "query refund")


def made_ready(api: WechatServer, name: str) -> WechatGateway:
    """So that the call of this name succeeds."""
    ours = gateway(api.base)
    if name != "open":
        ours.open_payment(request())
    if name in ON_PAID:
        api.pay(ORDER_ID)
        ours.refund(refund(api))
    api.certificates = [certified("platform")]
    api.bills[DAY] = "none,but,names"
    return ours


@pytest.mark.parametrize("name", CALLS)
def test_a_lost_answer_is_nothing_known_and_repeating_is_the_same(
    wechat_api: WechatServer, name: str
) -> None:
    ours = made_ready(wechat_api, name)
    wechat_api.lose = 1

    with pytest.raises(PaymentProviderUnavailable):
        CALLS[name](ours, wechat_api)

    assert CALLS[name](ours, wechat_api) == CALLS[name](ours, wechat_api)
    assert len(wechat_api.orders) <= 1
    assert len(wechat_api.refunds) <= 1


UNAVAILABLE: list[tuple[int, Any]] = [
    (500, "SYSTEM_ERROR"),
    (400, "SYSTEMERROR"),
    (429, "RATELIMIT_EXCEEDED"),
    (403, "FREQUENCY_LIMITED"),
    (502, b"<html>"),
    (302, b""),
]
REFUSED: list[tuple[int, Any]] = [
    (400, []),
    (400, "PARAM_ERROR"),
    (401, "SIGN_ERROR"),
    (403, "NO_AUTH"),
    (403, "NOT_ENOUGH"),
]


@pytest.mark.parametrize(("status", "told"), UNAVAILABLE + REFUSED)
@pytest.mark.parametrize("name", CALLS)
def test_a_failed_call_tells_whether_to_ask_again(
    wechat_api: WechatServer, name: str, status: int, told: Any
) -> None:
    ours = made_ready(wechat_api, name)
    body = {"code": told, "message": f"quoting {API_V3_KEY}"} if isinstance(told, str) else told
    wechat_api.fail_with = [(status, body)]
    meant = PaymentProviderRefused if (status, told) in REFUSED else PaymentProviderUnavailable

    with pytest.raises(meant) as failed:
        CALLS[name](ours, wechat_api)

    code = told if isinstance(told, str) else ""
    assert failed.value.detail == f"WeChat answered {status} {code}".strip()
    assert API_V3_KEY not in f"{failed.value!r} {failed.value.__cause__!r}"


@pytest.mark.parametrize("body", [b"<html>", {"status": "ok"}, [], b"[" * 5000, b'"\xff"'])
@pytest.mark.parametrize("name", [name for name in CALLS if name != "close"])
def test_a_success_that_wechat_would_not_write_is_nothing_known(
    wechat_api: WechatServer, name: str, body: Any
) -> None:
    ours = made_ready(wechat_api, name)
    wechat_api.fail_with = [(200, body)]

    with pytest.raises(PaymentProviderUnavailable):
        CALLS[name](ours, wechat_api)


@pytest.mark.parametrize("why", ["unsigned", "another key", "late", "early", "probe"])
@pytest.mark.parametrize("name", CALLS)
def test_a_success_that_wechat_did_not_sign_is_nothing_known(
    wechat_api: WechatServer, name: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, sign = made_ready(wechat_api, name), wechat_api.sign
    wechat_api.unsigned = why == "unsigned"
    if why == "another key":
        wechat_api.serial = "PUB_KEY_ID_0000000000000000000000000002"
    if why in ("late", "early"):
        at = NOW_SECONDS + {"late": -301, "early": 301}[why]
        monkeypatch.setattr(wechat_api, "sign", lambda raw: sign(raw, at))
    if why == "probe":
        probe = {"wechatpay-signature": "WECHATPAY/SIGNTEST/x"}
        monkeypatch.setattr(wechat_api, "sign", lambda raw: {**sign(raw), **probe})

    with pytest.raises(PaymentProviderUnavailable, match="WeChat's answer: "):
        CALLS[name](ours, wechat_api)


def test_a_refusal_need_not_be_signed(wechat_api: WechatServer) -> None:
    ours = made_ready(wechat_api, "query refund")
    wechat_api.refunds.clear()
    wechat_api.unsigned = True

    assert ours.query_refund(refund(wechat_api)) is None


def test_a_refusal_that_is_signed_by_nobody_we_know_is_not_believed(
    wechat_api: WechatServer,
) -> None:
    wechat_api.fail_with = [(404, {"code": "ORDER_NOT_EXIST", "message": ""})]
    wechat_api.serial = "PUB_KEY_ID_0000000000000000000000000002"

    with pytest.raises(PaymentProviderUnavailable, match=f"no key of serial {wechat_api.serial}"):
        gateway(wechat_api.base).query_payment(ASKED)


def test_while_wechat_switches_either_key_is_taken(wechat_api: WechatServer) -> None:
    old = certified("platform")
    both = gateway(wechat_api.base, certificates={old.serial: old.pem})
    wechat_api.certificates = [old]

    for wechat_api.serial in (PUBLIC_KEY_ID, old.serial):
        assert both.open_payment(request()).qr_text
    with pytest.raises(PaymentProviderUnavailable, match=old.serial):
        gateway(wechat_api.base).open_payment(request())
    assert "GET /v3/certificates" not in wechat_api.requests


def test_the_certificates_of_tomorrow_are_fetched_with_those_of_today(
    wechat_api: WechatServer,
) -> None:
    old, new = certified("platform"), certified("platform of tomorrow")
    wechat_api.certificates, wechat_api.serial = [old, new], old.serial
    known = gateway(wechat_api.base, public_keys={}, certificates={old.serial: old.pem})

    found = known.fetch_certificates()

    assert found == {old.serial: old.pem, new.serial: new.pem}
    wechat_api.serial = new.serial
    changed = gateway(wechat_api.base, public_keys={}, certificates=found)
    assert changed.open_payment(request()).qr_text
    with pytest.raises(PaymentProviderUnavailable, match=new.serial):
        known.open_payment(request())


def test_certificates_that_cannot_be_read_are_not_taken(wechat_api: WechatServer) -> None:
    odd = certified("platform")
    wechat_api.certificates = [odd]
    for changes in ({"api_v3_keys": ["0" * 32]}, {}):
        wechat_api.certificates[0] = odd._replace(pem="nonsense") if not changes else odd
        with pytest.raises(PaymentProviderUnavailable, match="certificate"):
            gateway(wechat_api.base, **changes).fetch_certificates()

    wechat_api.certificates[0] = odd._replace(serial=certified("platform of tomorrow").serial)
    with pytest.raises(PaymentProviderUnavailable, match="certificate"):
        gateway(wechat_api.base).fetch_certificates()


def test_wechat_is_asked_to_sign_with_the_public_key(
    wechat_api: WechatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    http, asked_for = URLLib3Session(timeout=1), []
    send = http.send

    def watched(asked: AWSPreparedRequest) -> AWSResponse:
        asked_for.append(asked.headers["Wechatpay-Serial"])
        return send(asked)

    monkeypatch.setattr(http, "send", watched)
    WechatGateway(secrets(), wechat_api.base, http, lambda: NOW_SECONDS).query_payment(ASKED)

    assert asked_for == [PUBLIC_KEY_ID]


def test_a_request_signed_with_another_key_is_refused(wechat_api: WechatServer) -> None:
    other = pair("another merchant").private_pem

    with pytest.raises(PaymentProviderRefused, match="401 SIGN_ERROR"):
        gateway(wechat_api.base, merchant_private_key=other).open_payment(request())


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(PaymentProviderUnavailable):
        gateway(f"http://127.0.0.1:{port}").open_payment(request())
