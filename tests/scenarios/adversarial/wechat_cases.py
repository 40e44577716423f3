"""WeChat Pay: a signature in five headers, and JSON with a sealed resource in it."""

import json
import time
from collections.abc import Callable
from typing import Any

from scrip.domain import errors
from tests.oracles import wechat_keys
from tests.oracles.wechat_server import WechatServer
from tests.scenarios.adversarial.accounts import CERTIFIED, ENDED, JSON, certified
from tests.scenarios.adversarial.cases import (
    DELIVERED,
    DUPLICATE,
    ENDLESS,
    GIVEN_BACK_BEFORE,
    IGNORED,
    REFUND,
    REFUND_DUE,
    STRAY,
    Case,
    Scene,
    Sent,
    body,
    doubled,
    header,
    paid,
    refused,
    signed,
    told,
)

SIGNATURE, SERIAL = "wechatpay-signature", "wechatpay-serial"
STAMP, NONCE, TYPE = "wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature-type"
MAKER = WechatServer()
"""Seals and signs with the keys that the stand-in has, and keeps no book."""


def aged(seconds: int) -> Callable[[Scene], list[Sent]]:
    return lambda scene: [scene.sign(scene.pay().raw, int(time.time()) + seconds)]


def by_another_key(serial: str) -> Callable[[Sent], Sent]:
    """Signed with a key of somebody else, under any serial."""

    def change(sent: Sent) -> Sent:
        stranger = WechatServer(serial="somebody", now_seconds=int(time.time()))
        return sent._replace(headers={**JSON, **stranger.sign(sent.raw), SERIAL: serial})

    return change


def by_certificate(name: str, serial: str = "") -> Callable[[Sent], Sent]:
    """Signed with the key of one of WeChat's certificates, under its serial or another."""

    def change(sent: Sent) -> Sent:
        own = certified(name)
        now = int(time.time())
        signer = WechatServer(serial=own.serial, certificates=[own], now_seconds=now)
        return sent._replace(
            headers={**JSON, **signer.sign(sent.raw), SERIAL: serial or own.serial}
        )

    return change


def refund(scene: Scene) -> Sent:
    news = {
        "mchid": wechat_keys.MCHID,
        "out_trade_no": scene.order_id,
        "transaction_id": f"4200{scene.order_id}",
        "out_refund_no": "R1",
        "refund_id": "5030",
        "refund_status": "SUCCESS",
        "success_time": scene.account.book.time(),
        "amount": {"total": 4500, "refund": 1000, "payer_total": 4500, "payer_refund": 1000},
    }
    made, headers = scene.account.book.callback("REFUND.SUCCESS", news)
    return Sent(made, {**JSON, **headers})


def given_back(scene: Scene) -> list[Sent]:
    return [scene.pay(), refund(scene), scene.pay()]


def given_back_before(scene: Scene) -> list[Sent]:
    return given_back(scene)[1:]


def sealed(event: str = "TRANSACTION.SUCCESS", **changes: Any) -> Callable[[Scene], bytes]:
    """A payment, sealed anew: with another key, or with other words around it."""

    def raw(scene: Scene) -> bytes:
        scene.pay()
        paid = {"out_trade_no": scene.order_id, "trade_state": "SUCCESS"}
        made, _ = MAKER.callback(event, changes.pop("content", paid), **changes.pop("sealing", {}))
        whole = json.loads(made)
        whole["resource"] |= changes.get("resource", {})
        whole |= changes.get("around", {})
        return json.dumps(whole).encode()

    return raw


def unpaid_then_paid(scene: Scene) -> list[Sent]:
    return [scene.pay({"trade_state": "PAYERROR"}), scene.pay()]


def paid_then_unpaid(scene: Scene) -> list[Sent]:
    return [scene.pay(), scene.pay({"trade_state": "CLOSED"})]


def total(amount: object, **more: object) -> dict[str, Any]:
    return {"amount": {"total": amount, "currency": "CNY", **more}}


OTHER_KEY = {"key": "another0APIv3key0of032characters"}

