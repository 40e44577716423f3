"""PayPal: a signature over a checksum, a certificate behind an address, and a book to ask."""

import json
import secrets
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from scrip.domain import errors
from tests.oracles.paypal_signer import BORN, SANDBOX_NAME, Signer, certificate
from tests.scenarios.adversarial.cases import (
    DELIVERED,
    DUPLICATE,
    IGNORED,
    REFUND,
    STRAY,
    Answer,
    Case,
    Change,
    Scene,
    Sends,
    Sent,
    body,
    doubled,
    facts,
    header,
    refused,
    signed,
)

TIME, ID = "paypal-transmission-time", "paypal-transmission-id"
SIGNATURE, URL = "paypal-transmission-sig", "paypal-cert-url"
ALGORITHM = "paypal-auth-algo"
LONG_AGO = BORN + timedelta(days=90)


def told(kind: str, **resource: object) -> Callable[[Scene], bytes]:
    """An event of that kind about that resource; `id` of the order at PayPal unless it is given."""

    def raw(scene: Scene) -> bytes:
        named = {"id": scene.placed.json["payment"]["reference"], **resource}
        return json.dumps({"event_type": kind, "resource": named}).encode()

    return raw


def aged(seconds: int) -> Callable[[Scene], list[Sent]]:
    return lambda scene: [scene.sign(scene.pay().raw, int(time.time()) + seconds)]


def forged(scene: Scene) -> list[Sent]:
    """A captured signature under another body: it tells of an order that nobody approved."""
    seen, unpaid = scene.pay(), scene.place(scene.shops.shop, scene.account)
    resource = {"id": unpaid.json["payment"]["reference"], "status": "APPROVED"}
    body = {"event_type": "CHECKOUT.ORDER.APPROVED", "resource": resource}
    return [seen._replace(raw=with_checksum_of(seen.raw, json.dumps(body).encode()))]


def with_checksum_of(seen: bytes, other: bytes) -> bytes:
    """`other`, with blanks and tabs behind it, still JSON: CRC-32 is linear, so which of them must
    be tabs is told by 32 equations."""
    places = 64
    plain = other + b" " * places
    start = zlib.crc32(plain)
    base: dict[int, tuple[int, int]] = {}
    for n in range(places):
        tabbed = bytearray(plain)
        tabbed[len(other) + n] = ord("\t")
        effect, tabs = reduced(zlib.crc32(tabbed) ^ start, 1 << n, base)
        if effect:
            base[effect.bit_length()] = effect, tabs
    left, tabs = reduced(zlib.crc32(seen) ^ start, 0, base)
    assert left == 0
    return other + bytes(ord("\t" if tabs >> n & 1 else " ") for n in range(places))


