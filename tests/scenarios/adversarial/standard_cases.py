"""Standard Webhooks: a signature in three headers, and JSON that is read as its merchant says."""

import json
import time
from collections.abc import Callable

from scrip.domain import errors
from tests.oracles.standard_bridge import OWN_SECRET, sign
from tests.scenarios.adversarial.cases import (
    DELIVERED,
    DISPUTED,
    DUPLICATE,
    ENDLESS,
    GIVEN_BACK_BEFORE,
    IGNORED,
    REFUND,
    REFUND_DUE,
    STRAY,
    Case,
    Scene,
    Sends,
    Sent,
    body,
    header,
    paid,
    refused,
    signed,
    told,
)

ID, STAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def aged(seconds: int) -> Callable[[Scene], list[Sent]]:
    return lambda scene: [scene.sign(scene.pay().raw, int(time.time()) + seconds)]


def with_secret(secret: str) -> Callable[[Sent], Sent]:
    return lambda sent: sent.but(**sign(sent.raw, int(time.time()), secret))


def dots_moved(scene: Scene) -> list[Sent]:
    """The same bytes are signed when the time is part of the id, and the body's begin the time."""
    now = str(int(time.time()))
    whole = scene.sign(f"{now}.25".encode())
    return [
        whole._replace(raw=b"25").but(
            **{ID: f"{whole.headers[ID]}.{whole.headers[STAMP]}", STAMP: now}
        )
    ]


def disputed(*words: str, order_id: str = "") -> Sends:
    """The payment, and what is then told of a dispute about it, all within a second or two."""

    def sends(scene: Scene) -> list[Sent]:
        named = {"order_id": order_id} if order_id else {}
        raw = scene.pay({"dispute": {"id": "dp_1"}}, **named).raw
        told = [raw.replace(b"payment.succeeded", f"dispute.{each}".encode()) for each in words]
        return [scene.pay(), *(scene.sign(each) for each in told)]

    return sends


def disputed_before(scene: Scene) -> list[Sent]:
    paid, dispute = disputed("created")(scene)
    return [dispute, paid]


def unnamed(scene: Scene) -> list[Sent]:
    return [scene.pay({"metadata": {"order_id": scene.order_id}})]


def at_the_neighbours(scene: Scene) -> list[Sent]:
    return [each._replace(merchant_id=scene.shops.neighbour.merchant_id) for each in unnamed(scene)]


def typed(kind: object) -> Callable[[Scene], bytes]:
    return lambda scene: json.dumps({**json.loads(scene.pay().raw), "type": kind}).encode()


def amount(text: str) -> Callable[[Scene], bytes]:
    """The amount exactly as it is written."""
    return lambda scene: scene.pay().raw.replace(b'"45.00"', text.encode())


def written(name: str, text: str, *, owed: int = 0) -> Case:
    """An amount written so that it covers the order."""
    ending, state = (REFUND_DUE, "refund_due") if owed else (DELIVERED, "delivered")
    return signed(name, amount(text), ending)._replace(state=state, owed=owed)


def given_back(scene: Scene) -> list[Sent]:
    told = {"refund": {"id": "rf_1", "amount": "10.00"}}
    raw = scene.pay(told).raw.replace(b"payment.succeeded", b"refund.succeeded")
    return [scene.pay(), scene.sign(raw), scene.pay()]


def given_back_before(scene: Scene) -> list[Sent]:
    return given_back(scene)[1:]


def failure(scene: Scene) -> Sent:
    return scene.sign(typed("payment.failed")(scene))


SIGNATURES = (
    *(
        refused(f"no {name}", header(name, lambda _: None), errors.SignatureMissing)
        for name in (ID, STAMP, SIGNATURE)
    ),
    refused("signed with what we sign with", with_secret(OWN_SECRET), errors.SignatureInvalid),
    refused("signed with zeros", with_secret("whsec_" + "A" * 32), errors.SignatureInvalid),
    refused(
        "version 1a", header(SIGNATURE, lambda s: s.replace("v1,", "v1a,")), errors.SignatureInvalid
    ),
    refused(
        "a digest without version",
        header(SIGNATURE, lambda s: s.removeprefix("v1,")),
        errors.SignatureInvalid,
    ),
    refused(
        "the eleventh of many",
        header(SIGNATURE, lambda s: "v1,AAAA " * 10 + s),
        errors.SignatureInvalid,
    ),
    paid("the tenth of many", header(SIGNATURE, lambda s: "v1,AAAA " * 9 + s)),
    refused(
        "parted by commas", header(SIGNATURE, lambda s: "v1,AAAA," + s), errors.SignatureInvalid
    ),
    refused("another id", header(ID, lambda s: s + "0"), errors.SignatureInvalid),
    refused("an id with a dot", header(ID, lambda s: s + ".1"), errors.SignatureInvalid),
    refused("an id that is not ASCII", header(ID, lambda s: s + "é"), errors.SignatureInvalid),
    Case("what is signed cut elsewhere", dots_moved, (errors.SignatureInvalid,)),
    refused("a time of words", header(STAMP, lambda _: "now"), errors.SignatureInvalid),
    refused("a time in milliseconds", header(STAMP, lambda s: s + "000"), errors.SignatureInvalid),
    refused("a time with decimals", header(STAMP, lambda s: s + ".0"), errors.SignatureInvalid),
    Case("almost too old", aged(-290), (DELIVERED,), "delivered"),
    Case("almost too early", aged(290), (DELIVERED,), "delivered"),
    Case("too old", aged(-302), (errors.SignatureExpired,)),
    Case("too early", aged(310), (errors.SignatureExpired,)),
)