SIGNATURES = (
    *(
        refused(f"no {name}", header(name, lambda _: None), errors.SignatureMissing)
        for name in (SIGNATURE, SERIAL, STAMP, NONCE)
    ),
    refused(
        "a probe", header(SIGNATURE, lambda s: f"WECHATPAY/SIGNTEST/{s}"), errors.SignatureProbe
    ),
    refused(
        "a probe in small letters",
        header(SIGNATURE, lambda s: f"wechatpay/signtest/{s}"),
        errors.SignatureInvalid,
    ),
    refused(
        "an unknown serial",
        header(SERIAL, lambda _: "PUB_KEY_ID_0000000000000000000000000"),
        errors.SignatureInvalid,
    ),
    refused("a serial in small letters", header(SERIAL, str.lower), errors.SignatureInvalid),
    refused(
        "a serial that is a path", header(SERIAL, lambda _: "../" * 20), errors.SignatureInvalid
    ),
    refused("a serial of 4000 letters", header(SERIAL, lambda s: s * 100), errors.SignatureInvalid),
    refused(
        "the merchant's own serial",
        header(SERIAL, lambda _: wechat_keys.certified("merchant").serial),
        errors.SignatureInvalid,
    ),
    refused(
        "another key under our serial",
        by_another_key(wechat_keys.PUBLIC_KEY_ID),
        errors.SignatureInvalid,
    ),
    refused(
        "another key under its own serial", by_another_key("PUB_KEY_ID_1"), errors.SignatureInvalid
    ),
    paid("a certificate beside a public key", by_certificate(CERTIFIED)),
    refused("a certificate that has ended", by_certificate(ENDED), errors.SignatureExpired),
    refused(
        "a certificate's key under the id of the public key",
        by_certificate(CERTIFIED, wechat_keys.PUBLIC_KEY_ID),
        errors.SignatureInvalid,
    ),
    refused(
        "the public key under a certificate's serial",
        header(SERIAL, lambda _: certified(CERTIFIED).serial),
        errors.SignatureInvalid,
    ),
    refused("another nonce", header(NONCE, lambda s: s + "0"), errors.SignatureInvalid),
    refused("a nonce that is not ASCII", header(NONCE, lambda s: "é" + s), errors.SignatureInvalid),
    refused("another second", header(STAMP, lambda s: str(int(s) + 1)), errors.SignatureInvalid),
    refused(
        "a time with a zero in front", header(STAMP, lambda s: "0" + s), errors.SignatureInvalid
    ),
    refused("a time below nothing", header(STAMP, lambda _: "-1"), errors.SignatureInvalid),
    refused(
        "a signature that is no base64",
        header(SIGNATURE, lambda s: "*" + s),
        errors.SignatureInvalid,
    ),
    refused("a signature cut short", header(SIGNATURE, lambda s: s[:-8]), errors.SignatureInvalid),
    refused("a signature of nothing", header(SIGNATURE, lambda _: "AAAA"), errors.SignatureInvalid),
    refused(
        "two signatures, a worthless first", doubled(SIGNATURE, "AAAA"), errors.SignatureInvalid
    ),
    refused(
        "a weaker type", header(TYPE, lambda _: "WECHATPAY2-SHA1-RSA2048"), errors.SignatureInvalid
    ),
    refused(
        "a type of other keys",
        header(TYPE, lambda _: "WECHATPAY2-SM2-WITH-SM3"),
        errors.SignatureInvalid,
    ),
    paid("no type", header(TYPE, lambda _: None)),
    Case("almost too old", aged(-290), (DELIVERED,), "delivered"),
    Case("almost too early", aged(290), (DELIVERED,), "delivered"),
    Case("too old", aged(-302), (errors.SignatureExpired,)),
    Case("too early", aged(310), (errors.SignatureExpired,)),
)

