"""PayPal's side of its signatures: an authority, a certificate and signed callbacks.

Written from PayPal's page about self verification, apart from the code that it tests.
"""

import base64
import time
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SANDBOX_NAME = "messageverificationcerts.sandbox.paypal.com"
LIVE_NAME = "messageverificationcerts.paypal.com"
BORN, DIES = datetime(2024, 1, 1, tzinfo=UTC), datetime(2044, 1, 1, tzinfo=UTC)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Issuer = tuple[x509.Certificate, PrivateKey]


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def authority() -> Issuer:
    """The root, one for each process: who is to trust it must know it beforehand."""
    key = ec.generate_private_key(ec.SECP256R1())
    return certificate("Root", key, authority=True), key


def certificate(
    name: str,
    key: PrivateKey,
    issuer: Issuer | None = None,
    *,
    authority: bool = False,
    until: datetime = DIES,
    issuer_url: str = "",
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by, by_key = issuer if issuer else (None, key)
    public = by.public_key() if by else key.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BORN)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(usage(authority), critical=True)
    )
    if not authority:
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if issuer_url:
        described = x509.AccessDescription(
            Access.CA_ISSUERS, x509.UniformResourceIdentifier(issuer_url)
        )
        made = made.add_extension(x509.AuthorityInformationAccess([described]), critical=False)
    return made.sign(by_key, hashes.SHA256())


def usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


@dataclass
class Signer:
    """Signs as PayPal does. `files`: what its address serves, `issuers`: what the authority's;
    `moved`: files that are elsewhere."""

    base: str = ""
    webhook_id: str = "8PT597110X687430L"
    files: dict[str, bytes] = field(default_factory=dict)
    issuers: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.issuer_key = ec.generate_private_key(ec.SECP256R1())
        self.roots = pem(authority()[0])
        self.issuer = certificate("Issuer", self.issuer_key, authority(), authority=True)
        self.issuers["issuer.crt"] = self.issuer.public_bytes(serialization.Encoding.DER)
        self.key = rsa_key()

    def issue(self, name: str = SANDBOX_NAME, until: datetime = DIES) -> x509.Certificate:
        url = f"{self.base}/issuers/issuer.crt"
        issuer = (self.issuer, self.issuer_key)
        return certificate(name, self.key, issuer, until=until, issuer_url=url)

    def serve(self, file: str, *certificates: x509.Certificate) -> str:
        """The address at which these certificates are from now on."""
        self.files[file] = pem(*certificates)
        return f"{self.base}/v1/notifications/certs/{file}"

    def headers(self, raw: bytes, at: int | None = None, file: str = "CERT-1") -> dict[str, str]:
        if file not in self.files:
            self.serve(file, self.issue(), self.issuer)
        seconds = int(time.time()) if at is None else at
        sent = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        transmission_id = "103e3700-8b0c-11e6-8695-6b62a8a99ac4"
        signed = f"{transmission_id}|{sent}|{self.webhook_id}|{zlib.crc32(raw) & 0xFFFFFFFF}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {
            "paypal-transmission-id": transmission_id,
            "paypal-transmission-time": sent,
            "paypal-transmission-sig": base64.b64encode(signature).decode(),
            "paypal-cert-url": f"{self.base}/v1/notifications/certs/{file}",
            "paypal-auth-algo": "SHA256withRSA",
        }
