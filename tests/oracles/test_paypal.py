"""PayPal's signatures, as another hand wrote them down, and which certificates are believed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrip.adapters.gateways.paypal_account import PLACES, PayPalSecrets
from scrip.adapters.gateways.paypal_signing import (
    CERTIFICATES_KEPT,
    FETCHES_A_MINUTE,
    FUTURE_SECONDS,
    KEPT_SECONDS,
    MOST_BYTES,
    PAST_SECONDS,
    Certificates,
    trusted_roots,
    verify,
)
from scrip.domain.errors import (
    PaymentProviderUnavailable,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)
from tests.domain.making import NOW_MS
from tests.oracles.paypal_server import ACCOUNT, CLIENT_ID, CLIENT_SECRET, PayPalServer
from tests.oracles.paypal_server import paypal_server as serving
from tests.oracles.paypal_signer import LIVE_NAME, SANDBOX_NAME, certificate, rsa_key

NOW = NOW_MS // 1000
RAW = '{"id": "WH-1", "summary": "ü 中文"}'.encode()
FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def api() -> Iterator[PayPalServer]:
    with serving() as server:
        yield server


@pytest.fixture
def certificates(api: PayPalServer) -> Certificates:
    return Certificates(lambda: api.signer.roots)


def secrets(environment: Any, webhook_ids: tuple[str, ...]) -> PayPalSecrets:
    return PayPalSecrets(environment, CLIENT_ID, CLIENT_SECRET, ACCOUNT, webhook_ids)


class Account:
    """An account in one environment, at the stand-in."""

    def __init__(self, api: PayPalServer, certificates: Certificates, environment: str) -> None:
        self.ids: tuple[str, ...] = ("0AA111111A111111B", api.signer.webhook_id)
        self.place = secrets(environment, self.ids).place(api.base)
        self.certificates = certificates
        self.http = URLLib3Session(timeout=2)

    def verify(self, raw: bytes, headers: dict[str, str], now: int = NOW) -> None:
        def key_at(url: str) -> RSAPublicKey:
            return self.certificates.key_at(url, self.place, self.http, now)

        verify(raw, headers, self.ids, key_at, now)


@pytest.fixture
def sandbox(api: PayPalServer, certificates: Certificates) -> Account:
    return Account(api, certificates, "sandbox")


@given(raw=st.binary(max_size=300))
@FUZZ
def test_whatever_paypal_signs_verifies(api: PayPalServer, sandbox: Account, raw: bytes) -> None:
    sandbox.verify(raw, api.signer.headers(raw, NOW))


def test_every_other_byte_is_refused(api: PayPalServer, sandbox: Account) -> None:
    headers = api.signer.headers(RAW, NOW)
    for place in range(len(RAW)):
        changed = RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :]

        with pytest.raises(SignatureInvalid):
            sandbox.verify(changed, headers)


@pytest.mark.parametrize("name", ["paypal-transmission-id", "paypal-transmission-time"])
def test_every_other_symbol_of_a_signed_header_is_refused(
    api: PayPalServer, sandbox: Account, name: str
) -> None:
    headers = api.signer.headers(RAW, NOW)
    for place in range(len(headers[name])):
        text = headers[name]
        changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]

        with pytest.raises(SignatureInvalid):
            sandbox.verify(RAW, {**headers, name: changed})


@given(url=st.text())
@FUZZ
def test_an_address_of_a_certificate_may_be_anything(
    api: PayPalServer, sandbox: Account, url: str
) -> None:
    before = len(api.requests)

    with pytest.raises((SignatureInvalid, SignatureMissing)):
        sandbox.verify(RAW, {**api.signer.headers(RAW, NOW), "paypal-cert-url": url})

    assert len(api.requests) == before


@given(name=st.sampled_from(["id", "time", "sig"]), text=st.text(max_size=60))
@FUZZ
def test_a_header_may_be_anything(
    api: PayPalServer, sandbox: Account, name: str, text: str
) -> None:
    headers = {**api.signer.headers(RAW, NOW), f"paypal-transmission-{name}": text}

    with pytest.raises((SignatureInvalid, SignatureMissing)):
        sandbox.verify(RAW, headers)


@pytest.mark.parametrize(
    "name", ["transmission-id", "transmission-time", "transmission-sig", "cert-url", "auth-algo"]
)
def test_every_header_is_needed(api: PayPalServer, sandbox: Account, name: str) -> None:
    headers = api.signer.headers(RAW, NOW)
    del headers[f"paypal-{name}"]

    with pytest.raises(SignatureMissing, match=name):
        sandbox.verify(RAW, headers)


def test_another_algorithm_is_refused(api: PayPalServer, sandbox: Account) -> None:
    headers = {**api.signer.headers(RAW, NOW), "paypal-auth-algo": "SHA1withRSA"}

    with pytest.raises(SignatureInvalid):
        sandbox.verify(RAW, headers)


def test_a_signature_for_another_webhook_is_refused(api: PayPalServer, sandbox: Account) -> None:
    sandbox.ids = ("0AA111111A111111B",)

    with pytest.raises(SignatureInvalid):
        sandbox.verify(RAW, api.signer.headers(RAW, NOW))


@pytest.mark.parametrize("age", [-FUTURE_SECONDS, 0, 3 * 86400, PAST_SECONDS])
def test_what_paypal_may_still_be_sending_passes(
    api: PayPalServer, sandbox: Account, age: int
) -> None:
    sandbox.verify(RAW, api.signer.headers(RAW, NOW - age))


@pytest.mark.parametrize("age", [-FUTURE_SECONDS - 1, PAST_SECONDS + 1])
def test_what_is_older_or_not_sent_yet_does_not_pass(
    api: PayPalServer, sandbox: Account, age: int
) -> None:
    with pytest.raises(SignatureExpired):
        sandbox.verify(RAW, api.signer.headers(RAW, NOW - age))


# Certificates.


def test_a_certificate_is_fetched_once(api: PayPalServer, sandbox: Account) -> None:
    headers, before = api.signer.headers(RAW, NOW), len(api.requests)

    for _ in range(3):
        sandbox.verify(RAW, headers)

    assert len(api.requests) == before + 1
    sandbox.verify(RAW, headers, NOW + KEPT_SECONDS)
    assert len(api.requests) == before + 2


def test_a_certificate_sent_alone_leads_to_its_issuer(api: PayPalServer, sandbox: Account) -> None:
    api.signer.serve("CERT-ALONE", api.signer.issue())

    sandbox.verify(RAW, api.signer.headers(RAW, NOW, "CERT-ALONE"))


def test_a_certificate_whose_issuer_is_elsewhere_is_refused(
    api: PayPalServer, sandbox: Account
) -> None:
    issuer = (api.signer.issuer, api.signer.issuer_key)
    made = certificate(SANDBOX_NAME, rsa_key(), issuer, issuer_url="http://127.0.0.1:9/issuers/a")
    for file, alone in (
        ("CERT-ELSEWHERE", made),
        ("CERT-NOWHERE", certificate(SANDBOX_NAME, rsa_key(), issuer)),
    ):
        api.signer.serve(file, alone)

        with pytest.raises(SignatureInvalid):
            sandbox.verify(RAW, api.signer.headers(RAW, NOW, file))


@pytest.mark.parametrize(
    ("environment", "name", "believed"),
    [
        ("sandbox", SANDBOX_NAME, True),
        ("sandbox", LIVE_NAME, True),
        ("live", LIVE_NAME, True),
        ("live", SANDBOX_NAME, False),
        ("live", "evil.example.com", False),
        ("sandbox", "messageverificationcerts.paypal.com.example.com", False),
    ],
)
def test_a_certificate_must_bear_paypals_name(
    api: PayPalServer, certificates: Certificates, environment: str, name: str, believed: bool
) -> None:
    asked = Account(api, certificates, environment)
    api.signer.serve("CERT-NAMED", api.signer.issue(name), api.signer.issuer)
    headers = api.signer.headers(RAW, NOW, "CERT-NAMED")

    if believed:
        asked.verify(RAW, headers)
    else:
        with pytest.raises(SignatureInvalid):
            asked.verify(RAW, headers)


def test_what_the_sandbox_believes_the_live_account_does_not(
    api: PayPalServer, certificates: Certificates
) -> None:
    headers = api.signer.headers(RAW, NOW)
    Account(api, certificates, "sandbox").verify(RAW, headers)

    with pytest.raises(SignatureInvalid):
        Account(api, certificates, "live").verify(RAW, headers)


def test_a_certificate_that_is_over_is_refused_also_when_it_was_kept(
    api: PayPalServer, sandbox: Account
) -> None:
    until = datetime.fromtimestamp(NOW + 60, UTC)
    api.signer.serve("CERT-SHORT", api.signer.issue(until=until), api.signer.issuer)
    headers = api.signer.headers(RAW, NOW, "CERT-SHORT")

    sandbox.verify(RAW, headers, NOW + 59)
    with pytest.raises(SignatureInvalid):
        sandbox.verify(RAW, headers, NOW + 61)


def test_a_certificate_that_nobody_vouches_for_is_refused(
    api: PayPalServer, sandbox: Account
) -> None:
    alone = certificate(SANDBOX_NAME, rsa_key())
    other_key = ec.generate_private_key(ec.SECP256R1())
    other = certificate("Issuer", other_key, authority=True)
    forged = certificate(SANDBOX_NAME, rsa_key(), (other, other_key))
    for file, chain in (("CERT-SELF", [alone]), ("CERT-FORGED", [forged, other])):
        api.signer.serve(file, *chain)

        with pytest.raises(SignatureInvalid):
            sandbox.verify(RAW, api.signer.headers(RAW, NOW, file))


def test_a_certificate_of_another_kind_of_key_is_refused(
    api: PayPalServer, sandbox: Account
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = (api.signer.issuer, api.signer.issuer_key)
    api.signer.serve("CERT-EC", certificate(SANDBOX_NAME, key, issuer), api.signer.issuer)

    with pytest.raises(SignatureInvalid, match="kind"):
        sandbox.verify(RAW, api.signer.headers(RAW, NOW, "CERT-EC"))


def test_paypals_own_address_and_no_other(certificates: Certificates) -> None:
    http = URLLib3Session(timeout=1)
    live = PLACES["live"]
    for url in (
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
        "https://evil.example.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.example.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:444/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/other/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../x",
        "https://api.paypal.com/v1/notifications/certs/..",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
        "https://api.paypal.com/v1/notifications/certs/CERT-1\n",
        "https://api.paypal.com/v1/notifications/certs/" + "1" * 200,
        "file:///etc/passwd",
    ):
        with pytest.raises(SignatureInvalid, match="address"):
            certificates.key_at(url, live, http, NOW)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff"],
)
def test_what_is_no_certificate_decides_nothing(
    api: PayPalServer, sandbox: Account, content: bytes
) -> None:
    api.signer.files["CERT-BAD"] = content

    with pytest.raises(PaymentProviderUnavailable):
        sandbox.verify(RAW, api.signer.headers(RAW, NOW, "CERT-BAD"))


def test_a_certificate_is_not_read_without_end(api: PayPalServer, sandbox: Account) -> None:
    api.signer.serve("CERT-LARGE", api.signer.issue(), api.signer.issuer)
    api.signer.files["CERT-LARGE"] += b"#" * MOST_BYTES

    with pytest.raises(PaymentProviderUnavailable, match="more than"):
        sandbox.verify(RAW, api.signer.headers(RAW, NOW, "CERT-LARGE"))


def test_made_up_addresses_are_asked_for_only_so_often(
    api: PayPalServer, certificates: Certificates, sandbox: Account
) -> None:
    url = f"{api.base}/v1/notifications/certs/MADE-UP"
    for number in range(FETCHES_A_MINUTE):
        with pytest.raises(SignatureInvalid, match="knows no such"):
            certificates.key_at(f"{url}-{number}", sandbox.place, sandbox.http, NOW)

    with pytest.raises(PaymentProviderUnavailable):
        certificates.key_at(f"{url}-more", sandbox.place, sandbox.http, NOW + 59)
    sandbox.verify(RAW, api.signer.headers(RAW, NOW), NOW + 60)


def test_no_more_certificates_are_kept_than_some(
    api: PayPalServer, certificates: Certificates, sandbox: Account
) -> None:
    chain = api.signer.issue(), api.signer.issuer
    urls = [api.signer.serve(f"CERT-{number}", *chain) for number in range(CERTIFICATES_KEPT + 1)]
    for number, url in enumerate(urls):
        certificates.key_at(url, sandbox.place, sandbox.http, NOW + 60 * number)
    before, later = len(api.requests), NOW + 60 * CERTIFICATES_KEPT

    certificates.key_at(urls[-1], sandbox.place, sandbox.http, later)
    assert len(api.requests) == before
    certificates.key_at(urls[0], sandbox.place, sandbox.http, later)
    assert len(api.requests) == before + 1


def test_there_are_roots_to_trust() -> None:
    assert trusted_roots().count(b"BEGIN CERTIFICATE") > 50