BODIES = (
    refused("a line more", body(lambda raw: raw + b"\n"), errors.SignatureInvalid),
    refused(
        "letters escaped",
        body(lambda raw: json.dumps(json.loads(raw)).encode()),
        errors.SignatureInvalid,
    ),
    refused("in GBK", body(lambda raw: raw.decode().encode("gbk")), errors.SignatureInvalid),
    paid(
        "as bytes instead of text", lambda sent: sent.but(content_type="application/octet-stream")
    ),
    signed(
        "signed: no resource",
        lambda _: b'{"event_type":"TRANSACTION.SUCCESS","create_time":"2026-01-01T00:00:00+08:00"}',
        errors.RequestInvalid,
    ),
    signed("signed: a list", lambda _: b"[]", errors.RequestInvalid),
    signed("sealed with another key", sealed(sealing=OTHER_KEY), errors.RequestInvalid),
    signed(
        "sealed with no algorithm", sealed(resource={"algorithm": "none"}), errors.RequestInvalid
    ),
    signed(
        "sealed with a nonce of one letter", sealed(resource={"nonce": "0"}), errors.RequestInvalid
    ),
    signed("sealed with an empty nonce", sealed(resource={"nonce": ""}), errors.RequestInvalid),
    signed(
        "sealed with a nonce of 4000 letters",
        sealed(resource={"nonce": "0" * 4000}),
        errors.RequestInvalid,
    ),
    signed(
        "sealed for something else",
        sealed(resource={"associated_data": "refund"}),
        errors.RequestInvalid,
    ),
    signed("sealed: nothing", sealed(resource={"ciphertext": ""}), errors.RequestInvalid),
    signed(
        "sealed: less than a tag", sealed(resource={"ciphertext": "AAAA"}), errors.RequestInvalid
    ),
    signed("sealed: no base64", sealed(resource={"ciphertext": "密文"}), errors.RequestInvalid),
    signed("sealed: no JSON", sealed(content=b"\x00\xff"), errors.RequestMalformed),
    signed("sealed: nested deep", sealed(content=b"[" * 20_000), errors.RequestInvalid),
    signed("a payment as a refund", sealed("REFUND.SUCCESS"), errors.RequestInvalid),
    signed("an event that is not known", sealed("TRANSACTION.success"), IGNORED),
    signed("an event without end", sealed(around={"event_type": ENDLESS}), IGNORED),
    signed(
        "a time without a zone",
        sealed(around={"create_time": "2026-01-01T00:00:00"}),
        errors.RequestInvalid,
    ),
)

FACTS = (
    told("another merchant is paid", {"mchid": "1900000110"}, errors.PaymentMerchantMismatch),
    told("another app is paid", {"appid": "wx0000000000000000"}, errors.PaymentMerchantMismatch),
    told("no app", {"appid": ""}, errors.PaymentMerchantMismatch),
    told("nobody attached", {"attach": ""}, errors.PaymentMerchantMismatch),
    told("a state without end", {"trade_state": ENDLESS}, IGNORED),
    told("an order without end", {"out_trade_no": ENDLESS}, errors.OrderUnknown),
    told("not paid", {"trade_state": "NOTPAY"}, IGNORED),
    told("paid, in small letters", {"trade_state": "success"}, IGNORED),
    told("a negative amount", total(-4500), errors.RequestInvalid),
    told("an amount with decimals", total(45.5), errors.RequestInvalid),
    told("an amount in yuan", total(45), STRAY, strays=("short refund",)),
    told("an amount as text", total("4500"), errors.RequestInvalid),
    told(
        "an amount with an exponent",
        {"amount": {"total": 4.5e3, "currency": "CNY"}},
        errors.RequestInvalid,
    ),
    told(
        "the payer gave nothing, coupons did",
        total(4500, payer_total=0),
        DELIVERED,
        state="delivered",
    ),
    told(
        "the payer gave more than was asked",
        total(1, payer_total=4500),
        STRAY,
        strays=("short refund",),
    ),
    told("a currency in small letters", total(4500, currency="cny"), errors.RequestInvalid),
    told("a currency of look-alikes", total(4500, currency="СNY"), errors.RequestInvalid),
    told("twice what was asked", total(9000), REFUND_DUE, state="refund_due", owed=4500),
    told("no transaction", {"transaction_id": ""}, errors.RequestInvalid),
    told("a transaction without end", {"transaction_id": "4" * 65}, errors.RequestInvalid),
    told(
        "a transaction with a NUL and a smile",
        {"transaction_id": "4200\0😀"},
        DELIVERED,
        state="delivered",
    ),
    told(
        "paid in the year 1",
        {"success_time": "0001-01-01T00:00:00+14:00"},
        DELIVERED,
        state="delivered",
    ),
    told("paid on no day", {"success_time": "2026-02-30T00:00:00+08:00"}, errors.RequestInvalid),
    Case("given back in part, then paid", given_back_before, *GIVEN_BACK_BEFORE),
    Case("paid, then given back in part", given_back, (DELIVERED, REFUND, DUPLICATE), "delivered"),
    Case("failure, then success", unpaid_then_paid, (IGNORED, DELIVERED), "delivered"),
    Case("success, then failure", paid_then_unpaid, (DELIVERED, IGNORED), "delivered"),
)

CASES = SIGNATURES + BODIES + FACTS