def reduced(effect: int, tabs: int, base: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """What is left of an effect when others have been taken from it, and with which tabs."""
    while effect and effect.bit_length() in base:
        other, others = base[effect.bit_length()]
        effect, tabs = effect ^ other, tabs ^ others
    return effect, tabs


def to(url: str) -> Change:
    return header(URL, lambda given: url.replace("HERE", given.partition("/v1/")[0]))


def by(certificates: Callable[[Signer], tuple[x509.Certificate, ...]]) -> Sends:
    """Rightly signed, but for who vouches for it."""

    def sends(scene: Scene) -> list[Sent]:
        signer, raw = scene.account.book.signer, scene.pay().raw
        file = f"CERT-{secrets.token_hex(4)}"
        signer.serve(file, *certificates(signer))
        return [Sent(raw, signer.headers(raw, file=file))]

    return sends


def of_a_stranger(signer: Signer) -> tuple[x509.Certificate, ...]:
    key = ec.generate_private_key(ec.SECP256R1())
    root = certificate("Root", key, authority=True)
    return certificate(SANDBOX_NAME, signer.key, (root, key)), root


def of_no_authority(signer: Signer) -> tuple[x509.Certificate, ...]:
    leaf = signer.issue()
    return certificate(SANDBOX_NAME, signer.key, (leaf, signer.key)), leaf, signer.issuer


def moved(scene: Scene) -> list[Sent]:
    """Where PayPal's own certificates are, there is a way to somewhere else."""
    signer, raw = scene.account.book.signer, scene.pay().raw
    signer.moved["CERT-MOVED"] = signer.serve("CERT-1", signer.issue(), signer.issuer)
    signer.files["CERT-MOVED"] = b""
    return [Sent(raw, signer.headers(raw, file="CERT-MOVED"))]


def unapproved(scene: Scene) -> list[Sent]:
    other = scene.place(scene.shops.shop, scene.account)
    about = {"id": other.json["payment"]["reference"], "status": "APPROVED"}
    return [Sent(*scene.account.book.event("CHECKOUT.ORDER.APPROVED", about))]


def closed(scene: Scene) -> Iterator[Sent]:
    """Its buyer approves it all the same: then no money may be taken."""
    reference = scene.place(scene.shops.shop, scene.account).json["payment"]["reference"]
    order = scene.account.book.orders[reference]
    order["purchase_units"][0]["custom_id"] += "/closed"
    yield Sent(*scene.account.book.pay(reference))
    assert order["status"] == "APPROVED"


def the_neighbours(scene: Scene) -> list[Sent]:
    theirs = scene.place(scene.shops.neighbour, scene.account)
    return [Sent(*scene.account.book.pay(theirs.json["payment"]["reference"]))]


def contradicted(scene: Scene) -> Iterator[Sent]:
    """The callbacks say completed; PayPal's book says so only in the end."""
    book = scene.account.book
    book.hold = True
    yield scene.pay()
    book.hold = False
    for status in ("PENDING", "DECLINED", "COMPLETED"):
        capture_of(scene)["status"] = status
        told = {**capture_of(scene), "status": "COMPLETED"}
        yield Sent(*book.event("PAYMENT.CAPTURE.COMPLETED", told))


def given_back(scene: Scene) -> Iterator[Sent]:
    book = scene.account.book
    yield scene.pay()
    refund = book.take_back(capture_of(scene)["id"], "10.00")
    yield Sent(*book.event("PAYMENT.CAPTURE.REFUNDED", refund))
    yield scene.pay()


def capture_of(scene: Scene) -> dict[str, Any]:
    order = scene.account.book.orders[scene.placed.json["payment"]["reference"]]
    found: dict[str, Any] = order["purchase_units"][0]["payments"]["captures"][0]
    return found


def priced(told: str, booked: int) -> Sends:
    """What a callback says an order costs, and what PayPal's book says."""

    def sends(scene: Scene) -> list[Sent]:
        scene.pay(amount=booked)
        unit = {"amount": {"currency_code": "EUR", "value": told}}
        about = {"id": scene.placed.json["payment"]["reference"], "purchase_units": [unit]}
        return [Sent(*scene.account.book.event("CHECKOUT.ORDER.APPROVED", about))]

    return sends


def booked(name: str, changes: dict[str, Any], answer: Answer) -> Case:
    """What PayPal's book says of the order, in its own words."""
    return Case(name, lambda scene: [scene.pay(changes)], (answer,))


FOLDER = "HERE/v1/notifications/certs/"

SIGNATURES = (
    *(
        refused(f"no {name}", header(name, lambda _: None), errors.SignatureMissing)
        for name in (TIME, ID, SIGNATURE, URL, ALGORITHM)
    ),
    refused(
        "a weaker algorithm", header(ALGORITHM, lambda _: "SHA1withRSA"), errors.SignatureInvalid
    ),
    refused("an algorithm in small letters", header(ALGORITHM, str.lower), errors.SignatureInvalid),
    refused(
        "a time without a zone",
        header(TIME, lambda s: s.removesuffix("Z")),
        errors.SignatureInvalid,
    ),
    refused("a time of words", header(TIME, lambda _: "now"), errors.SignatureInvalid),
    refused(
        "a signature that is no base64",
        header(SIGNATURE, lambda s: "*" + s),
        errors.SignatureInvalid,
    ),
    refused(
        "a certificate of another host",
        to("https://paypal.example/v1/notifications/certs/CERT-1"),
        errors.SignatureInvalid,
    ),
    refused(
        "a host that begins like PayPal's",
        to("https://api.paypal.com.example/v1/notifications/certs/CERT-1"),
        errors.SignatureInvalid,
    ),
    refused(
        "a user that looks like PayPal",
        to("https://api.paypal.com@localhost/v1/notifications/certs/CERT-1"),
        errors.SignatureInvalid,
    ),
    refused(
        "the cloud's own metadata",
        to("http://169.254.169.254/latest/meta-data/"),
        errors.SignatureInvalid,
    ),
    refused("a file", to("file:///etc/passwd"), errors.SignatureInvalid),
    refused(
        "a folder further up", to(FOLDER + "../../../issuers/issuer.crt"), errors.SignatureInvalid
    ),
    refused(
        "a folder further up, escaped", to(FOLDER + "%2e%2e%2fCERT-1"), errors.SignatureInvalid
    ),
    refused("a certificate with a question", to(FOLDER + "CERT-1?x=1"), errors.SignatureInvalid),
    refused(
        "two addresses",
        doubled(URL, "https://api.paypal.com/v1/notifications/certs/CERT-1"),
        errors.SignatureInvalid,
    ),
    refused("a byte more", body(lambda raw: raw + b" "), errors.SignatureInvalid),
    refused("another transmission", header(ID, lambda s: s[::-1]), errors.SignatureInvalid),
    refused(
        "another second", header(TIME, lambda s: s.replace("Z", "+00:00")), errors.SignatureInvalid
    ),
    refused(
        "a transmission that is not ASCII", header(ID, lambda s: s + "é"), errors.SignatureInvalid
    ),
    Case("the signature of another body with its checksum", forged, (IGNORED,)),
    Case("four days old", aged(-4 * 86_400 + 60), (DELIVERED,), "delivered"),
    Case("older than four days", aged(-4 * 86_400 - 60), (errors.SignatureExpired,)),
    Case("almost too early", aged(290), (DELIVERED,), "delivered"),
    Case("too early", aged(360), (errors.SignatureExpired,)),
)

CERTIFICATES = (
    refused("a certificate that is not there", to(FOLDER + "CERT-404"), errors.SignatureInvalid),
    *(
        Case(name, by(certificates), (errors.SignatureInvalid,))
        for name, certificates in {
            "a certificate that has ended": lambda s: (s.issue(until=LONG_AGO), s.issuer),
            "a certificate of nearly its name": lambda s: (s.issue("x" + SANDBOX_NAME), s.issuer),
            "a certificate of another authority": of_a_stranger,
            "a certificate that vouches for itself": lambda s: (certificate(SANDBOX_NAME, s.key),),
            "a certificate that PayPal's own vouches for": of_no_authority,
        }.items()
    ),
    Case("a certificate elsewhere", moved, (errors.PaymentProviderUnavailable,)),
)

BOOK = (
    signed("signed: nothing", lambda _: b"", errors.RequestMalformed),
    signed("signed: nested deep", lambda _: b'{"resource":' * 20_000, errors.RequestMalformed),
    signed("an event in small letters", told("checkout.order.approved"), errors.RequestInvalid),
    signed("an event that is not known", told("CHECKOUT.ORDER.DREAMT"), IGNORED),
    signed(
        "an order that PayPal does not know",
        told("CHECKOUT.ORDER.APPROVED", id="5O0"),
        errors.RequestInvalid,
    ),
    signed(
        "an order that is a path",
        told("CHECKOUT.ORDER.APPROVED", id="../../v1/x"),
        errors.RequestInvalid,
    ),
    signed(
        "a capture that is an order",
        told("PAYMENT.CAPTURE.COMPLETED", status="COMPLETED", amount={"value": "45.00"}),
        errors.RequestInvalid,
    ),
    Case("an order that nobody approved", unapproved, (IGNORED,)),
    Case("an order of the neighbour, approved", the_neighbours, (errors.PaymentMerchantMismatch,)),
    Case(
        "completed, but not in PayPal's book",
        contradicted,
        (IGNORED, IGNORED, IGNORED, DELIVERED),
        "delivered",
    ),
    Case(
        "a price that PayPal's book does not have", priced("0.01", 4500), (DELIVERED,), "delivered"
    ),
    Case("more than PayPal's book has", priced("45.00", 4499), (STRAY,), strays=("short refund",)),
    Case("paid, then given back in part", given_back, (DELIVERED, REFUND, DUPLICATE), "delivered"),
    facts("an order of ours that is a path", {"order_id": "../other"}, errors.OrderUnknown),
    booked(
        "another account is paid",
        {"payee": {"merchant_id": "AAAAAAAAAAAAA"}},
        errors.PaymentMerchantMismatch,
    ),
    booked("another shop's order", {"custom_id": "A-2026-17"}, IGNORED),
    Case("an order that we closed", closed, (IGNORED,)),
)

CASES = SIGNATURES + CERTIFICATES + BOOK
