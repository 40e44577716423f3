"""PayPal's signatures on its callbacks, and the certificates that they are checked with.

Sources: developer.paypal.com/api/rest/webhooks/rest (self verification), RFC 5280. The names and
the addresses of the certificates are those that PayPal's own libraries check.
"""

import base64
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from botocore.httpsession import URLLib3Session, get_cert_path
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import AuthorityInformationAccessOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from scrip.adapters.gateways.http import send
from scrip.domain.errors import (
    PaymentProviderUnavailable,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)

ALGORITHM = "SHA256withRSA"
HEADERS = (
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-cert-url",
    "paypal-auth-algo",
)

PAST_SECONDS = 4 * 86400
"""PayPal sends again for three days and does not say whether it writes a new time. An old callback
does no harm: what it names is asked for anew."""

FUTURE_SECONDS = 300

MOST_BYTES = 64 * 1024
CERTIFICATES_KEPT = 16
KEPT_SECONDS = 86400
FETCHES_A_MINUTE = 10
"""Whoever makes addresses up makes us ask PayPal for them, but not faster than this."""


class Place(NamedTuple):
    """Where certificates are, and whose name is in them. Addresses end in a slash."""

    certificates: tuple[str, ...]
    issuers: str
    names: tuple[str, ...]


class Certificates:
    """Keys out of certificates that were checked, by address. `roots`: PEM of whom to trust."""

    def __init__(self, roots: Callable[[], bytes]) -> None:
        self._roots = roots
        self._store: Store | None = None
        self._kept: dict[tuple[str, Place], tuple[RSAPublicKey, int]] = {}
        self._fetched: list[int] = []

    def key_at(
        self, url: str, place: Place, http: URLLib3Session, now_seconds: int
    ) -> RSAPublicKey:
        """Raises SignatureInvalid, PaymentProviderUnavailable."""
        if not any(_is_below(url, prefix) for prefix in place.certificates):
            raise SignatureInvalid("the certificate is not at PayPal's address")
        key, until = self._kept.get((url, place), (None, 0))
        if key is None or until <= now_seconds:
            key, until = self._checked(url, place, http, now_seconds)
            if len(self._kept) >= CERTIFICATES_KEPT:
                self._kept.clear()
            self._kept[url, place] = key, until
        return key

    def _checked(
        self, url: str, place: Place, http: URLLib3Session, now_seconds: int
    ) -> tuple[RSAPublicKey, int]:
        try:
            leaf, *others = x509.load_pem_x509_certificates(self._fetch(url, http, now_seconds))
            others = others or self._issuers(leaf, place, http, now_seconds)
        except ValueError as error:
            raise PaymentProviderUnavailable("what PayPal sent is no certificate") from error
        if not any(self._fits(leaf, others, name, now_seconds) for name in place.names):
            raise SignatureInvalid("the certificate is not PayPal's or not valid now")
        key = leaf.public_key()
        if not isinstance(key, RSAPublicKey):
            raise SignatureInvalid("the certificate has another kind of key")
        ends = int(leaf.not_valid_after_utc.timestamp())
        return key, min(ends, now_seconds + KEPT_SECONDS)

    def _fits(
        self, leaf: x509.Certificate, others: list[x509.Certificate], name: str, now_seconds: int
    ) -> bool:
        """Chain, name and time together, as a browser would check them."""
        if self._store is None:
            self._store = Store(x509.load_pem_x509_certificates(self._roots()))
        at = datetime.fromtimestamp(now_seconds, UTC)
        verifier = PolicyBuilder().store(self._store).time(at)
        try:
            verifier.build_server_verifier(x509.DNSName(name)).verify(leaf, others)
        except VerificationError:
            return False
        return True

    def _issuers(
        self, leaf: x509.Certificate, place: Place, http: URLLib3Session, now_seconds: int
    ) -> list[x509.Certificate]:
        """Who issued it, if PayPal sends the certificate alone: its issuer's address is in it.
        That address needs no TLS: an issuer is believed for the root that signed it."""
        try:
            access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
        except x509.ExtensionNotFound:
            return []
        urls = [
            each.access_location.value
            for each in access.value
            if each.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        ]
        return [
            x509.load_der_x509_certificate(self._fetch(url, http, now_seconds))
            for url in urls[:1]
            if _is_below(url, place.issuers)
        ]

    def _fetch(self, url: str, http: URLLib3Session, now_seconds: int) -> bytes:
        self._fetched = [each for each in self._fetched if now_seconds - 60 < each <= now_seconds]
        if len(self._fetched) >= FETCHES_A_MINUTE:
            raise PaymentProviderUnavailable("too many certificates were asked for")
        self._fetched.append(now_seconds)
        answer = send(http, "GET", url, {}, most_bytes=MOST_BYTES)
        if answer.status in (400, 404):
            raise SignatureInvalid("PayPal knows no such certificate")
        if answer.status != 200:
            raise PaymentProviderUnavailable(f"no certificate: {answer.status}")
        return answer.content


def trusted_roots() -> bytes:
    """Those that the connections to PayPal are checked with."""
    return Path(str(get_cert_path(True))).read_bytes()


def verify(
    raw: bytes,
    headers: dict[str, str],
    webhook_ids: tuple[str, ...],
    key_at: Callable[[str], RSAPublicKey],
    now_seconds: int,
) -> None:
    """A signature over any of our webhook ids passes: two while one replaces the other.

    It covers only a CRC-32 of the body, and bodies are easily made to fit one. So a callback tells
    that something happened and what to ask about, never what.

    Raises SignatureMissing, SignatureInvalid, SignatureExpired, PaymentProviderUnavailable.
    """
    given = [headers.get(name, "") for name in HEADERS]
    missing = [name for name, value in zip(HEADERS, given, strict=True) if not value]
    if missing:
        raise SignatureMissing(f"no {missing[0]}")
    transmission_id, sent, signature, url, algorithm = given
    if algorithm != ALGORITHM:
        raise SignatureInvalid("another algorithm")
    try:
        sent_at = datetime.fromisoformat(sent)
        signed = base64.b64decode(signature, validate=True)
        heads = [f"{transmission_id}|{sent}|{each}|".encode() for each in webhook_ids]
    except ValueError as error:
        raise SignatureInvalid("no time or no signature") from error
    if sent_at.tzinfo is None:
        raise SignatureInvalid("a time of nowhere")
    key, checksum = key_at(url), str(zlib.crc32(raw)).encode()
    if not any(_is_signed(key, signed, head + checksum) for head in heads):
        raise SignatureInvalid("the signature fits no webhook of ours")
    age = now_seconds - sent_at.timestamp()
    if not -FUTURE_SECONDS <= age <= PAST_SECONDS:
        raise SignatureExpired("sent too long ago, or not yet")


def _is_signed(key: RSAPublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _is_below(url: str, prefix: str) -> bool:
    """Whether a plain file name follows: no other host, folder, query or user can hide in it."""
    name = url[len(prefix) :].replace("-", "").replace(".", "")
    return url.startswith(prefix) and len(url) < 200 and name.isascii() and name.isalnum()