BODIES = (
    refused("a byte more", body(lambda raw: raw + b" "), errors.SignatureInvalid),
    refused("half of it", body(lambda raw: raw[:60]), errors.SignatureInvalid),
    paid(
        "as bytes instead of text", lambda sent: sent.but(content_type="application/octet-stream")
    ),
    signed("signed: nothing", lambda _: b"", errors.RequestMalformed),
    signed("signed: a list", lambda _: b"[]", IGNORED),
    signed("signed: nested deep", lambda _: b'{"data":' * 20_000, errors.RequestMalformed),
    signed("signed: data is text", lambda _: b'{"type":"payment.succeeded","data":"x"}', IGNORED),
    signed("a type that is a list", typed(["payment.succeeded"]), IGNORED),
    signed("a type without end", typed(ENDLESS), IGNORED),
    signed("a type in capitals", typed("PAYMENT.SUCCEEDED"), IGNORED),
    signed(
        "half a letter",
        lambda s: s.pay().raw.replace(b"acct_demo", b"\\ud800"),
        errors.RequestMalformed,
    ),
)

AMOUNTS = (
    written("an amount as a number", "45.00"),
    written("an amount with an exponent", "4.5e1"),
    written("an amount with a hundred zeros behind", '"45.' + "0" * 20 + '"'),
    written("an amount with zeros in front", '"0045.00"'),
    written("an amount with a sign", '"+45.00"'),
    written("a great amount", '"100000000000045"', owed=10**16),
    *(
        signed(f"an amount that is {name}", amount(text), errors.RequestInvalid)
        for name, text in {
            "below nothing": '"-45.00"',
            "finer than a cent": '"45.001"',
            "next to a cent": "45.000000000000000001",
            "NaN": '"NaN"',
            "infinite": '"Infinity"',
            "beyond all numbers": "1e400",
            "nearly nothing": "45e-400",
            "a thousand digits": '"' + "4" * 1000 + '"',
            "true": "true",
            "null": "null",
            "a list": "[45]",
            "with a comma": '"45,00"',
        }.items()
    ),
)

FACTS = (
    told("another account is paid", {"account": "acct_other"}, errors.PaymentMerchantMismatch),
    told("no account", {"account": None}, errors.RequestInvalid),
    told("live money", {"livemode": True}, errors.PaymentModeMismatch),
    told("live as text", {"livemode": "false"}, errors.PaymentModeMismatch),
    Case("no shop is named", unnamed, (DELIVERED,), "delivered"),
    Case("no shop is named, at the neighbour's", at_the_neighbours, (errors.OrderUnknown,)),
    told("no order", {"metadata": {}}, IGNORED),
    told("an order that is a list", {"metadata": {"order_id": []}}, errors.RequestInvalid),
    told(
        "an order that is a path",
        {"metadata": {"order_id": "../../0123456789"}},
        errors.OrderUnknown,
    ),
    told("an order without end", {"metadata": {"order_id": "0" * 129}}, errors.RequestInvalid),
    told("no transaction", {"id": ""}, errors.RequestInvalid),
    told("a transaction that is true", {"id": True}, errors.RequestInvalid),
    told("a transaction that is a number", {"id": 10**30}, DELIVERED, state="delivered"),
    told("a currency of look-alikes", {"currency": "ЕUR"}, errors.RequestInvalid),
    told("a currency in small letters", {"currency": "eur"}, DELIVERED, state="delivered"),
    told(
        "another currency, ten times as small",
        {"currency": "KWD"},
        STRAY,
        strays=("other_currency refund",),
    ),
    Case("given back in part, then paid", given_back_before, *GIVEN_BACK_BEFORE),
    Case("paid, then given back in part", given_back, (DELIVERED, REFUND, DUPLICATE), "delivered"),
    Case(
        "failure, then success", lambda s: [failure(s), s.pay()], (IGNORED, DELIVERED), "delivered"
    ),
    Case(
        "success, then failure", lambda s: [s.pay(), failure(s)], (DELIVERED, IGNORED), "delivered"
    ),
)

DISPUTES = (
    Case(
        "disputed, then paid",
        disputed_before,
        (DISPUTED, DELIVERED),
        "delivered",
        frozen=True,
    ),
    Case(
        "paid, then disputed twice",
        disputed("created", "created"),
        (DELIVERED, DISPUTED, DUPLICATE),
        "delivered",
        frozen=True,
    ),
    Case(
        "paid, disputed and won",
        disputed("created", "won"),
        (DELIVERED, DISPUTED, DISPUTED),
        "delivered",
    ),
    Case(
        "won before it was opened",
        disputed("won", "created"),
        (DELIVERED, DISPUTED, DUPLICATE),
        "delivered",
    ),
    Case(
        "a dispute of no order",
        disputed("created", order_id="0" * 16),
        (DELIVERED, errors.OrderUnknown),
        "delivered",
    ),
)

CASES = SIGNATURES + BODIES + AMOUNTS + FACTS + DISPUTES
