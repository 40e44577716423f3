"""POST to an address of somebody else's choice: nowhere but to the public Internet."""

import datetime
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scrip.adapters.public_https import NotSent, PublicHttps, addresses_of, check_url, is_public
from scrip.domain.errors import RequestInvalid

NAME = "outlet.example"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 - an address, not a place to listen
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "2002:a00:1::",
        "2001:0:a00:1::",
        "2001:db8::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_public_is_none(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_a_public_address_is_one(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://outlet.example/x",
        "https://10.0.0.1/x",
        "https://[::1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://localhost/x",
        "https://db.internal/x",
        "https://printer.local/x",
        "https://outlet.example:8443/x",
        "https://outlet.example:no/x",
        "https://me@outlet.example/x",
        "https://me:pw@outlet.example/x",
        "https://outlet.example/#x",
        "https://outlet.example/\r\nx: y",
        "https://outlet.example/ö",
        "https://outlet.example/" + "x" * 500,
        "https://",
        "outlet.example",
    ],
)
def test_such_an_address_is_not_taken(url: str) -> None:
    with pytest.raises(RequestInvalid):
        check_url(url)


@pytest.mark.parametrize("url", ["https://outlet.example", "https://a.b-c.example:443/x?y=1"])
def test_a_public_name_is_taken(url: str) -> None:
    check_url(url)


class _Outlet(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, bytes]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.path, self.headers["host"], body))
        self.send_response(self.status)
        self.send_header("location", "https://elsewhere.example/")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of NAME, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("outlet") / "outlet.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def outlet(certificate: Path) -> Iterator[type[_Outlet]]:
    handler = type("Outlet", (_Outlet,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    handler.port = server.server_port  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def https(outlet: Any, certificate: Path) -> PublicHttps:
    """Which finds every name on this machine, for once."""
    return PublicHttps(
        resolve=lambda _: ["127.0.0.1"],
        allowed=lambda _: True,
        port=outlet.port,
        context=ssl.create_default_context(cafile=str(certificate)),
    )


def test_it_is_posted_to_the_address_under_the_name(https: PublicHttps, outlet: Any) -> None:
    status = https.post(f"https://{NAME}/scrip?to=me", {"x": "y"}, b"told")

    assert status == 200
    assert outlet.seen == [("/scrip?to=me", NAME, b"told")]


def test_a_redirection_is_an_answer_like_any_other(https: PublicHttps, outlet: Any) -> None:
    outlet.status = 307

    assert https.post(f"https://{NAME}", {}, b"told") == 307
    assert len(outlet.seen) == 1


def test_the_certificate_must_be_of_the_name(https: PublicHttps, outlet: Any) -> None:
    with pytest.raises(NotSent, match="no_answer"):
        https.post("https://other.example/", {}, b"told")

    assert outlet.seen == []


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["127.0.0.1"], []])
def test_nothing_is_sent_where_any_address_is_not_public(
    https: PublicHttps, outlet: Any, found: list[str]
) -> None:
    guarded = replace(https, resolve=lambda _: found, allowed=is_public)

    with pytest.raises(NotSent, match="address_not_public"):
        guarded.post(f"https://{NAME}/", {}, b"told")

    assert outlet.seen == []


def test_a_name_is_resolved_once(https: PublicHttps, outlet: Any) -> None:
    """Who answers with another address the next time is not asked a next time."""
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    replace(https, resolve=resolve).post(f"https://{NAME}/", {}, b"told")

    assert asked == [NAME]


def test_who_is_not_there_gives_no_answer(https: PublicHttps) -> None:
    with pytest.raises(NotSent, match="no_answer"):
        replace(https, port=9).post(f"https://{NAME}/", {}, b"told")
    with pytest.raises(NotSent, match="no_answer"):
        replace(https, resolve=addresses_of).post("https://nobody.invalid/", {}, b"told")


def test_addresses_of_ipv4_come_first() -> None:
    assert addresses_of("localhost")[0] == "127.0.0.1"
