"""Stripe: a signature in one header, and JSON."""

import json
import time

from scrip.domain import errors
from tests.oracles.stripe_server import sign
from tests.scenarios.adversarial.cases import (
    DELIVERED,
    DISPUTED,
    DUPLICATE,
    ENDLESS,
    GIVEN_BACK_BEFORE,
    IGNORED,
    REFUND,
    REFUND_DUE,
    Case,
    Change,
    Scene,
    Sends,
    Sent,
    body,
    doubled,
    facts,
    header,
    paid,
    refused,
    signed,
    told,
)

HEADER = "stripe-signature"


def aged(seconds: int) -> Sends:
    return lambda scene: [scene.sign(scene.pay().raw, int(time.time()) + seconds)]


def event(scene: Scene, **changes: object) -> bytes:
    return json.dumps({**json.loads(scene.pay().raw), **changes}).encode()


def replaced(old: bytes, new: bytes) -> Sends:
    """Signed again after the change, as Stripe might."""

    def sends(scene: Scene) -> list[Sent]:
        raw = scene.pay().raw
        assert old in raw
        return [scene.sign(raw.replace(old, new, 1))]

    return sends


def failure(scene: Scene) -> Sent:
    raw = event(scene, type="payment_intent.payment_failed")
    return scene.sign(raw)


def disputed(told: str, booked: str) -> Sends:
    """What the event says of a dispute, and how it stands at Stripe by now."""

    def sends(scene: Scene) -> list[Sent]:
        paid, book = scene.pay(), scene.account.book
        dispute = book.dispute(scene.placed.json["payment"]["reference"], booked)
        raw = book.event("charge.dispute.updated", {**dispute, "status": told})
        return [paid, scene.sign(raw)]

    return sends


def endless_failure(scene: Scene) -> list[Sent]:
    whole = json.loads(scene.pay({"last_payment_error": {"code": ENDLESS}}).raw)
    return [scene.sign(json.dumps({**whole, "type": "payment_intent.payment_failed"}).encode())]


def given_back(scene: Scene) -> list[Sent]:
    paid = scene.pay()
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 1000,
        "created": int(time.time()),
        "currency": "eur",
        "metadata": {},
        "payment_intent": scene.placed.json["payment"]["reference"],
        "status": "succeeded",
    }
    kinds = ("refund.created", "charge.refunded")
    told = [scene.sign(scene.account.book.event(kind, refund)) for kind in kinds]
    return [paid, *told, paid]


def given_back_before(scene: Scene) -> list[Sent]:
    _, refund, _, paid = given_back(scene)
    return [refund, paid]


def of_another_secret(sent: Sent) -> Sent:
    return sent.but(**{HEADER: sign(sent.raw, "whsec_somebody_elses_secret_of_length")})


def of_no_secret(sent: Sent) -> Sent:
    return sent.but(**{HEADER: sign(sent.raw, "")})


def with_v1(value: str) -> Change:
    return header(HEADER, lambda given: given.partition(",")[0] + f",v1={value}")


SIGNATURES = (
    refused("no signature", header(HEADER, lambda _: None), errors.SignatureMissing),
    refused("an empty signature", header(HEADER, lambda _: " "), errors.SignatureMissing),
    refused("only v0", header(HEADER, lambda s: s.replace("v1=", "v0=")), errors.SignatureMissing),
    refused(
        "V1 in capitals", header(HEADER, lambda s: s.replace("v1=", "V1=")), errors.SignatureMissing
    ),
    refused(
        "the digest in capitals",
        header(HEADER, lambda s: s[:14] + s[14:].upper().replace("V1", "v1")),
        errors.SignatureInvalid,
    ),
    refused("an empty v1", with_v1(""), errors.SignatureInvalid),
    refused("a v1 that is not ASCII", with_v1("ü" * 64), errors.SignatureInvalid),
    refused("a hundred wrong v1", with_v1(",v1=".join(["0" * 64] * 100)), errors.SignatureInvalid),
    refused("a secret of somebody else", of_another_secret, errors.SignatureInvalid),
    refused("an empty secret", of_no_secret, errors.SignatureInvalid),
    refused(
        "a time of Arabic digits",
        header(HEADER, lambda s: "t=" + "١٧".encode().decode("latin-1") + s[12:]),
        errors.SignatureInvalid,
    ),
    refused(
        "a time with a sign",
        header(HEADER, lambda s: s.replace("t=", "t=+")),
        errors.SignatureInvalid,
    ),
    refused(
        "a time of 5000 digits",
        header(HEADER, lambda s: s.replace("t=", "t=" + "0" * 5000)),
        errors.SignatureInvalid,
    ),
    refused(
        "a time that is moved on",
        header(HEADER, lambda s: s.replace("t=1", "t=2")),
        errors.SignatureInvalid,
    ),
    refused("two times, ours last", header(HEADER, lambda s: "t=1," + s), errors.SignatureInvalid),
    refused(
        "two headers, a worthless first", doubled(HEADER, "t=1,v1=00"), errors.SignatureInvalid
    ),
    paid(
        "a wrong v1 before the right one", header(HEADER, lambda s: s.replace("v1=", "v1=00,v1="))
    ),
    paid("v0 and unknown schemes beside", header(HEADER, lambda s: s + ",v0=00,v9=,=")),
    paid("spaces between the parts", header(HEADER, lambda s: s.replace(",", " , "))),
    Case("almost too old", aged(-290), (DELIVERED,), "delivered"),
    Case("almost too early", aged(290), (DELIVERED,), "delivered"),
    Case("too old", aged(-302), (errors.SignatureExpired,)),
    Case("too early", aged(310), (errors.SignatureExpired,)),
)

BODIES = (
    refused("a byte more", body(lambda raw: raw + b" "), errors.SignatureInvalid),
    refused("a byte less", body(lambda raw: raw[:-1]), errors.SignatureInvalid),
    refused("no body", body(lambda _: b""), errors.SignatureInvalid),
    refused("half a body", body(lambda raw: raw[: len(raw) // 2]), errors.SignatureInvalid),
    refused("a byte order mark", body(lambda raw: b"\xef\xbb\xbf" + raw), errors.SignatureInvalid),
    refused(
        "other line ends", body(lambda raw: raw.replace(b"\n", b"\r\n")), errors.SignatureInvalid
    ),
    refused(
        "packed again",
        body(lambda raw: json.dumps(json.loads(raw)).encode()),
        errors.SignatureInvalid,
    ),
    refused(
        "other spelling of a letter",
        body(lambda raw: raw.replace(b'"event"', b'"\\u0065vent"')),
        errors.SignatureInvalid,
    ),
    refused(
        "overlong UTF-8",
        body(lambda raw: raw.replace(b'"event"', b'"\xc1\xa5vent"')),
        errors.SignatureInvalid,
    ),
    refused("a NUL at the end", body(lambda raw: raw + b"\0"), errors.SignatureInvalid),
    refused("too large", body(lambda raw: raw + b" " * 256 * 1024), errors.RequestTooLarge),
    paid(
        "as bytes instead of text", lambda sent: sent.but(content_type="application/octet-stream")
    ),
    paid("as a form", lambda sent: sent.but(content_type="application/x-www-form-urlencoded")),
    paid("as nothing", lambda sent: sent.but(content_type=None)),
    signed("signed: nothing", lambda _: b"", errors.RequestMalformed),
    signed("signed: null", lambda _: b"null", errors.RequestInvalid),
    signed("signed: two documents", lambda s: s.pay().raw * 2, errors.RequestMalformed),
    signed(
        "signed: a byte order mark",
        lambda s: "\ufeff".encode() + s.pay().raw,
        errors.RequestMalformed,
    ),
    signed("signed: half", lambda s: s.pay().raw[:-2], errors.RequestMalformed),
    signed("signed: nested deep", lambda _: b'{"a":' * 20_000, errors.RequestMalformed),
    signed(
        "signed: NaN",
        lambda s: s.pay().raw.replace(b'"amount_received": 4500', b'"amount_received": NaN'),
        errors.RequestMalformed,
    ),
    Case(
        "signed: an amount twice, the last counts",
        replaced(b'"amount_received": 4500', b'"amount_received": 1, "amount_received": 4500'),
        (DELIVERED,),
        "delivered",
    ),
)

FACTS = (
    told("a negative amount", {"amount_received": -4500}, errors.RequestInvalid),
    told("an amount with decimals", {"amount_received": 4500.5}, errors.RequestInvalid),
    told("an amount as text", {"amount_received": "4500"}, errors.RequestInvalid),
    told("an amount that is true", {"amount_received": True}, errors.RequestInvalid),
    told(
        "a great amount too much",
        {"amount_received": 10**14 + 4500},
        REFUND_DUE,
        state="refund_due",
        owed=10**14,
    ),
    told("an amount that no table holds", {"amount_received": 10**40}, errors.RequestInvalid),
    told("a currency of two letters", {"currency": "eu"}, errors.RequestInvalid),
    told("a currency of look-alikes", {"currency": "ЕUR"}, errors.RequestInvalid),
    told("a payment whose name is a path", {"id": "../pi_1"}, errors.RequestInvalid),
    told(
        "an order that is a path",
        {"metadata": {"order_id": "../../x", "merchant_id": "demo"}},
        errors.PaymentMerchantMismatch,
    ),
    told("nobody's metadata", {"metadata": {}}, IGNORED),
    told("metadata that is null", {"metadata": None}, IGNORED),
    told(
        "no amount and no currency",
        {"amount_received": None, "amount": None},
        errors.RequestInvalid,
    ),
    signed("an event of live money", lambda s: event(s, livemode=True), errors.PaymentModeMismatch),
    signed("a live event of no known type", lambda s: event(s, livemode=True, type="x.y"), IGNORED),
    Case(
        "disputed, and won by now",
        disputed("needs_response", "won"),
        (DELIVERED, DISPUTED),
        "delivered",
    ),
    Case(
        "a dispute won, but not in Stripe's book",
        disputed("won", "needs_response"),
        (DELIVERED, DISPUTED),
        "delivered",
        frozen=True,
    ),
    signed("a type without end", lambda s: event(s, type=ENDLESS), IGNORED),
    Case("a failure without end", endless_failure, (IGNORED,)),
    facts("an order without end", {"order_id": ENDLESS}, errors.OrderUnknown),
    signed("a type in capitals", lambda s: event(s, type="PAYMENT_INTENT.SUCCEEDED"), IGNORED),
    signed("a type with a NUL", lambda s: event(s, type="payment_intent.succeeded\0"), IGNORED),
    signed("a time beyond all years", lambda s: event(s, created=10**30), errors.RequestInvalid),
    Case(
        "paid, then given back in part",
        given_back,
        (DELIVERED, REFUND, IGNORED, DUPLICATE),
        "delivered",
    ),
    Case("given back in part, then paid", given_back_before, *GIVEN_BACK_BEFORE),
    Case(
        "failure, then success", lambda s: [failure(s), s.pay()], (IGNORED, DELIVERED), "delivered"
    ),
    Case(
        "success, then failure", lambda s: [s.pay(), failure(s)], (DELIVERED, IGNORED), "delivered"
    ),
    signed(
        "a session that completed unpaid",
        lambda s: event(s, type="checkout.session.completed").replace(
            b'"status": "succeeded"', b'"payment_status": "unpaid"'
        ),
        IGNORED,
    ),
)

CASES = SIGNATURES + BODIES + FACTS
